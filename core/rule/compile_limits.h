// CompileLimits: what rules, and what they may make of one event, can cost.
//
// No honest user meets the defaults. `kLimitKeys` names each for configurations, options and
// messages, so that who is refused knows what to raise. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct CompileLimits {
  // Of one pattern.
  std::size_t pattern_bytes_max = 16U * 1024 * 1024;
  std::size_t branches_per_rule_max = 10'000;     // sub-rules after the expansion of `$or`
  std::size_t fields_per_rule_max = 400'000;      // fields of all its sub-rules together
  std::size_t path_bytes_max = 2U * 1024 * 1024;  // dotted names of its different fields together
  // Of the wildcards of one field together: pieces behind their first, as `c` and `d` in
  // "a*b*c*d*". Each may cost every value a few steps.
  std::size_t wildcard_pieces_per_field_max = 100'000;
  // Of one event, which is refused as `too_complex` beyond: steps of wildcards, besides four for
  // each byte (0.8 ms), and steps to bring the elements of arrays together (some 20 ms).
  std::size_t wildcard_steps_max = 150'000;
  std::size_t array_steps_max = 4'000'000;

  std::uint64_t hash_key = 0;  // of all tables that event bytes are looked up in; 0: chosen anew

  friend bool operator==(const CompileLimits&, const CompileLimits&) = default;
};

struct LimitKey {
  std::string_view name;
  std::size_t CompileLimits::*value;
  std::size_t least;
  std::size_t most;
  bool is_size = false;  // in bytes
};

// Names that messages speak of.
inline constexpr std::string_view kLimitPattern = "pattern";
inline constexpr std::string_view kLimitOrCombinations = "or_combinations";
inline constexpr std::string_view kLimitOrFields = "or_fields";
inline constexpr std::string_view kLimitFieldNames = "field_names";
inline constexpr std::string_view kLimitWildcardPieces = "wildcard_pieces";
inline constexpr std::string_view kLimitWildcardSteps = "wildcard_steps";
inline constexpr std::string_view kLimitArraySteps = "array_steps";

inline constexpr std::array<LimitKey, 7> kLimitKeys = {{
    {kLimitPattern, &CompileLimits::pattern_bytes_max, 1, 64U * 1024 * 1024, true},
    {kLimitOrCombinations, &CompileLimits::branches_per_rule_max, 1, 1'000'000},
    {kLimitOrFields, &CompileLimits::fields_per_rule_max, 1, 100'000'000},
    {kLimitFieldNames, &CompileLimits::path_bytes_max, 1, 1024U * 1024 * 1024, true},
    {kLimitWildcardPieces, &CompileLimits::wildcard_pieces_per_field_max, 0, 10'000'000},
    {kLimitWildcardSteps, &CompileLimits::wildcard_steps_max, 0, 1'000'000'000},
    {kLimitArraySteps, &CompileLimits::array_steps_max, 1, 1'000'000'000},
}};

// " (raise limits.or_fields)", for the end of a message.
inline std::string raise_words(std::string_view name) {
  return " (raise limits." + std::string(name) + ")";
}

}  // namespace weir
