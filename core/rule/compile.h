// From the texts of rules to the tables of a part of a RuleSet. What compile_rules() and LiveRules
// are made of.
#pragma once

#include <memory>
#include <span>

#include "core/rule/rule_set.h"
#include "core/rule/tables.h"

namespace weir::engine {

// As compile_rules().
Result<std::shared_ptr<const Tables>, PatternError> compile_tables(std::span<const RuleText> rules,
                                                                   const CompileLimits& limits,
                                                                   const RunPieces& run);

// What to say of the rule with which a field's wildcards became too many.
PatternError too_many_pieces(std::size_t rule, std::string path, std::size_t limit);

// The set of just these.
std::shared_ptr<const RuleSet> whole_set(std::shared_ptr<const Tables> tables);

}  // namespace weir::engine
