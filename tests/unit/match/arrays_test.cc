// Arrays of objects and many values: which restrict one another, which are looked at late, and what
// they cost.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/match/matcher.h"
#include "core/rule/rule_set.h"
#include "tests/unit/match/rules_of.h"

namespace weir {
namespace {

// Fields that are asked about only when another condition is met are looked at late; beyond 32
// values all at once.
TEST(Arrays, ManyValuesThatAreLookedAtLate) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 60; ++i) {
    const std::string n = std::to_string(i);
    patterns.push_back(R"({"kind":["k"],"f)" + n + R"(":[{"wildcard":"*v)" + n + R"(*w*"},)" + n +
                       R"(,null],"g":[{"anything-but":")" + n + "\"}]}");
  }
  const auto rules = rules_of(patterns);
  Matcher matcher;
  for (const int count : {31, 32, 33, 34, 60}) {
    for (const bool kind_first : {true, false}) {
      std::string fields;
      std::vector<RuleIndex> expected;
      for (int i = 0; i < count; ++i) {
        const std::string n = std::to_string(i);
        const int way = i % 5;
        fields += ",\"f" + n + "\":";
        fields += way == 0   ? "\"-v" + n + "-w\""
                  : way == 1 ? n + ".0"
                  : way == 2 ? "null"
                  : way == 3 ? "[1e3,\"v" + n + "\\u0077\"]"  // the w is escaped
                             : "\"v" + n + "\"";
        if (way != 4 && i != 7) expected.push_back(static_cast<RuleIndex>(i));
      }
      fields += R"(,"g":"7")";
      const std::string event =
          kind_first ? R"({"kind":"k")" + fields + "}" : "{" + fields.substr(1) + R"(,"kind":"k"})";
      std::vector<RuleIndex> found;
      ASSERT_EQ(matcher.match_event(*rules, event, found), EventError::none);
      EXPECT_EQ(found, expected) << count << " " << event;
      found.clear();
      const std::string other = "{\"kind\":\"l\"" + fields + "}";
      ASSERT_EQ(matcher.match_event(*rules, other, found), EventError::none);
      EXPECT_TRUE(found.empty());
    }
  }
}

// An array binds only where two fields of one rule can lie in it; the same array under a rule of
// one field, or two fields in different arrays, restricts nothing.
TEST(Arrays, ArraysThatRestrictNothing) {
  const auto rules = rules_of({
      R"({"e":{"f":["A"]},"g":["x"]})",                         // one field in the array
      R"({"e":{"f":["A"]},"h":{"f":["B"]}})",                   // two arrays
      R"({"e":["s"],"e.f":["A"]})",                             // a scalar binds nothing
      R"({"e":{"f":["A"],"l":["J"]}})",                         // bound
      R"({"e":{"f":["A"],"m":{"n":["deep"]}}})",                // bound above, free below
      R"({"e":{"m":{"n":["deep"],"o":["other"]}}})",            // bound in both
      R"({"e":{"f":["A"]},"g":["x"],"z":[{"exists":false}]})",  // absence beside
      R"({"e":{"f":["A"],"q":[{"exists":false}]}})",
  });
  Matcher matcher;
  const auto found = [&](std::string_view event) {
    std::vector<RuleIndex> out;
    EXPECT_EQ(matcher.match_event(*rules, event, out), EventError::none) << event;
    return out;
  };
  using List = std::vector<RuleIndex>;
  EXPECT_EQ(found(R"({"e":[{"f":"A"}],"g":["y","x"]})"), (List{0, 6, 7}));
  EXPECT_EQ(found(R"({"e":[{"f":"P"},{"f":"A","q":1}],"g":[["x"]],"z":[]})"), (List{0, 6}));
  EXPECT_EQ(found(R"({"e":[{"f":"A"}],"h":[{"f":"A"},{"f":"B"}]})"), (List{1, 7}));
  EXPECT_EQ(found(R"({"e":["s",{"f":"A"}]})"), (List{2, 7}));
  EXPECT_EQ(found(R"({"e":[["s"],{"f":"A"}]})"), (List{7}));
  EXPECT_EQ(found(R"({"e":[{"f":"A","l":"S"},{"l":"J"}]})"), (List{7}));
  EXPECT_EQ(found(R"({"e":[{"f":["B","A"],"l":["S","J"]}]})"), (List{3, 7}));
  EXPECT_EQ(found(R"({"e":[{"f":"A","m":[{"n":"no"},{"n":["deep"]}]}]})"), (List{4, 7}));
  EXPECT_EQ(found(R"({"e":[{"f":"A"},{"m":[{"n":"deep","o":"other"}]}]})"), (List{5, 7}));
  EXPECT_EQ(found(R"({"e":[{"f":"A","m":[{"n":"deep"},{"o":"other"}]}]})"), (List{4, 7}));
  // The same name twice is two arrays.
  EXPECT_EQ(found(R"({"e":[{"f":"A"}],"e":[{"l":"J"}]})"), (List{3, 7}));
}

