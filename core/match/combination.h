// Combination: from what was seen of an event to the rules that match.
//
// Only branches whose anchor is met are looked at. Outside arrays of objects a condition is met or
// not for the whole event, and the answer is kept for the other branches that share it.
// Threads: one.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/ids.h"
#include "core/match/array_search.h"
#include "core/match/event_state.h"
#include "core/match/rule_sorter.h"

namespace weir::engine {

class Combination {
 public:
  void fit(const Tables& tables);
  // Appends the rules that match, ascending and unique; false when the arrays of the event leave
  // too much to try.
  bool finish(EventState& state, std::vector<RuleIndex>& out);

 private:
  enum class Met : std::uint8_t { no, yes, perhaps };  // perhaps: absent from the right element
  struct Known {
    std::uint32_t event = 0;
    Met met = Met::no;
  };

  Met met(std::uint32_t condition);
  Met look(const Condition& condition) const;
  bool met_by_presence(const Condition& condition) const;
  bool some_test_passed(const Condition& condition) const;
  bool matches(const Branch& branch);
  bool search(const Branch& branch, bool perhaps);
  void take(const Branch& branch, std::vector<RuleIndex>& out);
  void list_closed();
  void take_given(std::uint32_t path, std::vector<RuleIndex>& out) const;
  void take_absent(std::vector<RuleIndex>& out);

  EventState* state_ = nullptr;
  const Tables* tables_ = nullptr;
  bool searching_ = false;             // the search was started for this event
  std::vector<Known> known_;           // by condition
  std::vector<std::uint32_t> rules_;   // by rule: the event it matched
  std::vector<std::uint32_t> bound_;   // conditions for the search
  std::vector<std::uint32_t> group_;   // those of them that may share an array
  std::vector<std::uint32_t> closed_;  // given rules that the event does not meet
  std::vector<std::uint32_t> absent_;  // by place in absent_rules: the event that has a field of it
  std::vector<std::uint32_t> looked_at_;  // places in absent_rules
  std::uint32_t round_ = 0;               // of event numbers
  RuleSorter sorter_;
  ArraySearch arrays_;
};

}  // namespace weir::engine
