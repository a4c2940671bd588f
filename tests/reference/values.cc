#include "tests/reference/values.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/rule/letter_case.h"

namespace weir::reference {
namespace {

// Sign, digits without zeros at either end, power of ten of the last digit.
struct Exact {
  bool negative = false;
  std::string digits;
  long long power = 0;
  bool operator==(const Exact&) const = default;
};

Exact exact(const std::string& number) {
  Exact out;
  std::string mantissa = number;
  const std::size_t e = number.find_first_of("eE");
  if (e != std::string::npos) {
    mantissa = number.substr(0, e);
    // No double has such an exponent; and a thousand digits more or less do not overflow.
    constexpr long long kFar = 1'000'000'000;
    out.power = std::clamp(std::strtoll(number.c_str() + e + 1, nullptr, 10), -kFar, kFar);
  }
  if (mantissa[0] == '-') {
    out.negative = true;
    mantissa.erase(0, 1);
  }
  const std::size_t point = mantissa.find('.');
  if (point != std::string::npos) {
    out.power -= static_cast<long long>(mantissa.size() - point - 1);
    mantissa.erase(point, 1);
  }
  mantissa.erase(0, mantissa.find_first_not_of('0'));
  while (!mantissa.empty() && mantissa.back() == '0') {
    mantissa.pop_back();
    ++out.power;
  }
  if (mantissa.empty()) return {};
  out.digits = mantissa;
  return out;
}

}  // namespace

double to_double(const std::string& number) {
  return std::strtod(number.c_str(), nullptr);
}

bool comparable(const std::string& number) {
  const double value = to_double(number);
  if (!std::isfinite(value)) return false;
  for (int digits = 0; digits < 17; ++digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*e", digits, value);
    if (std::strtod(text, nullptr) == value) return exact(text) == exact(number);
    // The nearest of so many digits is another double; the next one further off may still be this
    // one, since the neighbours of a power of two are not at equal distance.
    for (const long long step : {-1LL, 1LL}) {
      std::string mantissa(text, std::strchr(text, 'e'));
      std::erase(mantissa, '.');
      const long long exponent = std::strtoll(std::strchr(text, 'e') + 1, nullptr, 10) - digits;
      const std::string next = std::to_string(std::strtoll(mantissa.c_str(), nullptr, 10) + step) +
                               "e" + std::to_string(exponent);
      if (to_double(next) == value) return exact(next) == exact(number);
    }
  }
  return false;
}
bool same_number(const std::string& a, const std::string& b) {
  return exact(a) == exact(b);
}

std::optional<std::vector<bool>> parse_address(const std::string& text) {
  std::vector<unsigned> parts;
  std::vector<bool> out;
  if (text.find('.') != std::string::npos) {
    if (text.size() > 15 || text.find_first_not_of("0123456789.") != std::string::npos) return {};
    std::string part;
    for (const char c : text + ".") {
      if (c != '.') {
        part.push_back(c);
        continue;
      }
      if (part.empty() || std::stoul(part) > 255) return {};
      parts.push_back(static_cast<unsigned>(std::stoul(part)));
      part.clear();
    }
    if (parts.size() != 4) return {};
    for (const unsigned p : parts) {
      for (int bit = 7; bit >= 0; --bit) out.push_back(((p >> bit) & 1U) != 0);
    }
    return out;
  }
  if (text.find(':') == std::string::npos ||
      text.find_first_not_of("0123456789abcdefABCDEF:") != std::string::npos) {
    return {};
  }
  const auto groups = [](const std::string& side) -> std::optional<std::vector<unsigned>> {
    std::vector<unsigned> list;
    if (side.empty()) return list;
    std::string group;
    for (const char c : side + ":") {
      if (c != ':') {
        group.push_back(c);
        continue;
      }
      const std::size_t zeros = group.find_first_not_of('0');
      const std::string digits = zeros == std::string::npos ? "0" : group.substr(zeros);
      if (group.empty() || digits.size() > 4) return {};
      list.push_back(static_cast<unsigned>(std::stoul(digits, nullptr, 16)));
      group.clear();
    }
    return list;
  };
  const std::size_t gap = text.find("::");
  const auto left = groups(text.substr(0, gap));
  if (!left) return {};
  parts = *left;
  if (gap != std::string::npos) {
    const auto right = groups(text.substr(gap + 2));
    if (!right || left->size() + right->size() > 7) return {};
    parts.resize(8 - right->size());
    parts.insert(parts.end(), right->begin(), right->end());
  }
  if (parts.size() != 8) return {};
  for (const unsigned p : parts) {
    for (int bit = 15; bit >= 0; --bit) out.push_back(((p >> bit) & 1U) != 0);
  }
  if (parts[0] + parts[1] + parts[2] + parts[3] + parts[4] == 0 && parts[5] == 0xFFFF) {
    return std::vector<bool>(out.begin() + 96, out.end());
  }
  return out;
}

std::optional<Block> parse_cidr(const std::string& given) {
  std::string text = given;
  while (text.ends_with('/')) text.pop_back();
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || text.find('/', slash + 1) != std::string::npos) return {};
  std::string bits = text.substr(slash + 1);
  if (bits.starts_with('+')) bits.erase(0, 1);
  if (bits.empty() || bits.find_first_not_of("0123456789") != std::string::npos) return {};
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return {};
  const double count = std::strtod(bits.c_str(), nullptr);
  if (count >= static_cast<double>(address->size())) return {};
  Block out;
  out.width = address->size();
  out.bits.assign(address->begin(), address->begin() + static_cast<long>(count));
  return out;
}

bool wildcard_matches(const std::string& wildcard, const std::string& text) {
  // reached[i]: the part of the wildcard read so far takes the first i bytes of the text.
  std::vector<bool> reached(text.size() + 1, false);
  reached[0] = true;
  for (std::size_t w = 0; w < wildcard.size(); ++w) {
    std::vector<bool> next(text.size() + 1, false);
    if (wildcard[w] == '*') {
      bool any = false;
      for (std::size_t i = 0; i <= text.size(); ++i) next[i] = any = any || reached[i];
    } else {
      if (wildcard[w] == '\\') ++w;
      for (std::size_t i = 0; i < text.size(); ++i) {
        next[i + 1] = reached[i] && text[i] == wildcard[w];
      }
    }
    reached = next;
  }
  return reached.back();
}

namespace {

// Where the pattern may end in the text, over all choices of forms.
std::vector<bool> ends(const std::vector<CaseForms>& pattern, const std::string& text,
                       const std::vector<bool>& starts) {
  std::vector<bool> reached = starts;
  for (const CaseForms& forms : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (!reached[i]) continue;
      for (const std::string& form : {forms.lower, forms.upper}) {
        if (text.compare(i, form.size(), form) == 0) next[i + form.size()] = true;
      }
    }
    reached = next;
  }
  return reached;
}

}  // namespace

bool ignore_case_matches(const std::string& pattern, const std::string& text) {
  std::vector<bool> starts(text.size() + 1, false);
  starts[0] = true;
  return ends(case_forms_of(pattern), text, starts).back();
}
bool ignore_case_prefix(const std::string& pattern, const std::string& text) {
  std::vector<bool> starts(text.size() + 1, false);
  starts[0] = true;
  for (const bool end : ends(case_forms_of(pattern), text, starts)) {
    if (end) return true;
  }
  return false;
}
bool ignore_case_suffix(const std::string& pattern, const std::string& text) {
  return ends(case_forms_of(pattern), text, std::vector<bool>(text.size() + 1, true)).back();
}

}  // namespace weir::reference
