// RuleLint: what `weir rules lint` finds in a file of rules.
//
// Threads: one. Errors: rules that do not compile, one line each, as `weir match` tells them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/match/named_rules.h"
#include "tools/rules/pattern_review.h"

namespace weir {

struct LintedRule {
  std::string name;
  PatternCost cost;
  std::size_t bytes = 0;  // its share of the compiled set
};
struct LintedField {
  std::string path;
  std::size_t rules = 0;  // that read it
};
struct LintFinding {
  std::size_t rule = 0;  // into rules
  Finding finding;
  std::string place;  // "FILE:LINE:COLUMN"
};

struct RuleLint {
  std::vector<LintedRule> rules;    // in the order of the file
  std::vector<LintedField> fields;  // in byte order
  std::vector<LintFinding> findings;
  std::size_t bytes = 0;  // of the compiled set
};

Result<RuleLint, RuleFaults> lint_rules(const std::string& path, const CompileLimits& limits = {});

}  // namespace weir
