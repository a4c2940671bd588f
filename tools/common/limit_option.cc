#include "tools/common/limit_option.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/nearest.h"
#include "core/base/units.h"

namespace weir {
namespace {

std::optional<std::uint64_t> value_of(const LimitKey& key, const std::string& text) {
  if (key.is_size) {
    const auto size = parse_size(text);
    return size ? std::optional(*size) : std::nullopt;
  }
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  return fault == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::string unknown_limit(const std::string& name) {
  std::vector<std::string_view> names;
  for (const LimitKey& key : kLimitKeys) names.push_back(key.name);
  const std::string_view meant = nearest(name, names);
  if (!meant.empty()) return fmt::format("no limit '{}', did you mean '{}'?", name, meant);
  return fmt::format("no limit '{}', there is {}", name, fmt::join(names, ", "));
}

void set_limit(const std::string& given, CompileLimits& limits) {
  const std::size_t sign = given.find('=');
  const std::string name = given.substr(0, sign);
  const auto key = std::ranges::find(kLimitKeys, std::string_view(name), &LimitKey::name);
  if (key == kLimitKeys.end()) throw CLI::ValidationError("--limit", unknown_limit(name));
  const std::string text = sign == std::string::npos ? "" : given.substr(sign + 1);
  const auto value = value_of(*key, text);
  if (!value || *value < key->least || *value > key->most) {
    throw CLI::ValidationError(
        "--limit", fmt::format("{} is '{}', {} from {} to {} is needed, such as {}={}", name, text,
                               key->is_size ? "a size" : "a whole number", key->least, key->most,
                               name, CompileLimits{}.*key->value));
  }
  limits.*key->value = *value;
}

}  // namespace

CLI::Option* add_limit_option(CLI::App& command, CompileLimits& limits) {
  return command.add_option_function<std::vector<std::string>>(
      "--limit",
      [&limits](const std::vector<std::string>& all) {
        for (const std::string& given : all) set_limit(given, limits);
      },
      "Change what rules may cost, NAME=VALUE, as under 'limits' in a configuration; may be "
      "repeated");
}

}  // namespace weir
