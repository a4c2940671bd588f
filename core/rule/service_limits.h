// What EventBridge refuses although the language allows it: long patterns, many combinations of
// `$or`, complex wildcards. For answers that must be the service's; rules of our own are not held
// to these.
//
// Pure; any thread. Source of facts: the service's documents for length and combinations; for
// wildcards its measure is that of event-ruler, and its limit lies between what is known to be
// accepted (9) and refused (11): see README.md of tools/weir.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/rule/rule_set.h"

namespace weir {

inline constexpr std::size_t kServicePatternCharactersMax = 2048;
inline constexpr std::size_t kServiceBranchesMax = 1000;
inline constexpr std::size_t kServiceWildcardComplexityMax = 10;
// How the message begins when that is exceeded.
inline constexpr std::string_view kTooComplexForService =
    "the wildcards are too complex for EventBridge";

// What the service refuses about a pattern that compiles.
std::optional<PatternError> check_service_limits(std::string_view pattern);

}  // namespace weir
