// What `weir rules lint` prints: a table for people, or JSON.
#pragma once

#include <string>

#include "tools/rules/rule_lint.h"

namespace weir {

std::string lint_table(const RuleLint& lint);
std::string lint_json(const RuleLint& lint);

}  // namespace weir
