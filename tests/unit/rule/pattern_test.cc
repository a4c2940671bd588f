// What a pattern may be: reasons and places of refusals, forms that mean the same, and patterns
// made to be costly.
#include "core/rule/pattern.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/rule/rule_set.h"

namespace weir {
namespace {

struct Refusal {
  std::string_view pattern;
  std::string_view part;  // of the message
  std::string_view path;
  std::size_t offset;
};

// At least one for every reason the language knows.
TEST(Pattern, RefusalsNameReasonFieldAndByte) {
  const std::vector<Refusal> refusals = {
      {R"({"a":["x"],})", "JSON", "", 11},
      {R"({"a":["x"]} x)", "JSON", "", 12},
      {R"([])", "is a JSON object", "", 0},
      {R"({})", "empty object", "", 0},
      {R"({"a":{}})", "empty object", "a", 5},
      {R"({"a":{"b":[]}})", "empty list of values", "a.b", 10},
      {R"({"a":"x"})", "must be a list of values", "a", 5},
      {R"({"a":[["x"]]})", "list inside", "a", 6},
      {R"({"a":[{}]})", "empty match expression", "a", 6},
      {R"({"a":["x",{"like":"x"}]})", "'like' is no operator", "a", 11},
      {R"({"a":[{"prefix":"x","suffix":"y"}]})", "only one operator", "a", 20},
      {R"({"a":[{"prefix":5}]})", "prefix takes one string", "a", 16},
      {R"({"a":[{"wildcard":["x"]}]})", "wildcard takes one string", "a", 18},
      {R"({"a":[{"exactly":5}]})", "exactly takes one string", "a", 17},
      {R"({"a":[{"prefix":{"suffix":"x"}}]})", "below prefix", "a", 16},
      {R"({"a":[{"exists":"true"}]})", "exists takes true or false", "a", 16},
      {R"({"a":[{"anything-but":{"prefix":""}}]})", "empty prefix", "a", 32},
      {R"({"a":[{"anything-but":["x",5]}]})", "all strings or all numbers", "a", 27},
      {R"({"a":[{"anything-but":[]}]})", "empty list", "a", 22},
      {R"({"a":[{"anything-but":null}]})", "strings or numbers", "a", 22},
      {R"({"a":[{"anything-but":{"numeric":["=",1]}}]})", "cannot stand below", "a", 33},
      {R"({"a":[{"anything-but":{"prefix":[]}}]})", "empty list", "a", 32},
      {R"({"a":[{"wildcard":"a\\x"}]})", "backslash in a wildcard", "a", 18},
      {R"({"a":[{"wildcard":"a**"}]})", "two wildcards in a row", "a", 18},
      {R"({"a":[{"numeric":["!=",5]}]})", "no numeric operator", "a", 18},
      {R"({"a":[{"numeric":["<"]}]})", "number is due", "a", 18},
      {R"({"a":[{"numeric":["<","5"]}]})", "number is due", "a", 22},
      {R"({"a":[{"numeric":[]}]})", "numeric takes a list", "a", 17},
      {R"({"a":[{"numeric":[">",0,"<",5,"<",6]}]})", "two ends", "a", 30},
      {R"({"a":[{"numeric":["<",5,">",0]}]})", "starts with its lower end", "a", 24},
      {R"({"a":[{"numeric":[">=",5,"<=",5]}]})", "below the upper", "a", 17},
      {R"({"a":[{"numeric":["=",9007199254740993]}]})", "compared exactly", "a", 22},
      {R"({"a":[{"cidr":"10.0.0.0"}]})", "exactly one '/'", "a", 14},
      {R"({"a":[{"cidr":"10.0.0.0/x"}]})", "whole number", "a", 14},
      {R"({"a":[{"cidr":"10.0.0.0/32"}]})", "at most 31", "a", 14},
      {R"({"a":[{"cidr":"::1/128"}]})", "at most 127", "a", 14},
      {R"({"a":[{"cidr":"host/8"}]})", "no IPv4 or IPv6 address", "a", 14},
      {R"({"$or":[{"a":["x"]}]})", "two or more", "", 7},
      {R"({"$or":[{"a":["x"]},5]})", "only objects", "", 20},
      {R"({"b":{"$or":[{"a":["x"]},{"prefix":["y"]}],"c":5}})", "no field may be named", "b.prefix",
       26},
  };
  for (const Refusal& refusal : refusals) {
    const auto bad = check_pattern(refusal.pattern);
    ASSERT_TRUE(bad.has_value()) << refusal.pattern;
    EXPECT_NE(bad->message.find(refusal.part), std::string::npos) << refusal.pattern << "\n"
                                                                  << bad->message;
    EXPECT_EQ(bad->path, refusal.path) << refusal.pattern;
    EXPECT_EQ(bad->offset, refusal.offset) << refusal.pattern << "\n" << bad->message;
  }
}

// '@' marks the byte that the refusal must name; all of these are about the field `a`.
TEST(Pattern, RefusalsNameTheByte) {
  const std::vector<std::pair<std::string, std::string_view>> refusals = {
      {R"({"a":@null})", "must be a list of values"},
      {R"({"a":@1})", "must be a list of values"},
      {R"({"a":@true})", "must be a list of values"},
      {R"({"a":[{"suffix":@5}]})", "suffix takes one string"},
      {R"({"a":[{"suffix":@["x"]}]})", "suffix takes one string"},
      {R"({"a":[{"equals-ignore-case":@{"prefix":"x"}}]})", "equals-ignore-case takes one string"},
      {R"({"a":[{"prefix":@{}}]})", "below prefix"},
      {R"({"a":[{"suffix":@{"equals-ignore-case":["x"]}}]})", "below suffix"},
      {R"({"a":[{"exists":@null}]})", "exists takes true or false"},
      {R"({"a":[{"exists":true,@"exists":true}]})", "only one operator"},
      {R"({"a":[{"anything-but":{"suffix":["x",@""]}}]})", "empty suffix"},
      {R"({"a":[{"anything-but":@{}}]})", "exactly one of"},
      {R"({"a":[{"anything-but":@{"prefix":"x","suffix":"y"}}]})", "exactly one of"},
      {R"({"a":[{"anything-but":[@["x"]]}]})", "strings or numbers"},
      {R"({"a":[{"anything-but":@true}]})", "strings or numbers"},
      {R"({"a":[{"anything-but":@1e400}]})", "compared exactly"},
      {R"({"a":[{"anything-but":{"prefix":@{"equals-ignore-case":"x"}}}]})", "a string or a list"},
      {R"({"a":[{"anything-but":{"exists":@true}}]})", "cannot stand below"},
      {R"({"a":[{"wildcard":@"a\\"}]})", "backslash in a wildcard"},
      {R"({"a":[{"anything-but":{"wildcard":["x",@"**"]}}]})", "two wildcards in a row"},
      {R"({"a":[{"numeric":@5}]})", "numeric takes a list"},
      {R"({"a":[{"numeric":[@5]}]})", "operator is due"},
      {R"({"a":[{"numeric":["=",5,@">",0]}]})", "nothing may follow"},
      {R"({"a":[{"numeric":[">",0,@"=",5]}]})", "upper end"},
      {R"({"a":[{"cidr":@["10.0.0.0/8"]}]})", "cidr takes one string"},
      {R"({"a":[{"cidr":@"10.0.0.0/-1"}]})", "whole number"},
      {R"({"a":[{"cidr":@"10.0.0.0/8/8"}]})", "exactly one '/'"},
      {R"({"a":[{"cidr":@"::ffff:0a00:0001/96"}]})", "at most 31"},
  };
  for (const auto& [marked, part] : refusals) {
    const std::size_t offset = marked.find('@');
    std::string pattern = marked;
    pattern.erase(offset, 1);
    const auto bad = check_pattern(pattern);
    ASSERT_TRUE(bad.has_value()) << pattern;
    EXPECT_NE(bad->message.find(part), std::string::npos) << pattern << "\n" << bad->message;
    EXPECT_EQ(bad->path, "a") << pattern;
    EXPECT_EQ(bad->offset, offset) << pattern << "\n" << bad->message;
  }
}

TEST(Pattern, WhatIsTooLongIsRefusedWithItsPlace) {
  const auto expect = [](const std::string& pattern, std::string_view part, std::size_t offset) {
    CompileLimits limits;
    limits.pattern_bytes_max = 32U * 1024 * 1024;
    const auto bad = check_pattern(pattern, limits);
    ASSERT_TRUE(bad.has_value()) << part;
    EXPECT_NE(bad->message.find(part), std::string::npos) << bad->message;
    EXPECT_EQ(bad->offset, offset) << bad->message;
  };
  std::string fields;
  for (int i = 0; i < 256; ++i) fields += "\"f" + std::to_string(i) + "\":[1],";
  expect("{" + fields + "\"a\":[1]}", "more than 256 different fields", fields.size() + 5);
  expect("{\"a\":[" + std::string(1001, '1') + "]}", "number", 6);
  expect("{\"" + std::string(50'001, 'n') + "\":[1]}", "name", 1);
  expect("{\"a\":[\"" + std::string(20'000'001, 's') + "\"]}", "string", 6);
}

TEST(Pattern, EachLimitRefusesByItsNameAndCanBeRaised) {
  const std::string or_of_three = R"({"$or":[{"a":[1]},{"b":[1]},{"c":[1]}],"d":[1]})";
  const struct {
    std::string_view name;
    std::string pattern;
    std::size_t enough;
  } cases[] = {
      {"pattern", or_of_three, or_of_three.size()},
      {"or_combinations", or_of_three, 3},
      {"or_fields", or_of_three, 6},
      {"field_names", R"({"a":{"b":[1],"c":[1]},"$or":[{"a.b":[2]},{"d":[1]}]})", 7},
      {"wildcard_pieces", R"({"a":[{"wildcard":"x*b*c*d"},{"wildcard":"*e*f*"}]})", 2},
  };
  for (const auto& one : cases) {
    const auto key = std::ranges::find(kLimitKeys, one.name, &LimitKey::name);
    ASSERT_NE(key, kLimitKeys.end()) << one.name;
    const RuleText rule{"", one.pattern};
    CompileLimits limits;
    limits.*key->value = one.enough;
    EXPECT_TRUE(compile_rules({&rule, 1}, limits).ok()) << one.name;
    limits.*key->value = one.enough - 1;
    const auto bad = compile_rules({&rule, 1}, limits);
    ASSERT_FALSE(bad.ok()) << one.name;
    EXPECT_NE(bad.error().message.find("(raise limits." + std::string(one.name) + ")"),
              std::string::npos)
        << bad.error().message;
  }
}

TEST(Pattern, TheErrorOfASetNamesTheRule) {
  const std::vector<RuleText> rules = {{"good", R"({"a":[1]})"}, {"bad", R"({"a":[]})"}};
  const auto set = compile_rules(rules);
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().rule, 1U);
}

TEST(Pattern, OrFallsBackToAnOrdinaryName) {
  for (const std::string_view good : {R"({"$or":{"a":["x"]}})", R"({"$or":["q"]})",
                                      R"({"$or":[{"prefix":"a"},{"suffix":"b"}]})"}) {
    EXPECT_FALSE(check_pattern(good).has_value()) << good;
  }
  for (const std::string_view bad :
       {R"({"$or":[{"a":["x"]}]})", R"({"$or":[]})", R"({"$or":[{"a":["x"]},{}]})"}) {
    EXPECT_TRUE(check_pattern(bad).has_value()) << bad;
  }
}

TEST(Pattern, FormsThatMeanTheSameAreOne) {
  const auto only_test = [](std::string_view condition) {
    Pattern pattern;
    const auto bad = read_pattern("{\"a\":[" + std::string(condition) + "]}", {}, pattern);
    EXPECT_FALSE(bad.has_value()) << condition;
    return pattern.conditions.at(0).any_of.at(0);
  };
  using Kind = ValueTest::Kind;
  EXPECT_EQ(only_test(R"({"prefix":""})").kind, Kind::any_string);
  EXPECT_EQ(only_test(R"({"wildcard":"*"})").kind, Kind::any_string);
  EXPECT_EQ(only_test(R"({"wildcard":"\\*\\\\"})").kind, Kind::text);
  EXPECT_EQ(only_test(R"({"wildcard":"\\*\\\\"})").text, "*\\");
  EXPECT_EQ(only_test(R"({"wildcard":"a*"})").kind, Kind::prefix);
  EXPECT_EQ(only_test(R"({"wildcard":"*a\\*"})").kind, Kind::suffix);
  EXPECT_EQ(only_test(R"({"wildcard":"*a\\*"})").text, "a*");
  EXPECT_EQ(only_test(R"({"wildcard":"*\\*"})").kind, Kind::suffix);
  EXPECT_EQ(only_test(R"({"wildcard":"*a*"})").kind, Kind::wildcard);
  EXPECT_EQ(only_test(R"({"equals-ignore-case":"123"})").kind, Kind::text);
  EXPECT_EQ(only_test(R"({"equals-ignore-case":"PrOd"})").text, "prod");
  EXPECT_EQ(only_test(R"("10.0.0.1")").kind, Kind::address_range);
  EXPECT_EQ(only_test(R"({"exactly":"10.0.0.1"})").kind, Kind::text);
  EXPECT_EQ(only_test("1e309").kind, Kind::number_literal);
  EXPECT_EQ(only_test("3e2").first_number, only_test("300.0").first_number);
}

TEST(Pattern, FieldsAreInUtf16Order) {
  Pattern pattern;
  ASSERT_FALSE(read_pattern(R"({"\uffee":[1],"😀":[1],"b":[1],"a":{"z":[1]},"a-":[1],"a":[1]})", {},
                            pattern));
  std::vector<std::string> order;
  for (const auto& field : pattern.branches.at(0)) order.push_back(pattern.paths[field.path]);
  EXPECT_EQ(order, (std::vector<std::string>{"a", "a-", "a.z", "b", "😀", "\uffee"}));
}

TEST(Pattern, AtMost256FieldsInOneBranch) {
  const auto fields = [](int from, int count) {
    std::string out;
    for (int i = from; i < from + count; ++i) {
      out += (i > from ? ",\"f" : "\"f") + std::to_string(i) + "\":[1]";
    }
    return out;
  };
  EXPECT_FALSE(check_pattern("{" + fields(0, 256) + "}"));
  EXPECT_TRUE(check_pattern("{" + fields(0, 257) + "}"));
  EXPECT_FALSE(check_pattern("{\"$or\":[{" + fields(0, 200) + "},{" + fields(200, 200) + "}]}"));
}

// Each is built or refused; none may take memory or time beyond its limits.
TEST(Pattern, CostlyPatternsAreRefusedOrBuilt) {
  std::string ten_of_ten = "{";
  for (int i = 0; i < 10; ++i) {
    ten_of_ten += std::string(i > 0 ? "," : "") + "\"$or\":[";
    for (int k = 0; k < 10; ++k) {
      ten_of_ten += std::string(k > 0 ? "," : "") + "{\"f" + std::to_string(i) + std::to_string(k) +
                    "\":[1]}";
    }
    ten_of_ten += "]";
  }
  const auto costly = check_pattern(ten_of_ten + "}");
  ASSERT_TRUE(costly.has_value());
  EXPECT_TRUE(costly->message.starts_with("too costly")) << costly->message;

  std::string nested = R"({"a":[1]})";
  for (int i = 0; i < 300; ++i) nested = R"({"$or":[{"b":[1]},)" + nested + "]}";
  EXPECT_FALSE(check_pattern(nested));

  for (const int depth : {999, 1001, 100'000}) {
    std::string deep;
    for (int i = 0; i < depth; ++i) deep += "{\"a\":";
    deep += "[1]" + std::string(static_cast<std::size_t>(depth), '}');
    EXPECT_EQ(check_pattern(deep).has_value(), depth > 999) << depth;
  }

  std::string values = "{\"a\":[";
  for (int i = 0; i < 10'000; ++i) values += "\"value" + std::to_string(i) + "\",";
  EXPECT_FALSE(check_pattern(values + "\"" + std::string(5000, 'x') + "\"]}"));

  std::string stars = "{\"a\":[{\"wildcard\":\"";
  for (int i = 0; i < 1000; ++i) stars += "*a";
  EXPECT_FALSE(check_pattern(stars + "\"}]}"));
  EXPECT_TRUE(check_pattern("{\"a\":[\"\xff\"]}"));
}

TEST(RuleSet, MemoryIsLinearInTheRules) {
  const auto memory = [](std::size_t count) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back("{\"a\":[\"value-" + std::to_string(i) + "\"],\"b\":[{\"wildcard\":\"*x" +
                      std::to_string(i) + "*y*\"}],\"n\":[{\"numeric\":[\">\"," +
                      std::to_string(i) + ",\"<\"," + std::to_string(2 * count) + "]}]}");
    }
    std::vector<RuleText> rules;
    for (const std::string& text : texts) rules.push_back({"", text});
    const auto set = compile_rules(rules);
    EXPECT_TRUE(set.ok());
    return (*set)->memory_bytes();
  };
  const std::size_t small = memory(500);
  const std::size_t large = memory(5000);
  EXPECT_LT(large, 15 * small);
}

}  // namespace
}  // namespace weir
