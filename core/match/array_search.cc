#include "core/match/array_search.h"

#include <algorithm>

namespace weir::engine {
namespace {

constexpr std::uint32_t kValuesPerStep = 8;
constexpr std::size_t kHitsPerStep = 4;

}  // namespace

void ArraySearch::fit(const Tables& tables) {
  if (path_lists_.size() < tables.matchers.size()) path_lists_.resize(tables.matchers.size());
  if (condition_lists_.size() < tables.conditions.size()) {
    condition_lists_.resize(tables.conditions.size());
  }
  levels_.resize(kPatternFieldsMax);
}

void ArraySearch::start(const EventState& state) {
  if (round_ != state.round()) {
    round_ = state.round();
    std::ranges::fill(path_lists_, List{});
    std::ranges::fill(condition_lists_, List{});
  }
  state_ = &state;
  pool_.clear();
  choices_.assign(state.array_count(), Choice{});
  trail_.clear();
  steps_left_ = state.tables().array_steps_max;
  find_binding();
}

// Elements that are the only one of their array with a value restrict nothing, however deep arrays
// lie in one another.
void ArraySearch::find_binding() {
  const std::uint32_t count = state_->element_count();
  siblings_.assign(state_->array_count(), 0);
  binding_.resize(count);
  for (std::uint32_t e = kFree + 1; e < count; ++e) {
    const EventState::Element& element = state_->element(e);
    if (element.begin < element.end) ++siblings_[element.array];
  }
  binding_[kFree] = kFree;
  for (std::uint32_t e = kFree + 1; e < count; ++e) {  // parents come first
    const EventState::Element& element = state_->element(e);
    binding_[e] = siblings_[element.array] > 1 ? e : binding_[element.parent];
  }
}

void ArraySearch::spend(std::uint64_t steps) {
  steps_left_ -= std::min(steps, steps_left_);
}

std::span<const std::uint32_t> ArraySearch::values_of(std::uint32_t path) {
  List& list = path_lists_[path];
  if (list.event != state_->event()) {
    list = {state_->event(), static_cast<std::uint32_t>(pool_.size()), 0};
    const std::uint32_t last = state_->path(path).last;
    for (std::uint32_t o = last; o != kNone; o = state_->occurrence(o).previous) {
      pool_.push_back(o);
    }
    list.size = static_cast<std::uint32_t>(pool_.size()) - list.begin;
    std::reverse(pool_.begin() + list.begin, pool_.end());
  }
  return {pool_.data() + list.begin, list.size};
}

bool ArraySearch::meets(const Condition& condition, std::uint32_t occurrence) const {
  if (condition.exists) return true;
  const Tables& tables = state_->tables();
  const std::uint32_t* tests = tables.condition_parts.data() + condition.parts;
  const std::uint32_t* exclusions = tests + condition.test_count;
  const auto hits = state_->hits_of(occurrence);
  for (const std::uint32_t hit : hits) {
    if ((hit & kExclusionBit) != 0) continue;
    if (std::binary_search(tests, exclusions, hit)) return true;
  }
  for (std::uint32_t i = 0; i < condition.exclusion_count; ++i) {
    if (std::ranges::find(hits, exclusions[i] | kExclusionBit) == hits.end()) return true;
  }
  return false;
}

std::span<const std::uint32_t> ArraySearch::candidates_of(std::uint32_t condition) {
  List& list = condition_lists_[condition];
  if (list.event != state_->event()) {
    const Condition& wanted = state_->tables().conditions[condition];
    values_of(wanted.path);
    const List values = path_lists_[wanted.path];
    list = {state_->event(), static_cast<std::uint32_t>(pool_.size()), 0};
    // Cheap, but for values of which much is known: those that pass many tests, or very many
    // values.
    spend(values.size / kValuesPerStep);
    for (std::uint32_t i = 0; i < values.size && steps_left_ > 0; ++i) {
      const std::uint32_t occurrence = pool_[values.begin + i];
      spend(state_->hits_of(occurrence).size() / kHitsPerStep);
      if (!meets(wanted, occurrence)) continue;
      pool_.push_back(occurrence);
      ++list.size;
    }
  }
  return {pool_.data() + list.begin, list.size};
}

std::uint32_t ArraySearch::next_fitting(std::span<const std::uint32_t> list, std::uint32_t cursor,
                                        Levels& conflicts) {
  const std::uint32_t event = state_->event();
  const auto skip_to = [&](std::uint32_t from, std::uint32_t occurrence) {
    const auto begin = list.begin() + from;
    return static_cast<std::uint32_t>(std::lower_bound(begin, list.end(), occurrence) -
                                      list.begin());
  };
  while (cursor < list.size()) {
    const std::uint32_t occurrence = list[cursor];
    bool fits = true;
    std::uint64_t steps = 0;
    for (std::uint32_t e = innermost(occurrence); e != kFree; ++steps) {
      const EventState::Element& element = state_->element(e);
      const Choice& choice = choices_[element.array];
      if (choice.event == event && choice.element != e) {
        // Nothing else in this array fits but what lies in the chosen element.
        conflicts.set(choice.level);
        const EventState::Element& chosen = state_->element(choice.element);
        cursor = occurrence < chosen.begin ? skip_to(cursor, chosen.begin)
                                           : skip_to(cursor, state_->array_end(element.array));
        fits = false;
        break;
      }
      e = binding_[element.parent];
    }
    spend(std::max<std::uint64_t>(steps, 1));
    if (fits) return cursor;
  }
  return cursor;
}

void ArraySearch::choose(std::uint32_t occurrence, std::uint32_t level) {
  std::uint64_t steps = 0;
  for (std::uint32_t e = innermost(occurrence); e != kFree; ++steps) {
    const EventState::Element& element = state_->element(e);
    Choice& choice = choices_[element.array];
    if (choice.event != state_->event()) {
      choice = {state_->event(), e, level};
      trail_.push_back(element.array);
    }
    e = binding_[element.parent];
  }
  spend(steps > 1 ? steps - 1 : 0);
}

void ArraySearch::undo(std::uint32_t trail) {
  for (; trail_.size() > trail; trail_.pop_back()) choices_[trail_.back()].event = 0;
}

// Makes the next choice at `level`; false when there is none left.
bool ArraySearch::advance(std::uint32_t level) {
  Level& at = levels_[level];
  const Condition& condition = state_->tables().conditions[at.condition];
  const auto candidates = candidates_of(at.condition);
  at.cursor = next_fitting(candidates, at.cursor, at.conflicts);
  if (at.cursor < candidates.size()) {
    choose(candidates[at.cursor], level);
    // Values of the same element would restrict the same way.
    const std::uint32_t element = innermost(candidates[at.cursor]);
    do {
      ++at.cursor;
    } while (at.cursor < candidates.size() && innermost(candidates[at.cursor]) == element);
    return true;
  }
  if (!condition.absent || at.absence_tried) return false;
  at.absence_tried = true;
  // Any earlier choice may be why absence holds or does not.
  for (std::uint32_t i = 0; i < level; ++i) at.conflicts.set(i);
  Levels unused;
  const auto values = values_of(condition.path);
  return next_fitting(values, 0, unused) == values.size();
}

bool ArraySearch::satisfiable(std::span<const std::uint32_t> conditions) {
  const auto count = static_cast<std::uint32_t>(conditions.size());
  const auto enter = [&](std::uint32_t level) {
    levels_[level] = {conditions[level], 0, static_cast<std::uint32_t>(trail_.size()), false, {}};
  };
  undo(0);
  std::uint32_t level = 0;
  enter(0);
  while (steps_left_ > 0) {
    undo(levels_[level].trail);
    if (advance(level)) {
      if (++level == count) return true;
      enter(level);
      continue;
    }
    const Levels conflicts = levels_[level].conflicts;
    std::uint32_t back = level;
    while (back > 0 && !conflicts[back - 1]) --back;
    if (back == 0) return false;
    level = back - 1;
    levels_[level].conflicts |= conflicts;
    levels_[level].conflicts.reset(level);
  }
  return false;
}

}  // namespace weir::engine
