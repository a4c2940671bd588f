#include "core/match/combination.h"

#include <algorithm>

namespace weir::engine {
namespace {

constexpr std::size_t kManyClosed = 8;  // looking one up costs as much as passing so many

}  // namespace

void Combination::fit(const Tables& tables) {
  if (known_.size() < tables.conditions.size()) known_.resize(tables.conditions.size());
  if (rules_.size() < tables.many_branches.size()) rules_.resize(tables.many_branches.size());
  if (absent_.size() < tables.absent_rules.size()) absent_.resize(tables.absent_rules.size());
  arrays_.fit(tables);
}

bool Combination::some_test_passed(const Condition& condition) const {
  constexpr std::uint32_t kFew = 16;
  const std::uint32_t* tests = tables_->condition_parts.data() + condition.parts;
  const std::uint32_t* end = tests + condition.test_count;
  if (condition.test_count <= std::max(kFew, state_->path(condition.path).count)) {
    return std::any_of(tests, end, [this](std::uint32_t t) { return state_->passed(t); });
  }
  // A list longer than the field has values: rather look for the few tests that passed in it.
  std::uint32_t o = state_->path(condition.path).last;
  for (; o != kNone; o = state_->occurrence(o).previous) {
    for (const std::uint32_t hit : state_->hits_of(o)) {
      if ((hit & kExclusionBit) == 0 && std::binary_search(tests, end, hit)) return true;
    }
  }
  return false;
}

// Of a condition whose path has a value: {"exists":true}, or some value that some anything-but does
// not exclude. Its tests fire it by themselves.
bool Combination::met_by_presence(const Condition& condition) const {
  if (condition.exists) return true;
  const EventState::PathState& path = state_->path(condition.path);
  const std::uint32_t* exclusions =
      tables_->condition_parts.data() + condition.parts + condition.test_count;
  for (std::uint32_t i = 0; i < condition.exclusion_count; ++i) {
    if (state_->some_value_escapes(exclusions[i], path)) return true;
  }
  return false;
}

Combination::Met Combination::look(const Condition& condition) const {
  state_->settle(condition.path);
  if (!state_->present(condition.path)) return condition.absent ? Met::yes : Met::no;
  if (met_by_presence(condition) || some_test_passed(condition)) return Met::yes;
  const EventState::PathState& path = state_->path(condition.path);
  return condition.absent && path.bound ? Met::perhaps : Met::no;
}

Combination::Met Combination::met(std::uint32_t condition) {
  Known& known = known_[condition];
  if (known.event != state_->event()) {
    known = {state_->event(), look(tables_->conditions[condition])};
  }
  return known.met;
}

bool Combination::matches(const Branch& branch) {
  const std::uint32_t* conditions = tables_->branch_conditions.data() + branch.conditions;
  bool perhaps = false;
  for (std::uint32_t i = 0; i < branch.condition_count; ++i) {
    if (conditions[i] == branch.anchor) continue;  // met, or we would not be here
    const Met answer = met(conditions[i]);
    if (answer == Met::no) return false;
    perhaps = perhaps || answer == Met::perhaps;
  }
  return !state_->any_bound() || search(branch, perhaps);
}

bool Combination::search(const Branch& branch, bool perhaps) {
  bound_.clear();
  for (std::uint32_t i = 0; i < branch.condition_count; ++i) {
    const std::uint32_t condition = tables_->branch_conditions[branch.conditions + i];
    const std::uint32_t path = tables_->conditions[condition].path;
    if (state_->present(path) && state_->path(path).bound) bound_.push_back(condition);
  }
  if (bound_.size() < 2) return !perhaps;  // nothing that could restrict anything
  if (!searching_) {
    searching_ = true;
    arrays_.start(*state_);
  }
  // Only fields below the same first name can share an array.
  const auto group_of = [this](std::uint32_t c) {
    return tables_->path_groups[tables_->conditions[c].path];
  };
  for (std::size_t begin = 0; begin < bound_.size(); ++begin) {
    if (bound_[begin] == kNone) continue;  // was in an earlier group
    const std::uint32_t group = group_of(bound_[begin]);
    group_.clear();
    for (std::uint32_t& condition : std::span(bound_).subspan(begin)) {
      if (condition == kNone || group_of(condition) != group) continue;
      group_.push_back(condition);
      condition = kNone;
    }
    if (!arrays_.satisfiable(group_)) return false;
  }
  return true;
}

void Combination::take(const Branch& branch, std::vector<RuleIndex>& out) {
  if (tables_->many_branches[branch.rule]) {
    if (rules_[branch.rule] == state_->event()) return;
    if (!matches(branch)) return;
    rules_[branch.rule] = state_->event();
  } else if (!matches(branch)) {
    return;
  }
  out.push_back(branch.rule);
}

void Combination::list_closed() {
  for (const std::uint32_t exclusion : state_->touched_exclusions()) {
    const std::uint32_t condition = tables_->closes[exclusion];
    if (condition == kNone) continue;
    const EventState::PathState& path = state_->path(tables_->conditions[condition].path);
    if (state_->some_value_escapes(exclusion, path)) continue;
    const auto rules = tables_->alone[condition];
    closed_.insert(closed_.end(), rules.begin(), rules.end());
  }
  sorter_.sort(closed_, 0);
}

// Those that are closed by now: looked up one by one, or, where they are many, in one go.
void Combination::take_given(std::uint32_t path, std::vector<RuleIndex>& out) const {
  const auto rules = tables_->given[path];
  if (closed_.size() * kManyClosed > rules.size()) {
    auto closed = closed_.begin();
    for (const std::uint32_t rule : rules) {
      while (closed != closed_.end() && *closed < rule) ++closed;
      if (closed == closed_.end() || *closed != rule) out.push_back(rule);
    }
    return;
  }
  auto from = rules.begin();
  for (const std::uint32_t closed : closed_) {
    const auto at = std::lower_bound(from, rules.end(), closed);
    if (at == rules.end()) break;
    if (*at != closed) continue;
    out.insert(out.end(), from, at);
    from = at + 1;
  }
  out.insert(out.end(), from, rules.end());
}

// All rules that ask only for absence, but those with a field that is there are looked at.
void Combination::take_absent(std::vector<RuleIndex>& out) {
  looked_at_.clear();
  for (const std::uint32_t path : state_->present_paths()) {
    for (const std::uint32_t place : tables_->absent_fields[path]) {
      if (absent_[place] == state_->event()) continue;
      absent_[place] = state_->event();
      looked_at_.push_back(place);
    }
  }
  std::ranges::sort(looked_at_);
  const std::vector<std::uint32_t>& rules = tables_->absent_rules;
  auto from = rules.begin();
  for (const std::uint32_t place : looked_at_) {
    const auto at = rules.begin() + place;
    out.insert(out.end(), from, at);
    from = at + (matches(tables_->branches[tables_->absent_branches[place]]) ? 0 : 1);
  }
  out.insert(out.end(), from, rules.end());
}

bool Combination::finish(EventState& state, std::vector<RuleIndex>& out) {
  state_ = &state;
  tables_ = &state.tables();
  searching_ = false;
  if (round_ != state.round()) {
    round_ = state.round();
    std::ranges::fill(known_, Known{});
    std::ranges::fill(rules_, 0);
    std::ranges::fill(absent_, 0);
  }
  const std::size_t first = out.size();
  closed_.clear();
  if (!state.touched_exclusions().empty()) list_closed();
  if (!tables_->absent_rules.empty()) take_absent(out);
  for (const std::uint32_t path : state.present_paths()) {
    take_given(path, out);
    for (const std::uint32_t condition : tables_->path_fires[path]) {
      if (met_by_presence(tables_->conditions[condition])) state.fire(condition);
    }
  }
  for (const std::uint32_t condition : state.fired()) {
    for (const std::uint32_t rule : tables_->alone[condition]) out.push_back(rule);
    for (const std::uint32_t branch : tables_->anchored[condition]) {
      take(tables_->branches[branch], out);
    }
  }
  for (const std::uint32_t branch : tables_->always) take(tables_->branches[branch], out);
  sorter_.sort(out, first);
  if (searching_ && arrays_.exhausted()) {
    out.resize(first);
    return false;
  }
  return true;
}

}  // namespace weir::engine
