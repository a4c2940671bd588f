// weir rules lint: each kind of finding, what is no finding, costs, formats, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace weir::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RulesLint : public testing::Test {
 protected:
  int lint(std::string_view rules, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"rules", "lint", directory_.file("rules.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    write_file(directory_.file("rules.json"), rules);
    const int exit_code =
        run_to_end(directory_, "lint", arguments, {.input = {}, .environment = {}});
    output_ = read_file(directory_.file("lint.out"));
    errors_ = read_file(directory_.file("lint.err"));
    return exit_code;
  }
  // "kind rule path" of each finding.
  std::vector<std::string> findings(std::string_view rules) {
    const int exit_code = lint(rules, {"--json"});
    std::vector<std::string> out;
    report_ = Json::parse(output_);
    for (const Json& finding : report_["findings"]) {
      out.push_back(finding["kind"].get<std::string>() + " " + finding["rule"].get<std::string>() +
                    " " + finding["path"].get<std::string>());
    }
    EXPECT_EQ(exit_code, out.empty() ? 0 : 1) << rules;
    return out;
  }

  TempDir directory_;
  Json report_;
  std::string output_;
  std::string errors_;
};

TEST_F(RulesLint, SoundRulesAreClean) {
  EXPECT_THAT(findings(R"({
    "a": {"x":["1",1,{"prefix":"ab"},{"suffix":"ab"},{"wildcard":"*ab*"},null,"::1"]},
    "b": {"x":["1",1,{"prefix":"ab"},{"suffix":"ab"},{"wildcard":"*ab*"},null]},
    "c": {"x":[{"exists":true}],"y":[{"exists":false}],"z":[{"exists":false},"q"]},
    "d": {"$or":[{"x":["1"]},{"y":["1"]}]},
    "e": {"x":[{"anything-but":["q","r"]},"q"],"x.y":[{"numeric":[">",1,"<=",2]},1]},
    "f": {"x":[{"cidr":"10.0.0.0/8"},"11.0.0.1",{"equals-ignore-case":"q"},"q"]}})"),
              IsEmpty());
}

TEST_F(RulesLint, RulesThatMeanTheSame) {
  EXPECT_THAT(findings(R"({
    "a": {"x":["1",2],"y":{"z":[{"exists":false}]}},
    "b": "{ \"y.z\" : [{\"exists\":false}], \"\\u0078\":[2.0,\"1\"] }",
    "c": {"x":["1",3],"y":{"z":[{"exists":false}]}},
    "d": {"$or":[{"p":[1]},{"q":[{"anything-but":["k","l"]}]}]},
    "e": {"$or":[{"q":[{"anything-but":["l","k"]}]},{"p":[1e0]}]},
    "f": {"x":[{"wildcard":"ab*"}]},
    "g": {"x":[{"prefix":"ab"}]}})"),
              ElementsAre("duplicate b ", "duplicate e ", "duplicate g "));
  EXPECT_EQ(report_["findings"][0]["message"], "asks the same as rule 'a'");
}

TEST_F(RulesLint, RulesThatNeverOrAlwaysMatch) {
  EXPECT_THAT(findings(R"({
    "never": {"y":[1],"n":[{"numeric":[">",1.7976931348623157e308]}]},
    "narrow": {"n":[{"numeric":[">",1,"<",1.0000000000000002]}]},
    "half": {"$or":[{"n":[{"numeric":["<",-1.7976931348623157e308]}]},{"m":[1]}]},
    "all": {"a":[{"exists":true},{"exists":false}],"b":[{"exists":false},{"exists":true}]},
    "some": {"a":[{"exists":true},{"exists":false}],"b":[1]}})"),
              ElementsAre("dead-value never n", "never-matches never ", "dead-value narrow n",
                          "never-matches narrow ", "dead-value half n", "never-matches half ",
                          "matches-all all "));
}

TEST_F(RulesLint, PartsThatDoNothing) {
  EXPECT_THAT(findings(R"({
    "twice": {"a":{"b":["x"]},"a.b":["y"]},
    "name": {"k":{"$or":["q"]}},
    "values": {"a":["abc",{"prefix":"ab"}],"b":[5,{"numeric":[">",4]}],"c":["q","\u0071"],
               "d":["x.png",{"wildcard":"*a*.png"},{"suffix":".png"}],
               "e":["10.1.2.3",{"cidr":"10.0.0.0/8"}],"f":[{"exists":true},"x"],
               "g":["s",{"wildcard":"*"}],"h":[{"anything-but":"q"},{"prefix":"q"}]}})"),
              ElementsAre("overridden twice ", "or-as-name name k.$or", "redundant values a",
                          "redundant values b", "redundant values c", "redundant values d",
                          "redundant values d", "redundant values e", "redundant values f",
                          "redundant values g", "redundant values h"));
}

TEST_F(RulesLint, ListsThatOrReplaces) {
  EXPECT_THAT(findings(R"({
    "before": {"a":["z"],"$or":[{"a":["x"]},{"b":["y"]}]},
    "behind": {"$or":[{"a":["x"]},{"b":["y"]}],"a":["z"]},
    "deep": {"k":{"a":["z"]},"$or":[{"k":{"a":["x"],"b":["y"]}},{"k":{"b":["q"]}}]},
    "fine": {"c":["z"],"$or":[{"a":["x"]},{"a":["y"]}]}})"),
              ElementsAre("overridden before a", "overridden behind ", "overridden deep k.a"));
  EXPECT_THAT(report_["findings"][0]["message"].get<std::string>(), HasSubstr("in 1 of the 2"));
}

