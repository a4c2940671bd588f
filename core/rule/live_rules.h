// LiveRules: named rules that change while events are matched. Each change makes the next immutable
// RuleSet in time that goes with the change, not with the number of rules.
//
// A large base stays as it was compiled; what was put since then is compiled by itself, as the
// second part of the set; what was removed is struck from the base's list of numbers. When the
// second part has grown (merge_due()), a RuleMerge compiles all anew, wherever and whenever the
// caller runs it; changes go on meanwhile.
//
// The answers are those of a set compiled anew from the same rules. A rule keeps its RuleIndex for
// as long as it is there, also when its pattern changes; the number of a removed rule goes to a
// later one.
//
// Threads: one (the control thread), but for RuleMerge::run(). The sets it gives are shared freely.
// Lifetime: keeps the texts of the rules. Errors: name the rule; an error changes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/ids.h"
#include "core/rule/rule_set.h"

namespace weir {

namespace engine {
// A rule as it was put; the pattern stands behind the name.
struct RuleSource {
  std::string text;
  std::size_t name_length = 0;
  std::string_view name() const { return std::string_view(text).substr(0, name_length); }
  std::string_view pattern() const { return std::string_view(text).substr(name_length); }
};
using SharedSource = std::shared_ptr<const RuleSource>;
}  // namespace engine

// The compiling of all rules of one moment into one part.
class RuleMerge {
 public:
  void run(const RunPieces& run = {});  // any thread, once

 private:
  friend class LiveRules;
  std::vector<RuleIndex> slots_;
  std::vector<engine::SharedSource> sources_;  // of those
  CompileLimits limits_;
  std::shared_ptr<const engine::Tables> tables_;
};

class LiveRules {
 public:
  explicit LiveRules(const CompileLimits& limits = {});

  // All of `removed` go (those that are not there are passed over), then all of `put` come or get
  // their new pattern, as one change. PatternError::rule is an index into `put`.
  Result<std::shared_ptr<const RuleSet>, PatternError> change(
      std::span<const RuleText> put, std::span<const std::string_view> removed = {},
      const RunPieces& run = {});
  // Makes the rules exactly these, whose names differ. What is there already with the same pattern
  // costs no more than the comparison, least when the order is that of the last call.
  // PatternError::rule is an index into `rules`.
  Result<std::shared_ptr<const RuleSet>, PatternError> assign(std::span<const RuleText> rules,
                                                              const RunPieces& run = {});

  // The set of now.
  const std::shared_ptr<const RuleSet>& rules() const { return set_; }
  std::size_t size() const { return index_.size(); }
  // The number of each rule of the last assign(), in its order; changes since may have overtaken
  // it.
  std::span<const RuleIndex> order() const { return order_; }
  std::optional<RuleIndex> find(std::string_view name) const;

  // True when so much has changed that each further change, and each event, pays for it.
  bool merge_due() const;
  // The caller runs it and gives it back; meanwhile the rules may change.
  std::unique_ptr<RuleMerge> begin_merge() const;
  std::shared_ptr<const RuleSet> finish_merge(const RuleMerge& merge);

 private:
  struct Difference;
  Result<std::shared_ptr<const RuleSet>, PatternError> apply(const Difference& difference,
                                                             const RunPieces& run);
  std::optional<PatternError> costly_beside_base(const engine::Tables& changed) const;
  void strike(RuleIndex slot);
  RuleIndex take_slot();
  void take_base(std::shared_ptr<const engine::Tables> tables, std::vector<RuleIndex> rules);
  void join(std::shared_ptr<const engine::Tables> changed);
  std::shared_ptr<const engine::Tables> compile_changed();
  bool is_there(RuleIndex slot, const RuleText& rule) const;

  CompileLimits limits_;
  std::vector<engine::SharedSource> sources_;  // by RuleIndex; null: free
  std::vector<RuleIndex> free_;
  std::unordered_map<std::string_view, RuleIndex> index_;  // names live in sources_
  std::vector<RuleIndex> order_;                           // of the rules of the last assign()

  std::shared_ptr<const engine::Tables> base_;
  std::vector<std::string> base_paths_;       // names; made when first needed
  std::vector<RuleIndex> base_rules_;         // by rule of the base; kNone: struck
  std::vector<std::uint32_t> base_position_;  // by RuleIndex: its rule of the base, or kNone
  std::size_t struck_ = 0;
  std::vector<RuleIndex> changed_;  // by rule of the second part
  std::shared_ptr<const RuleSet> set_;
};

}  // namespace weir
