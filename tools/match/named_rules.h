// The rules of `weir match`: read from a file, compiled, and named.
//
// Threads: immutable once loaded. Errors: one line each, "FILE:LINE:COLUMN: rule 'x': ...".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/rule/rule_file.h"
#include "core/rule/rule_set.h"
#include "io/config/source_text.h"

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

// The rules as they stand in the file, not compiled yet.
struct RuleTexts {
  SourceText source;
  std::vector<FileRule> rules;
  CompileLimits limits;  // that they are held to
};
Result<RuleTexts, RuleFaults> read_rule_texts(const std::string& path,
                                              const CompileLimits& limits = {});
// What is wrong with each rule on its own, where compile_rules() of all in the order of the file
// stopped at `first`.
RuleFaults all_rule_faults(const RuleTexts& texts, const PatternError& first);

Result<NamedRules, RuleFaults> load_named_rules(const std::string& path,
                                                const CompileLimits& limits = {});

}  // namespace weir
