#include "core/rule/rule_set.h"

#include "core/base/check.h"
#include "core/rule/compile.h"
#include "core/rule/pattern.h"
#include "core/rule/tables.h"

namespace weir {

std::size_t engine::Tables::memory_bytes() const {
  std::size_t bytes = sizeof(Tables) + tree.memory_bytes() + path_fires.memory_bytes() +
                      fires.memory_bytes() + excludes.memory_bytes() + anchored.memory_bytes() +
                      alone.memory_bytes() + given.memory_bytes() + absent_fields.memory_bytes();
  for (const ValueMatcher& matcher : matchers) bytes += matcher.memory_bytes();
  bytes += conditions.capacity() * sizeof(Condition);
  bytes += branches.capacity() * sizeof(Branch);
  const std::size_t numbers = path_groups.capacity() + condition_parts.capacity() +
                              branch_conditions.capacity() + always.capacity() + closes.capacity() +
                              absent_rules.capacity() + absent_branches.capacity();
  return bytes + numbers * 4 + path_flags.capacity() + array_depths.capacity() * 2 +
         many_branches.capacity() / 8;
}

RuleSet::RuleSet(std::vector<engine::RulePart> parts, std::shared_ptr<const engine::PathTree> tree,
                 std::size_t rule_count)
    : parts_(std::move(parts)), tree_(std::move(tree)), rule_count_(rule_count) {
  WEIR_CHECK(!parts_.empty() && parts_.size() <= kPartsMax);
}
RuleSet::~RuleSet() = default;

std::size_t RuleSet::memory_bytes() const {
  std::size_t bytes = sizeof(RuleSet);
  const auto list = [](const auto& numbers) { return numbers ? numbers->capacity() * 4 : 0; };
  for (const engine::RulePart& part : parts_) {
    bytes += sizeof part + part.tables->memory_bytes() + list(part.paths) + list(part.rules);
  }
  return bytes + (tree_.get() == &parts_[0].tables->tree ? 0 : tree_->memory_bytes());
}

std::optional<PathId> RuleSet::find_path(std::string_view dotted) const {
  const std::uint32_t path = tree_->find_path(dotted);
  if (path == engine::kNone) return std::nullopt;
  return PathId(path);
}

Result<std::shared_ptr<const RuleSet>, PatternError> compile_rules(std::span<const RuleText> rules,
                                                                   const CompileLimits& limits,
                                                                   const RunPieces& run) {
  auto tables = engine::compile_tables(rules, limits, run);
  if (!tables) return tables.error();
  return engine::whole_set(std::move(tables).value());
}

std::shared_ptr<const RuleSet> engine::whole_set(std::shared_ptr<const Tables> tables) {
  std::shared_ptr<const PathTree> tree(tables, &tables->tree);
  const std::size_t rules = tables->rule_count();
  return std::make_shared<const RuleSet>(
      std::vector<RulePart>{{std::move(tables), nullptr, nullptr}}, std::move(tree), rules);
}

std::optional<PatternError> check_pattern(std::string_view pattern, const CompileLimits& limits) {
  Pattern unused;
  return read_pattern(pattern, limits, unused);
}

}  // namespace weir
