#include "core/route/target_sets.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace weir {
namespace {

BusRouting make_routing(std::vector<std::vector<std::uint16_t>> targets) {
  BusRouting routing;
  for (const auto& list : targets) {
    RoutedRule rule;
    for (const std::uint16_t target : list) rule.targets.emplace_back(target);
    routing.routed.push_back(rule);
  }
  return routing;
}

std::vector<std::uint16_t> names(std::span<const TargetId> targets) {
  std::vector<std::uint16_t> result;
  for (const TargetId target : targets) result.push_back(target.value);
  return result;
}

struct OneBlock {
  BlockPool pool{1, 64, 1024, 1};
  BlockPool::User user{pool};
  Block* block = user.take();
  ~OneBlock() { user.put_back(block); }
};

TEST(TargetSets, AnEventReachesATargetOnceHoweverManyRulesNameIt) {
  OneBlock one;
  TargetSets sets;
  const BusRouting routing = make_routing({{2, 5}, {1, 5}, {}});
  sets.begin(*one.block);
  const RuleIndex both[] = {0, 1, 2};
  const std::uint32_t set = sets.find_or_add(BusId(0), routing, both);
  EXPECT_EQ(names(one.block->targets_of(set)), (std::vector<std::uint16_t>{1, 2, 5}));
  EXPECT_EQ(sets.find_or_add(BusId(0), routing, both), set);
  EXPECT_EQ(sets.find_or_add(BusId(0), routing, {}), kUnmatched);
  EXPECT_TRUE(one.block->targets_of(kUnmatched).empty());
}

TEST(TargetSets, ARuleWithoutTargetsIsNotUnmatched) {
  OneBlock one;
  TargetSets sets;
  const BusRouting routing = make_routing({{}});
  sets.begin(*one.block);
  const RuleIndex first[] = {0};
  const std::uint32_t set = sets.find_or_add(BusId(0), routing, first);
  EXPECT_NE(set, kUnmatched);
  EXPECT_TRUE(one.block->targets_of(set).empty());
}

TEST(TargetSets, BusesDoNotShareSets) {
  OneBlock one;
  TargetSets sets;
  const BusRouting a = make_routing({{1}});
  const BusRouting b = make_routing({{2}});
  sets.begin(*one.block);
  const RuleIndex first[] = {0};
  EXPECT_EQ(names(one.block->targets_of(sets.find_or_add(BusId(0), a, first))),
            (std::vector<std::uint16_t>{1}));
  EXPECT_EQ(names(one.block->targets_of(sets.find_or_add(BusId(1), b, first))),
            (std::vector<std::uint16_t>{2}));
}

// More different rule lists than the cache holds, over several blocks: always the right targets.
TEST(TargetSets, EveryListKeepsItsOwnTargetsWhenTheCacheIsFull) {
  std::vector<std::vector<std::uint16_t>> targets;
  for (std::uint16_t i = 0; i < 14; ++i) targets.push_back({i});
  const BusRouting routing = make_routing(targets);
  TargetSets sets;
  Random random(7);
  for (int round = 0; round < 3; ++round) {
    OneBlock one;
    sets.begin(*one.block);
    for (int i = 0; i < 5000; ++i) {
      const std::uint64_t bits = random.below(1U << 14U);
      std::vector<RuleIndex> matched;
      std::vector<std::uint16_t> expected;
      for (std::uint16_t rule = 0; rule < 14; ++rule) {
        if ((bits >> rule & 1U) == 0) continue;
        matched.push_back(rule);
        expected.push_back(rule);
      }
      const std::uint32_t set = sets.find_or_add(BusId(0), routing, matched);
      ASSERT_EQ(names(one.block->targets_of(set)), expected);
    }
  }
}

}  // namespace
}  // namespace weir
