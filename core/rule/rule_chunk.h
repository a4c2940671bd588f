// RuleChunk: a run of rules, read and laid out flat, ready to be given numbers. Chunks are read
// independently of one another, by any threads; only giving the numbers goes in order.
//
// All lists are in the order in which the rules, their conditions and the tests of those come, so
// that they are read once from the front: each condition is followed by its tests, then by its
// exclusions, each of those by its tests.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/rule/numbering.h"
#include "core/rule/pattern.h"

namespace weir::engine {

struct RuleChunk {
  struct Test {
    std::uint64_t hash = 0;  // of its key, the path left out
    std::uint32_t length = 0;
  };
  struct Condition {
    std::uint32_t path = 0;  // into paths
    bool exists = false;
    bool absent = false;
    std::uint32_t test_count = 0;
    std::uint32_t exclusion_count = 0;
  };
  explicit RuleChunk(std::uint64_t hash_key) : paths(hash_key) {}

  Numbering paths;
  std::string keys;  // of the tests, end to end
  std::vector<Test> tests;
  std::vector<std::uint32_t> exclusions;  // how many tests each has
  std::vector<Condition> conditions;
  std::vector<std::uint32_t> branch_conditions;  // into conditions
  std::vector<std::uint32_t> branches;           // how many conditions each has
  std::vector<std::uint32_t> rules;              // how many branches each has
  std::optional<PatternError> error;             // of the first rule that is wrong; none follows it
};

// `first`: the number of the first of the rules, for errors.
RuleChunk read_rules(std::span<const RuleText> rules, std::size_t first,
                     const CompileLimits& limits, std::uint64_t hash_key);

}  // namespace weir::engine
