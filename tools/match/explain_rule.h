// weir match --explain: why a rule matches each event of a file or does not.
#pragma once

#include <string>

#include "core/rule/compile_limits.h"

namespace weir {

// Prints a line for each event. Returns the exit code of `weir match`.
int explain_rule(const std::string& rules_path, const std::string& rule_name,
                 const std::string& events_path, const CompileLimits& limits = {});

}  // namespace weir