TEST_F(RulesLint, ExclusionsThatUndoEachOther) {
  EXPECT_THAT(findings(R"({
    "two": {"a":[{"anything-but":"x"},{"anything-but":["y","z"]}]},
    "common": {"a":[{"anything-but":["x","y"]},{"anything-but":["y","z"]}]},
    "perhaps": {"a":[{"anything-but":"x"},{"anything-but":{"prefix":"y"}}]}})"),
              ElementsAre("redundant two a"));
}

TEST_F(RulesLint, CostsAndFields) {
  EXPECT_THAT(findings(R"({
    "plain": {"a":{"b":["x","y"]}},
    "or": {"a.b":["z"],"$or":[{"c":[{"wildcard":"p*q\\*r*"}]},
                              {"c":[{"anything-but":{"wildcard":["*k*l*","m"]}}],"d":[1]}]}})"),
              IsEmpty());
  const Json& plain = report_["rules"][0];
  EXPECT_EQ(plain["name"], "plain");
  EXPECT_EQ(plain["fields"], 1);
  EXPECT_EQ(plain["sub_rules"], 1);
  EXPECT_EQ(plain["values"], 2);
  EXPECT_EQ(plain["wildcard_parts"], 0);
  const Json& with_or = report_["rules"][1];
  EXPECT_EQ(with_or["fields"], 3);
  EXPECT_EQ(with_or["sub_rules"], 2);
  EXPECT_EQ(with_or["conditions"], 5);
  EXPECT_EQ(with_or["values"], 5);
  EXPECT_EQ(with_or["wildcard_parts"], 4);
  EXPECT_EQ(plain["states"], 2);
  EXPECT_EQ(plain["work"], 1 + 2);
  EXPECT_EQ(with_or["states"], 1 + 8 + 6 + 1 + 1) << "z, p*q\\*r*, *k*l*, m, 1";
  EXPECT_EQ(with_or["work"], 5 + 5 + 4);
  EXPECT_GT(with_or["bytes"].get<int>(), plain["bytes"].get<int>());
  EXPECT_LE(with_or["bytes"].get<int>() + plain["bytes"].get<int>(), report_["bytes"].get<int>());
  EXPECT_EQ(report_["fields"].dump(),
            R"([{"path":"a.b","rules":2},{"path":"c","rules":1},{"path":"d","rules":1}])");
}

TEST_F(RulesLint, StatesAreLinearInTheText) {
  EXPECT_THAT(findings(R"({
    "one": {"a":[5,true,{"numeric":[">",1,"<",3]},{"prefix":"abc"},{"suffix":"abcdef"}]},
    "cased": {"b":[{"equals-ignore-case":"abc"},
                   {"prefix":{"equals-ignore-case":"stra\u00dfe"}}]}})"),
              IsEmpty());
  EXPECT_EQ(report_["rules"][0]["states"], 3 + 2 + 2);
  EXPECT_EQ(report_["rules"][1]["states"], 2 + 7);
}

TEST_F(RulesLint, TheTableNamesPlaces) {
  EXPECT_EQ(lint("{\"one\":{\"x\":[1]},\n \"two\":{\"k\":[1],\"x\":[1,1]},\n"
                 " \"text\":\"{\\\"x\\\":[1]}\"}"),
            1);
  EXPECT_THAT(output_, HasSubstr("rules.json:2:21: redundant: rule 'two': at 'x': "));
  EXPECT_THAT(output_, HasSubstr("rules.json:3:9: duplicate: rule 'text': asks the same as rule "
                                 "'one'\n"));
  EXPECT_THAT(output_, HasSubstr("3 rules, 2 fields, "));
  EXPECT_THAT(output_, HasSubstr("; 2 findings\n"));
  EXPECT_EQ(lint(R"({"one":{"x":[1]}})"), 0);
  EXPECT_THAT(output_, HasSubstr("; nothing found\n"));
  EXPECT_EQ(lint("{}"), 0);
}

TEST_F(RulesLint, LimitsCanBeChanged) {
  constexpr std::string_view kRule = R"({"r":{"$or":[{"x":["q"]},{"y":[1]}]}})";
  EXPECT_EQ(lint(kRule, {"--limit", "or_combinations=1"}), 2);
  EXPECT_THAT(errors_, HasSubstr("(raise limits.or_combinations)"));
  EXPECT_EQ(lint(kRule, {"--limit", "or_combinations=2", "--limit", "or_fields=2"}), 0);
}

TEST_F(RulesLint, InvalidRulesAreToldAll) {
  EXPECT_EQ(lint("{\"a\":{\"x\":[]},\n\"b\":{\"x\":[1]},\n\"c\":{\"x\":1}}"), 2);
  EXPECT_EQ(output_, "");
  EXPECT_THAT(errors_, HasSubstr("rules.json:1:11: rule 'a': "));
  EXPECT_THAT(errors_, HasSubstr("rules.json:3:10: rule 'c': "));
  EXPECT_EQ(lint("[]"), 2);
}

}  // namespace
}  // namespace weir::e2e
