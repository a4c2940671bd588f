#include "core/rule/path_facts.h"

#include <algorithm>

namespace weir::engine {
namespace {

// Steps up the tree that finding array_depths may take, beyond some for each condition of a branch.
// Only hostile rules come near; then every array is taken to matter.
constexpr std::size_t kStepsMax = 500'000;
constexpr std::size_t kStepsPerCondition = 24;

std::span<const std::uint32_t> conditions_of(const Tables& t, const Branch& branch) {
  return std::span(t.branch_conditions).subspan(branch.conditions, branch.condition_count);
}

void note_flags(Tables& t) {
  t.path_flags.assign(t.path_count(), 0);
  for (std::size_t p = 0; p < t.path_count(); ++p) {
    const bool watched =
        !t.path_fires[p].empty() || !t.given[p].empty() || !t.absent_fields[p].empty();
    t.path_flags[p] = watched ? kWatched : kLate;
  }
  for (const Condition& c : t.conditions) {
    if (c.exists || c.absent || c.exclusion_count > 0) t.path_flags[c.path] |= kKeepsAll;
    const auto tests = std::span(t.condition_parts).subspan(c.parts, c.test_count);
    const bool fires =
        std::ranges::any_of(tests, [&t](auto test) { return !t.fires[test].empty(); });
    if (fires) t.path_flags[c.path] &= static_cast<std::uint8_t>(~kLate);
  }
}

// Two values restrict one another only in an array above both. So of a field and the others of its
// branch the deepest node that it shares with one of them counts.
void note_array_depths(Tables& t) {
  const std::vector<std::uint32_t> parents = t.tree.parents();
  const std::vector<std::uint32_t> nodes = t.tree.path_nodes();
  std::vector<std::uint32_t> fields(parents.size(), 0);  // of the branch, at or below a node
  std::size_t steps_left = kStepsMax + kStepsPerCondition * t.branch_conditions.size();
  t.array_depths.assign(t.path_count(), 0);
  for (const Branch& branch : t.branches) {
    if (branch.condition_count < 2) continue;
    const auto conditions = conditions_of(t, branch);
    for (const std::uint32_t c : conditions) {
      for (std::uint32_t n = nodes[t.conditions[c].path]; n != PathTree::kRoot; n = parents[n]) {
        ++fields[n];
        if (steps_left > 0) --steps_left;
      }
    }
    for (const std::uint32_t c : conditions) {
      const std::uint32_t path = t.conditions[c].path;
      std::uint32_t n = nodes[path];
      while (n != PathTree::kRoot && fields[n] < 2) n = parents[n];
      const std::uint32_t depth = std::min<std::uint32_t>(t.tree.node(n).depth, kAnyDepth);
      t.array_depths[path] = std::max(t.array_depths[path], static_cast<std::uint16_t>(depth));
    }
    for (const std::uint32_t c : conditions) {
      for (std::uint32_t n = nodes[t.conditions[c].path]; n != PathTree::kRoot; n = parents[n]) {
        fields[n] = 0;
      }
    }
    if (steps_left == 0) {
      std::ranges::fill(t.array_depths, kAnyDepth);
      return;
    }
  }
}

}  // namespace

void note_path_facts(Tables& t) {
  note_flags(t);
  note_array_depths(t);
  t.tree.mark_arrays(t.array_depths);
}

}  // namespace weir::engine
