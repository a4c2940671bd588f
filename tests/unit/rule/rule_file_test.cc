#include "core/rule/rule_file.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(RuleFile, ObjectOfPatternsInFileOrder) {
  const std::string_view text = R"({ "z": {"a":["x"]},
    "b": "{\"a\":[\"y\"]}" , "\u0061": {"n": [1.0]} })";
  const auto rules = read_rule_file(text);
  ASSERT_TRUE(rules.ok());
  ASSERT_EQ(rules->size(), 3U);
  EXPECT_EQ((*rules)[0].name, "z");
  EXPECT_EQ((*rules)[0].pattern, R"({"a":["x"]})");
  EXPECT_EQ((*rules)[0].offset, 7U);
  EXPECT_FALSE((*rules)[0].inside_string);
  EXPECT_EQ((*rules)[1].pattern, R"({"a":["y"]})");
  EXPECT_TRUE((*rules)[1].inside_string);
  EXPECT_EQ((*rules)[2].name, "a");
  EXPECT_EQ((*rules)[2].pattern, R"({"n": [1.0]})");
}

TEST(RuleFile, ListRulesSkipsDisabledAndPatternless) {
  const auto rules = read_rule_file(R"({"Rules":[
    {"Name":"on","Arn":"x","EventPattern":"{\"a\":[1]}","State":"ENABLED","EventBusName":"default"},
    {"Name":"off","EventPattern":"{\"a\":[1]}","State":"DISABLED"},
    {"Name":"timer","ScheduleExpression":"rate 1 day","State":"ENABLED"}]
})");
  ASSERT_TRUE(rules.ok());
  ASSERT_EQ(rules->size(), 1U);
  EXPECT_EQ(rules->front().name, "on");
  EXPECT_EQ(rules->front().pattern, R"({"a":[1]})");
}

TEST(RuleFile, EmptyObjectHasNoRules) {
  ASSERT_TRUE(read_rule_file("{}").ok());
  EXPECT_TRUE(read_rule_file("{}")->empty());
  EXPECT_TRUE(read_rule_file(R"({"Rules":[]})")->empty());
}

TEST(RuleFile, FaultsNameTheRuleAndThePlace) {
  const auto twice = read_rule_file("{\"a\": {\"x\":[1]},\n \"a\": {\"x\":[2]}}");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().line, 2U);
  EXPECT_EQ(twice.error().column, 2U);
  EXPECT_NE(twice.error().message.find("'a'"), std::string::npos);

  const auto number = read_rule_file(R"({"a": 5})");
  ASSERT_FALSE(number.ok());
  EXPECT_EQ(number.error().offset, 6U);
  EXPECT_NE(number.error().message.find("'a'"), std::string::npos);

  for (const std::string_view bad : {"", "[]", "5", "{\"a\":", "{\"Rules\":[5]}",
                                     "{\"Rules\":[{\"EventPattern\":\"{}\"}]}", "{\"\":{}}"}) {
    EXPECT_FALSE(read_rule_file(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace weir