TEST(Arrays, LargeArraysOfObjectsTakeLinearTime) {
  const auto rules = rules_of(
      {R"({"e":{"k":["a"],"n":[{"numeric":["<",0]}]}})", R"({"e":{"k":["a"],"m":[7]}})",
       R"({"e":{"k":["b"],"z":[{"exists":false}]}})", R"({"e":{"k":["a"],"n":[1],"z":[0]}})"});
  std::string event = "{\"e\":[";
  for (int i = 0; i < 20'000; ++i) {
    event += std::string(i > 0 ? "," : "") + "{\"k\":\"" + (i == 19'998 ? "b" : "a") +
             "\",\"n\":" + std::to_string(i % 3) +
             (i == 19'999   ? ",\"m\":7}"
              : i == 19'998 ? "}"
                            : ",\"z\":5}");
  }
  event += "]}";
  Matcher matcher;
  std::vector<RuleIndex> found;
  EXPECT_EQ(matcher.match_event(*rules, event, found), EventError::none);
  EXPECT_EQ(found, (std::vector<RuleIndex>{1, 2}));
}

TEST(Arrays, ArraysAroundArraysCostStepsOnlyWhereTheyRestrict) {
  const std::string pattern = R"({"a":{"b":[1],"c":[2]}})";
  const RuleText text{"", pattern};
  CompileLimits limits;
  limits.array_steps_max = 5000;
  const auto rules = compile_rules({&text, 1}, limits);
  ASSERT_TRUE(rules.ok());
  const auto nested = [](const std::string& open, int depth, const std::string& last) {
    std::string event = "{\"a\":";
    for (int i = 0; i < depth; ++i) event += open;
    for (int i = 0; i < 1000; ++i) event += R"({"b":1},)";
    event += last;
    for (int i = 0; i < depth; ++i) event += "]";
    return event + "}";
  };
  Matcher matcher;
  std::vector<RuleIndex> found;
  for (const int depth : {1, 30, 900}) {
    EXPECT_EQ(matcher.match_event(**rules, nested("[", depth, R"({"c":2})"), found),
              EventError::none);
    EXPECT_EQ(matcher.match_event(**rules, nested("[{},[],", depth, R"({"c":2})"), found),
              EventError::none);
    EXPECT_TRUE(found.empty());
    EXPECT_EQ(matcher.match_event(**rules, nested("[", depth, R"({"c":2,"b":1})"), found),
              EventError::none);
    EXPECT_EQ(found.size(), 1U);
    found.clear();
  }
  EXPECT_EQ(matcher.match_event(**rules, nested(R"([{"b":1},)", 900, R"({"c":2})"), found),
            EventError::too_complex);
}

TEST(Arrays, IndependentArraysDoNotMultiply) {
  // Twenty arrays of sixty elements, and a condition in the last that no element meets.
  std::string pattern = "{\"x\":{";
  std::string event = "{\"x\":{";
  for (char c = 'a'; c < 'u'; ++c) {
    pattern += std::string("\"") + c + "\":{\"k\":[1]},";
    event += std::string("\"") + c + "\":[";
    for (int i = 0; i < 60; ++i) event += std::string(i > 0 ? "," : "") + "{\"k\":1}";
    event += "],";
  }
  pattern += R"("z":{"k":[1],"l":[1]}}})";
  event += R"("z":[{"k":1},{"l":1}]}})";
  Matcher matcher;
  std::vector<RuleIndex> found;
  EXPECT_EQ(matcher.match_event(*rules_of({pattern}), event, found), EventError::none);
  EXPECT_TRUE(found.empty());
}

// Each value passes a test of each rule: the lists to search are values times rules, twice.
TEST(Arrays, ValuesThatPassManyTestsCostSteps) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 300; ++i) {
    patterns.push_back(R"({"e":{"n":[{"numeric":[">",-)" + std::to_string(i + 1) + R"(,"<",)" +
                       std::to_string(10 + i) + R"(]}],"k":["q"]}})");
  }
  const auto rules = rules_of(patterns);
  const auto event = [](int count) {
    std::string text = "{\"e\":[";
    for (int i = 0; i < count; ++i) text += R"({"n":5},)";
    return text + R"({"k":"q"}]})";
  };
  Matcher matcher;
  std::vector<RuleIndex> found;
  EXPECT_EQ(matcher.match_event(*rules, event(50), found), EventError::none);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(matcher.match_event(*rules, event(5000), found), EventError::too_complex);
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace weir
