// What can be said of one pattern without seeing an event: what it costs, and what in it cannot be
// meant. Only what is proved is told.
//
// Pure; any thread. Time: linear in the pattern, but for lists of values, whose entries are
// compared with each other up to kComparedMax of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/pattern.h"

namespace weir {

enum class FindingKind : std::uint8_t {
  never_matches,  // the rule: no event can match
  matches_all,    // the rule: every event does
  duplicate,      // the rule: another asks the same
  overridden,     // a list that a later one for the same field replaces
  dead_value,     // a value that no event can have
  redundant,      // a value that another one of the list covers
  or_as_name,     // "$or" that is no list of objects, so a field's name
};
std::string_view to_string(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::redundant;
  std::string message;
  std::string path;        // of the field, empty where it is the rule
  std::size_t offset = 0;  // into the pattern
};

struct PatternCost {
  std::size_t fields = 0;      // different ones
  std::size_t sub_rules = 0;   // after $or is expanded
  std::size_t conditions = 0;  // fields of all sub-rules: the most that one event has to look at
  std::size_t values = 0;      // tests of values in all lists
  std::size_t wildcard_parts = 0;  // pieces of text between stars, which are searched for
  std::size_t states = 0;          // of tables, trees and automata, were nothing shared
  // The most steps that an event with one value in each field can make the rule take, besides one
  // pass over that value for each kind of test: each value tested met, each piece found, each
  // condition looked at.
  std::size_t work() const { return conditions + values + wildcard_parts; }
};

inline constexpr std::size_t kComparedMax = 1000;

PatternCost cost_of(const Pattern& pattern);
// `text` is what the pattern was read from.
std::vector<Finding> review(const Pattern& pattern, std::string_view text);

// Equal for tests, and for what lists ask, that mean the same: order and repetition do not count.
std::string meaning(const ValueTest& test);
std::string meaning(const FieldCondition& condition);

}  // namespace weir
