// Rule sets are built in independent pieces; how those are run changes nothing.
#include <gtest/gtest.h>

#include "core/match/matcher.h"
#include "core/rule/rule_set.h"
#include "tests/reference/generate.h"

namespace weir {
namespace {

std::vector<std::string> many_patterns(std::size_t count) {
  reference::Generator generator(7);
  std::vector<std::string> out;
  while (out.size() < count) {
    std::string pattern = generator.pattern();
    if (!check_pattern(pattern)) out.push_back(std::move(pattern));
  }
  return out;
}

std::vector<RuleText> texts_of(const std::vector<std::string>& patterns) {
  std::vector<RuleText> texts;
  for (const std::string& pattern : patterns) texts.push_back({"", pattern});
  return texts;
}

void run_backwards(std::size_t count, const std::function<void(std::size_t)>& piece) {
  while (count > 0) piece(--count);
}

TEST(Build, TheOrderOfThePiecesChangesNothing) {
  const auto patterns = many_patterns(6000);
  const auto texts = texts_of(patterns);
  CompileLimits limits;
  limits.hash_key = 1;
  const auto forward = compile_rules(texts, limits);
  const auto backward = compile_rules(texts, limits, run_backwards);
  ASSERT_TRUE(forward.ok() && backward.ok());
  EXPECT_EQ((*forward)->memory_bytes(), (*backward)->memory_bytes());
  reference::Generator generator(8);
  Matcher matcher;
  std::size_t matched = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string event = generator.event();
    std::vector<RuleIndex> one, other;
    ASSERT_EQ(matcher.match_event(**forward, event, one),
              matcher.match_event(**backward, event, other));
    ASSERT_EQ(one, other) << event;
    matched += one.size();
  }
  EXPECT_GT(matched, 1000U);
}

TEST(Build, TheFirstWrongRuleIsNamedWhateverTheOrder) {
  auto patterns = many_patterns(6000);
  patterns[5000] = "[]";
  patterns[2500] = R"({"a":[{"prefix":1}]})";
  patterns[2501] = R"({"a":{}})";
  const auto texts = texts_of(patterns);
  const auto bad = compile_rules(texts, {}, run_backwards);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().rule, 2500U);
  EXPECT_EQ(bad.error().path, "a");
  EXPECT_EQ(bad.error().offset, 16U);
}

// 5,000 wildcards that go on behind "a", and thousands of values "a".
TEST(Wildcards, AnEventThatCostsThemTooMuchIsRefusedByItself) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 5000; ++i) {
    patterns.push_back(R"({"v":[{"wildcard":"*a*)" + std::to_string(i) + R"(*"}]})");
  }
  const auto texts = texts_of(patterns);
  const auto rules = compile_rules(texts);
  ASSERT_TRUE(rules.ok());
  std::string values = R"("a")";
  for (int i = 0; i < 4000; ++i) values += R"(,"a")";
  Matcher matcher;
  std::vector<RuleIndex> found;
  EXPECT_EQ(matcher.match_event(**rules, R"({"v":[)" + values + "]}", found),
            EventError::too_complex);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(matcher.match_event(**rules, R"({"v":"xa-4321"})", found), EventError::none);
  EXPECT_EQ(found.size(), 10U);  // the ten numbers in 4321
  CompileLimits more;
  more.wildcard_steps_max = 100'000'000;
  const auto patient = compile_rules(texts, more);
  ASSERT_TRUE(patient.ok());
  EXPECT_EQ(matcher.match_event(**patient, R"({"v":[)" + values + "]}", found), EventError::none);
}

}  // namespace
}  // namespace weir
