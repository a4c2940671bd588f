#include "core/rule/rule_set.h"

#include "core/rule/pattern.h"
#include "core/rule/tables.h"

namespace weir {

RuleSet::RuleSet(std::unique_ptr<const engine::Tables> tables) : tables_(std::move(tables)) {}
RuleSet::~RuleSet() = default;

std::size_t RuleSet::rule_count() const {
  return tables_->many_branches.size();
}

std::size_t RuleSet::memory_bytes() const {
  const engine::Tables& t = *tables_;
  std::size_t bytes = sizeof(RuleSet) + sizeof(engine::Tables) + t.tree.memory_bytes() +
                      t.path_fires.memory_bytes() + t.fires.memory_bytes() +
                      t.excludes.memory_bytes() + t.anchored.memory_bytes() +
                      t.alone.memory_bytes();
  for (const engine::ValueMatcher& matcher : t.matchers) bytes += matcher.memory_bytes();
  bytes += t.conditions.capacity() * sizeof(engine::Condition);
  bytes += t.branches.capacity() * sizeof(engine::Branch);
  const std::size_t numbers = t.path_groups.capacity() + t.condition_parts.capacity() +
                              t.branch_conditions.capacity() + t.always.capacity();
  return bytes + numbers * 4 + t.many_branches.capacity() / 8;
}

std::optional<PathId> RuleSet::find_path(std::string_view dotted) const {
  const std::uint32_t node = tables_->tree.resolve_text(engine::PathTree::kRoot, dotted);
  if (node == engine::kNone) return std::nullopt;
  const std::uint32_t path = tables_->tree.node(node).path;
  if (path == engine::kNone) return std::nullopt;
  return PathId(path);
}

std::optional<PatternError> check_pattern(std::string_view pattern, const CompileLimits& limits) {
  Pattern unused;
  return read_pattern(pattern, limits, unused);
}

}  // namespace weir
