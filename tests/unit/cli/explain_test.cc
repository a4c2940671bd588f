// weir match --explain: what decided, near misses, sub-rules, and agreement with weir match.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace weir::e2e {
namespace {

using testing::HasSubstr;

class Explain : public testing::Test {
 protected:
  int run(const std::string& rules, const std::string& events, std::vector<std::string> more) {
    write_file(directory_.file("rules.json"), rules);
    write_file(directory_.file("events"), events);
    std::vector<std::string> arguments = {"match", "--rules", directory_.file("rules.json"),
                                          "--events", directory_.file("events")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const int exit_code =
        run_to_end(directory_, "explain", arguments, {.input = {}, .environment = {}});
    output_ = read_file(directory_.file("explain.out"));
    errors_ = read_file(directory_.file("explain.err"));
    return exit_code;
  }
  // The explanation of one event.
  Json why(const std::string& pattern, const std::string& event) {
    EXPECT_EQ(run("{\"r\":" + pattern + "}", event, {"--explain", "r"}), 0) << errors_;
    return Json::parse(output_);
  }
  // The hint of the only field that decided.
  std::string hint(const std::string& pattern, const std::string& event) {
    const Json told = why(pattern, event);
    EXPECT_FALSE(told["match"]) << told;
    EXPECT_EQ(told["because"].size(), 1U) << told;
    return told["because"][0].value("hint", "");
  }

  TempDir directory_;
  std::string output_;
  std::string errors_;
};

TEST_F(Explain, AMatchNamesEachFieldAndTheValueThatMetIt) {
  EXPECT_EQ(why("{ \"a\" : { \"b\" : [\n 1, \"x\\\" y\" ] },\n\"c\":[{\"exists\":false}] }",
                R"({"a":{"b":["z",{"k":1},"x\" y"]}})")
                .dump(),
            R"({"line":1,"match":true,"because":[)"
            R"({"path":"a.b","value":"x\" y","condition":[1,"x\" y"]},)"
            R"({"path":"c","condition":[{"exists":false}]}]})");
  EXPECT_EQ(std::count(output_.begin(), output_.end(), '\n'), 1);
}

TEST_F(Explain, OnlyTheFieldsThatHoldItBackAreTold) {
  const Json told = why(R"({"a":[1],"b":[2],"c":[{"numeric":[">",5]}]})", R"({"a":1,"b":3,"c":5})");
  EXPECT_EQ(told["because"].dump(), R"([{"path":"b","value":3,"condition":[2]},)"
                                    R"({"path":"c","value":5,"condition":[{"numeric":[">",5]}]}])");
}

TEST_F(Explain, NearMisses) {
  EXPECT_EQ(hint(R"({"a":["Stop",{"prefix":"Run"}]})", R"({"a":"runInstances"})"),
            "it differs in case only");
  EXPECT_EQ(hint(R"({"a":[{"numeric":[">",5]}]})", R"({"a":"6"})"),
            "it is a string, where 6 without quotes would do");
  EXPECT_EQ(hint(R"({"a":[true]})", R"({"a":"true"})"),
            "it is a string, where true without quotes would do");
  EXPECT_EQ(hint(R"({"a":["6"]})", R"({"a":6})"), "it is 6, where the string \"6\" would do");
  EXPECT_EQ(hint(R"({"a":["x"]})", R"({"a":" x  "})"), "blanks around it make the difference");
  EXPECT_EQ(hint(R"({"a":[{"numeric":[">",5]}]})", R"({"a":9007199254740993})"),
            "it has more digits, or a larger exponent, than numbers can be compared by");
  EXPECT_EQ(hint(R"({"a":[{"cidr":"10.0.0.0/8"}]})", R"({"a":"10.1.2.3:80"})"),
            "'10.1.2.3' without ':80' would do");
  EXPECT_EQ(hint(R"({"a":[{"cidr":"10.0.0.0/8"}]})", R"({"a":"11.1.2.3:80"})"), "");
  EXPECT_EQ(hint(R"({"a":[{"exists":false}]})", R"({"a":null})"),
            "null is a value; the rule asks for none");
  EXPECT_EQ(hint(R"({"a":["x"]})", R"({"a":"y"})"), "");
  EXPECT_EQ(hint(R"({"a":[{"anything-but":5}]})", R"({"a":5})"), "");
}

TEST_F(Explain, MissingFields) {
  EXPECT_EQ(hint(R"({"a":{"b":["x"]}})", R"({"z":1})"), "the event has no such field");
  EXPECT_EQ(hint(R"({"a":{"bCd":["x"]}})", R"({"a":{"bcd":"x"}})"),
            "the event has no such field, only 'a'; there is 'a.bcd'");
  EXPECT_EQ(hint(R"({"detail":{"name":["x"]}})", R"({"name":"x"})"),
            "the event has no such field; there is 'name'");
  EXPECT_EQ(hint(R"({"a":[null]})", R"({"b":1})"),
            "the event has no such field; null does not mean absent");
  EXPECT_EQ(hint(R"({"a":[{"anything-but":"null"}]})", R"({"b":1})"),
            "the event has no such field");
  EXPECT_EQ(hint(R"({"a":{"b":["x"]}})", R"({"a":"{\"b\":\"x\"}"})"),
            "the event has no such field, only 'a', which is a string that looks like JSON");
  EXPECT_EQ(hint(R"({"a":["x"]})", R"({"a":{"b":"x"}})"),
            "an object stands there, which is no value; its members are fields");
  EXPECT_EQ(hint(R"({"a":[{"exists":true}]})", R"({"a":[]})"), "an empty list stands there");
  EXPECT_THAT(hint(R"({"a":["x"]})", R"({"b":{"\ud800.a":"x"}})"), HasSubstr("\xef\xbf\xbd"));
}

