// The rules of `weir match`: read from a file, compiled, and named.
//
// Threads: immutable once loaded. Errors: one line each, "FILE:LINE:COLUMN: rule 'x': ...".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/rule/rule_set.h"

namespace weir {

struct NamedRules {
  // Compiled in byte order of the names, so that ascending matches are sorted by name.
  std::shared_ptr<const RuleSet> rules;
  std::vector<std::string> names;         // by RuleIndex
  std::vector<std::string> quoted_names;  // the same as JSON strings
  std::vector<std::uint32_t> file_order;  // RuleIndex of each rule in the order of the file
  double build_s = 0;
};

// All faults of the file, not only the first.
using RuleFaults = std::vector<std::string>;
Result<NamedRules, RuleFaults> load_named_rules(const std::string& path);

}  // namespace weir
