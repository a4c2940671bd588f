#include "core/catalog/access_key.h"

#include <algorithm>

namespace weir {
namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  if (patterns.empty()) return true;
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return matches_stars(pattern, text); });
}

}  // namespace

bool AccessKey::allows_action(std::string_view action) const {
  return any_matches(actions, action);
}

bool AccessKey::allows_bus(std::string_view bus) const {
  return any_matches(buses, bus);
}

bool AccessKey::allows(std::string_view action, std::string_view bus) const {
  return allows_action(action) && (bus.empty() || allows_bus(bus));
}

// Greedy: only the last '*' ever needs to take more.
bool matches_stars(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace weir