TEST_F(Explain, AStringMayBeAsLongAsInAnyEvent) {
  const std::string filler(20'000'000, 'x');
  EXPECT_EQ(why(R"({"a":[1]})", R"({"a":1,"b":")" + filler + "\"}")["match"], true);
}

TEST_F(Explain, SubRules) {
  const std::string pattern = R"({"$or":[{"a":[1],"b":[2],"c":[3]},{"a":[5]},{"d":[1],"e":[2]}]})";
  Json told = why(pattern, R"({"a":5})");
  EXPECT_EQ(told["match"], true);
  EXPECT_EQ(told["sub_rule"], 2);
  told = why(pattern, R"({"a":1,"b":2,"c":9})");
  EXPECT_EQ(told["sub_rule"], 1) << "the nearest, and the first of those";
  EXPECT_EQ(told["because"].dump(), R"([{"path":"c","value":9,"condition":[3]}])");
  told = why(R"({"$or":["q"]})", R"({"$or":"q"})");
  EXPECT_EQ(told["match"], true) << "a field named so";
  told = why(R"({"\ud800\"é":{"\udc00":["q"]}})", R"({"\ud800\"é":{"\udc00":"q"}})");
  EXPECT_EQ(told["match"], true) << "names that are no UTF-8";
  EXPECT_EQ(told["because"][0]["value"], "q");
}

TEST_F(Explain, ElementsOfOneList) {
  const Json told =
      why(R"({"e":{"f":["A"],"l":["J"]}})", R"({"e":[{"f":"A","l":"S"},{"f":"P","l":"J"}]})");
  EXPECT_EQ(told["match"], false);
  EXPECT_EQ(told["because"].size(), 2U);
  EXPECT_EQ(told["hint"], "each field alone is met, but not in the same element of a list");
}

TEST_F(Explain, AgreesWithMatch) {
  const std::vector<std::string> patterns = {
      R"({"a":["x",1]})", R"({"a":[{"anything-but":"x"}],"b":[{"exists":true}]})",
      R"({"a.b":[{"wildcard":"*y*z"}],"a":{"c":[{"exists":false}]}})",
      R"({"$or":[{"a":[{"prefix":"x"}]},{"b":["10.0.0.1",{"cidr":"10.1.0.0/16"}]}]})",
      R"({"a":["x"],"$or":[{"a":["y"]},{"b":[null,true]}]})"};
  const std::vector<std::string> values = {"\"x\"",
                                           "1",
                                           "1.0",
                                           "\"10.0.0.1\"",
                                           "\"10.1.2.3\"",
                                           "null",
                                           "[]",
                                           "[\"x\",\"y\"]",
                                           R"({"b":"yz"})",
                                           R"([{"b":"yyzz"},{"c":1}])",
                                           R"([{"b":"yyzz","c":1}])"};
  std::string events = "\n";
  for (const std::string& a : values) {
    for (const std::string& b : values) events += "{\"a\":" + a + ",\"b\":" + b + "}\n";
  }
  for (const std::string& pattern : patterns) {
    const std::string rules = "{\"r\":" + pattern + "}";
    ASSERT_EQ(run(rules, events, {}), 0);
    std::string expected;
    std::string found;
    const auto flags = [&](std::string_view yes, std::string& out) {
      for (std::size_t at = 0; at < output_.size();) {
        const std::size_t end = output_.find('\n', at);
        const std::string line = output_.substr(at, end - at);
        out += line.substr(0, line.find(',')) + (line.find(yes) != line.npos ? " yes\n" : " no\n");
        EXPECT_TRUE(Json::accept(line)) << line;
        at = end + 1;
      }
    };
    flags("[\"r\"]", expected);
    ASSERT_EQ(run(rules, events, {"--explain", "r"}), 0);
    flags("\"match\":true", found);
    EXPECT_EQ(found, expected) << pattern;
    EXPECT_THAT(expected, HasSubstr("yes"));
  }
}

TEST_F(Explain, BadInput) {
  EXPECT_EQ(run(R"({"r":{"a":[1]}})", "{\"a\":1}\n{\"a\":}\n{\"a\":2}", {"--explain", "r"}), 1);
  EXPECT_THAT(output_, HasSubstr("{\"line\":2,\"error\":\"not valid JSON at byte 6\"}\n"));
  EXPECT_THAT(output_, HasSubstr("{\"line\":3,\"match\":false"));
  EXPECT_EQ(run(R"({"rule":{"a":[1]}})", "", {"--explain", "rul"}), 2);
  EXPECT_THAT(errors_, HasSubstr("no rule 'rul' in "));
  EXPECT_THAT(errors_, HasSubstr("did you mean 'rule'?"));
  EXPECT_EQ(run(R"({"r":{"a":[1]}})", "{\"a\":1}", {"--explain", ""}), 2)
      << "no rule has such a name";
  EXPECT_EQ(run(R"({"r":{"a":[]}})", "", {"--explain", "r"}), 2);
  EXPECT_THAT(errors_, HasSubstr("rule 'r': "));
  EXPECT_EQ(run(R"({"r":{"a":[1]}})", "", {"--explain", "r", "--count"}), 2);
}

}  // namespace
}  // namespace weir::e2e
