#include "core/rule/live_rules.h"

#include <gtest/gtest.h>

#include <set>

#include "core/rule/tables.h"

namespace weir {
namespace {

std::string pattern_of(std::size_t i) {
  return R"({"a":["v)" + std::to_string(i) + R"("],"b":["w"]})";
}

// Rules "0" .. "count-1".
class Rules {
 public:
  explicit Rules(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      names_.push_back(std::to_string(i));
      patterns_.push_back(pattern_of(i));
    }
  }
  std::vector<RuleText> texts() const {
    std::vector<RuleText> out;
    for (std::size_t i = 0; i < names_.size(); ++i) out.push_back({names_[i], patterns_[i]});
    return out;
  }

 private:
  std::vector<std::string> names_, patterns_;
};

std::size_t compiled_rules(const RuleSet& set, std::size_t part) {
  return set.parts()[part].tables->rule_count();
}

TEST(LiveRules, AChangeCompilesOnlyWhatChanged) {
  LiveRules live;
  const Rules many(1000);
  ASSERT_TRUE(live.assign(many.texts()).ok());
  ASSERT_EQ(live.rules()->parts().size(), 1U);
  const auto base = live.rules()->parts()[0].tables;
  const std::vector<RuleText> put = {{"5", R"({"c":["x"]})"}, {"new", R"({"a":["x"]})"}};
  const std::vector<std::string_view> removed = {"7", "no such rule"};
  const auto set = live.change(put, removed);
  ASSERT_TRUE(set.ok());
  ASSERT_EQ((*set)->parts().size(), 2U);
  EXPECT_EQ((*set)->parts()[0].tables, base);
  EXPECT_EQ(compiled_rules(**set, 1), 2U);
  EXPECT_EQ(live.size(), 1000U);
  EXPECT_TRUE((*set)->find_path("c").has_value());
  EXPECT_FALSE((*set)->find_path("d").has_value());
}

TEST(LiveRules, WhatIsThereAlreadyCostsNothing) {
  LiveRules live;
  const Rules many(100);
  ASSERT_TRUE(live.assign(many.texts()).ok());
  const auto before = live.rules();
  auto texts = many.texts();
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(live.assign(texts).value(), before);
  EXPECT_EQ(live.change(std::span(texts).first(3)).value(), before);
  const std::vector<std::string_view> unknown = {"x"};
  EXPECT_EQ(live.change({}, unknown).value(), before);
}

TEST(LiveRules, ARuleKeepsItsNumber) {
  LiveRules live;
  const Rules rules(200);
  ASSERT_TRUE(live.assign(rules.texts()).ok());
  std::vector<RuleIndex> before;
  for (std::size_t i = 0; i < 200; ++i) before.push_back(live.find(std::to_string(i)).value());
  const std::vector<RuleText> put = {{"5", R"({"c":["x"]})"}, {"new", R"({"a":["x"]})"}};
  const std::vector<std::string_view> removed = {"7"};
  ASSERT_TRUE(live.change(put, removed).ok());
  const auto merge = live.begin_merge();
  merge->run();
  const auto set = live.finish_merge(*merge);
  EXPECT_EQ(set->parts().size(), 1U);
  EXPECT_EQ(compiled_rules(*set, 0), 200U);
  std::set<RuleIndex> used;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto now = live.find(std::to_string(i));
    EXPECT_EQ(now.has_value(), i != 7);
    if (!now) continue;
    EXPECT_EQ(*now, before[i]);
    used.insert(*now);
  }
  used.insert(live.find("new").value());
  EXPECT_EQ(used.size(), 200U);
  EXPECT_EQ(set->rule_count(), 200U);  // the number of the removed rule was used again
}

TEST(LiveRules, AnErrorNamesTheRuleAndChangesNothing) {
  LiveRules live;
  const Rules rules(100);
  ASSERT_TRUE(live.assign(rules.texts()).ok());
  const auto before = live.rules();
  const std::string same = pattern_of(6);
  const std::vector<RuleText> put = {
      {"5", R"({"c":["x"]})"}, {"6", same}, {"new", R"({"a":{"b":[]}})"}};
  const std::vector<std::string_view> removed = {"7"};
  const auto bad = live.change(put, removed);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().rule, 2U);
  EXPECT_EQ(bad.error().path, "a.b");
  EXPECT_EQ(bad.error().offset, 10U);
  EXPECT_EQ(live.rules(), before);
  EXPECT_TRUE(live.find("7").has_value());
  const Rules many(300);
  auto texts = many.texts();
  texts[250].pattern = "{}";
  const auto again = live.assign(texts);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().rule, 250U);
  EXPECT_EQ(live.rules(), before);
  EXPECT_EQ(live.size(), 100U);
}

TEST(LiveRules, MergingFallsDueAndTakesWhatCameMeanwhile) {
  LiveRules live;
  const Rules rules(1000);
  ASSERT_TRUE(live.assign(rules.texts()).ok());
  EXPECT_FALSE(live.merge_due());
  std::size_t changes = 0;
  for (; !live.merge_due(); ++changes) {
    ASSERT_LT(changes, 1000U);
    const std::string name = "x" + std::to_string(changes);
    const std::string pattern = pattern_of(changes);
    const std::vector<RuleText> put = {{name, pattern}};
    ASSERT_TRUE(live.change(put).ok());
  }
  EXPECT_GT(changes, 10U);
  const auto merge = live.begin_merge();
  const std::vector<RuleText> meanwhile = {{"late", R"({"l":["x"]})"}, {"x0", R"({"z":["x"]})"}};
  const std::vector<std::string_view> removed = {"3"};
  ASSERT_TRUE(live.change(meanwhile, removed).ok());
  merge->run();
  const auto set = live.finish_merge(*merge);
  EXPECT_EQ(compiled_rules(*set, 0), 1000U + changes);
  EXPECT_EQ(compiled_rules(*set, 1), 2U);
  EXPECT_FALSE(live.merge_due());
  EXPECT_EQ(live.size(), 1000U + changes);
  EXPECT_FALSE(live.find("3").has_value());
}

TEST(LiveRules, ManyChangesLeaveNothingBehind) {
  LiveRules live;
  const Rules rules(300);
  ASSERT_TRUE(live.assign(rules.texts()).ok());
  const std::size_t before = live.rules()->memory_bytes();
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::string pattern = pattern_of(i);
    const std::vector<RuleText> put = {{"x", pattern}};
    const std::vector<std::string_view> removed = {"x"};
    ASSERT_TRUE(live.change(put).ok());
    ASSERT_TRUE(live.change({}, removed).ok());
  }
  EXPECT_LE(live.rules()->memory_bytes(), before + 301 * 4 + 100);
  EXPECT_EQ(live.rules()->rule_count(), 301U);
}

}  // namespace
}  // namespace weir
