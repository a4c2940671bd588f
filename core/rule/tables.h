// Tables: what a RuleSet is made of. For the Matcher, the builder and the tests.
//
//   path       a field that some rule reads                    (PathTree, matchers)
//   test       one test of one field's value                   (fires, excludes)
//   exclusion  the tests of one anything-but                   (met if some value passes none)
//   condition  what one value array asks of its field: any of its tests or exclusions, presence
//              or absence                                      (conditions)
//   branch     one rule, or one of the combinations its `$or` makes: all of its conditions
//
// Equal tests, exclusions and conditions exist once, whichever rules have them. Each branch is
// anchored at its rarest condition: only when that is met the others are looked at. A branch whose
// conditions can all be met by absence is in `always`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rule/path_tree.h"
#include "core/rule/value_matcher.h"

namespace weir::engine {

// Lists by key: of key k, items[begin[k]] .. items[begin[k + 1]].
struct Lists {
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> items;
  std::span<const std::uint32_t> operator[](std::size_t key) const {
    return {items.data() + begin[key], items.data() + begin[key + 1]};
  }
  std::size_t memory_bytes() const { return (begin.capacity() + items.capacity()) * 4; }
};

struct Condition {
  std::uint32_t path = 0;
  bool exists = false;
  bool absent = false;
  std::uint32_t parts = 0;  // into condition_parts: tests, then exclusions; each ascending
  std::uint32_t test_count = 0;
  std::uint32_t exclusion_count = 0;
};

struct Branch {
  std::uint32_t rule = 0;
  std::uint32_t anchor = kNone;  // a condition
  std::uint32_t conditions = 0;  // into branch_conditions, by UTF-16 order of the paths
  std::uint32_t condition_count = 0;
};

// What the Matcher has to note of a field's values beyond the tests that they pass.
enum PathFlags : std::uint8_t {
  kWatched = 1,   // that there is one: it decides something by itself
  kKeepsAll = 2,  // each: also one that passes no test may meet a condition, or break one
  kLate = 4,      // no anchor is on the field: its values are tested only if a branch asks
};

// For array_depths: all arrays may matter.
inline constexpr std::uint16_t kAnyDepth = 0xFFFF;

struct Tables {
  std::uint64_t hash_key = 0;
  PathTree tree;
  std::vector<ValueMatcher> matchers;      // by path
  std::vector<std::uint32_t> path_groups;  // by path: the number of its first name
  Lists path_fires;                        // by path: anchors that presence alone can meet
  Lists fires;                             // by test: anchors it is part of
  Lists excludes;                          // by test: exclusions it is part of
  std::vector<Condition> conditions;
  std::vector<std::uint32_t> condition_parts;
  Lists anchored;  // by condition: branches
  Lists alone;     // by condition: rules that ask for nothing else
  std::vector<Branch> branches;
  std::vector<std::uint32_t> branch_conditions;
  std::vector<std::uint32_t> always;  // branches without an anchor, of rules with several
  // Rules that most events meet are not looked at one by one, but struck off a list where an event
  // does not meet them.
  Lists given;                        // by path: rules that ask only for its presence, or for a
                                      // value that one exclusion does not take; ascending
  std::vector<std::uint32_t> closes;  // by exclusion: its condition in `given`, or kNone
  std::vector<std::uint32_t> absent_rules;     // that ask only for absence, ascending,
  std::vector<std::uint32_t> absent_branches;  // and the branch of each
  Lists absent_fields;                         // by path: places in absent_rules
  std::vector<std::uint8_t> path_flags;        // by path
  // By path: only arrays that stand at most so many names deep can restrict which of its values
  // meet a condition; in no deeper one can two conditions of a branch lie.
  std::vector<std::uint16_t> array_depths;
  std::vector<bool> many_branches;  // by rule
  std::size_t test_count = 0;
  std::size_t exclusion_count = 0;
  WildcardScratchSize wildcards;
  std::uint32_t number_places = 0;  // of all fields together
  // What one event may cost; see CompileLimits.
  std::size_t wildcard_steps_max = 0;
  std::size_t array_steps_max = 0;

  std::size_t path_count() const { return matchers.size(); }
  std::size_t rule_count() const { return many_branches.size(); }
  std::size_t memory_bytes() const;
};

}  // namespace weir::engine
