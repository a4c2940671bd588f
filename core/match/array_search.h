// ArraySearch: whether the conditions of one branch can be met by values that live together:
// whenever two of them lie in the same array, they lie in the same element of it.
//
// Conditions are tried in the order of their paths; a choice restricts later ones; what made a
// condition fail is remembered, so that the search goes straight back to a choice that matters
// (conflict-directed backjumping, Prosser 1993). Absence is judged at its turn, against the choices
// so far. Only events with arrays of objects in fields that rules read come here.
//
// Threads: one. No recursion. The work on one event is bounded; beyond that the event is refused.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

#include "core/match/event_state.h"
#include "core/rule/pattern.h"

namespace weir::engine {

class ArraySearch {
 public:
  void fit(const Tables& tables);
  void start(const EventState& state);
  // `conditions` in order of their paths; each has a value in some element.
  bool satisfiable(std::span<const std::uint32_t> conditions);
  bool exhausted() const { return steps_left_ == 0; }

 private:
  // Occurrences that a condition, or a path, can choose from; ascending.
  struct List {
    std::uint32_t event = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  using Levels = std::bitset<kPatternFieldsMax>;
  struct Level {
    std::uint32_t condition = 0;
    std::uint32_t cursor = 0;  // into its list
    std::uint32_t trail = 0;   // choices made before it
    bool absence_tried = false;
    Levels conflicts;  // levels whose choices ruled something out here
  };
  struct Choice {
    std::uint32_t event = 0;
    std::uint32_t element = kFree;
    std::uint32_t level = 0;
  };

  void find_binding();
  void spend(std::uint64_t steps);
  // The innermost element around a value that can restrict another; kFree if there is none.
  std::uint32_t innermost(std::uint32_t occurrence) const {
    return binding_[state_->occurrence(occurrence).element];
  }
  std::span<const std::uint32_t> values_of(std::uint32_t path);
  std::span<const std::uint32_t> candidates_of(std::uint32_t condition);
  bool meets(const Condition& condition, std::uint32_t occurrence) const;
  // The first of `list` from `cursor` on that fits the choices; its index, or list.size().
  std::uint32_t next_fitting(std::span<const std::uint32_t> list, std::uint32_t cursor,
                             Levels& conflicts);
  bool advance(std::uint32_t level);
  void choose(std::uint32_t occurrence, std::uint32_t level);
  void undo(std::uint32_t trail);

  const EventState* state_ = nullptr;
  std::vector<List> path_lists_;
  std::vector<List> condition_lists_;
  std::vector<std::uint32_t> pool_;      // of all lists
  std::vector<Choice> choices_;          // by array
  std::vector<std::uint32_t> siblings_;  // by array: its elements that hold values
  std::vector<std::uint32_t> binding_;   // by element: itself, or the innermost around it, that can
                                         // restrict anything
  std::vector<std::uint32_t> trail_;
  std::vector<Level> levels_;
  std::uint64_t steps_left_ = 0;
  std::uint32_t round_ = 0;  // of event numbers
};

}  // namespace weir::engine
