// What the service says about a pattern it does not have, to the letter where it was recorded, with
// the place that its parser would name. The rest is told in our own words, with field and byte.
//
// Pure; any thread. Source of facts: recorded answers of TestEventPattern.
#pragma once

#include <string>
#include <string_view>

#include "core/rule/rule_set.h"

namespace weir {

std::string pattern_words(std::string_view pattern, const PatternError& error);

}  // namespace weir
