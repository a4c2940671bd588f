// The doors of the Matcher: lines and their ends, refusals and their kinds, envelopes, flat
// records.
#include "core/match/matcher.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "core/rule/rule_set.h"
#include "tests/unit/match/rules_of.h"

namespace weir {
namespace {

using testing::Test;

struct Lines {
  std::string text;
  LineResults results;
  std::string_view line(std::size_t i) const {
    return std::string_view(text).substr(results.lines[i].offset, results.lines[i].length);
  }
  std::vector<RuleIndex> matches(std::size_t i) const {
    const auto found = results.matches_of(results.lines[i]);
    return {found.begin(), found.end()};
  }
};

Lines match(const RuleSet& rules, std::string text, const EnvelopeValues* envelope = nullptr) {
  Lines out;
  const std::size_t size = text.size();
  out.text = std::move(text);
  out.text.append(Matcher::kMatchPadding, '\n');
  Matcher matcher;
  matcher.match_lines(rules, std::string_view(out.text).substr(0, size), out.results, envelope);
  return out;
}

EventError error_of(std::string_view event, std::uint32_t* offset = nullptr) {
  static const auto rules = rules_of({R"({"a":["x"]})", R"({"b":{"c":[{"exists":true}]}})"});
  Matcher matcher;
  std::vector<RuleIndex> found;
  return matcher.match_event(*rules, event, found, offset);
}

TEST(MatchLines, CountsBlankLinesAndTrimsCarriageReturns) {
  const auto rules = rules_of({R"({"a":["x"]})"});
  const Lines lines = match(*rules, "\n{\"a\":\"x\"}\r\n \t\r\n\n{\"a\":\"y\"}\n  {\"a\":\"x\"} ");
  EXPECT_EQ(lines.results.physical_lines, 6U);
  ASSERT_EQ(lines.results.lines.size(), 3U);
  EXPECT_EQ(lines.results.lines[0].line, 2U);
  EXPECT_EQ(lines.line(0), "{\"a\":\"x\"}");
  EXPECT_EQ(lines.matches(0), std::vector<RuleIndex>{0});
  EXPECT_EQ(lines.results.lines[1].line, 5U);
  EXPECT_TRUE(lines.matches(1).empty());
  EXPECT_EQ(lines.results.lines[2].line, 6U);
  EXPECT_EQ(lines.line(2), "  {\"a\":\"x\"} ");
  EXPECT_EQ(lines.matches(2), std::vector<RuleIndex>{0});
}

TEST(MatchLines, NothingAtAll) {
  const auto rules = rules_of({R"({"a":["x"]})"});
  EXPECT_TRUE(match(*rules, "").results.lines.empty());
  EXPECT_EQ(match(*rules, "\n").results.physical_lines, 1U);
  EXPECT_TRUE(match(*rules_of({}), "{}\n").matches(0).empty());
}

TEST(MatchLines, MatchesAreAscendingAndUnique) {
  const auto rules = rules_of({R"({"b":[1]})", R"({"$or":[{"a":["x"]},{"b":[1]}]})",
                               R"({"c":[{"exists":false}]})", R"({"a":["x"]})"});
  const Lines lines = match(*rules, "{\"a\":\"x\",\"b\":1}\n{\"b\":1,\"a\":\"x\",\"c\":0}\n");
  EXPECT_EQ(lines.matches(0), (std::vector<RuleIndex>{0, 1, 2, 3}));
  EXPECT_EQ(lines.matches(1), (std::vector<RuleIndex>{0, 1, 3}));
}

// Whatever a bad line holds, the lines around it get their own verdicts.
TEST(MatchLines, BadLineNeverSpoilsItsNeighbours) {
  const auto rules = rules_of({R"({"a":["x"]})", R"({"a":[{"exists":true}]})"});
  const std::vector<std::string> bad = {"{\"a\":\"x",
                                        "\"",
                                        "{\"a\":\"x\"",
                                        "{\"a\":[[[[",
                                        "}",
                                        "]",
                                        "{\"a\":\"\\\"}",
                                        "{\"a\":\"x\\",
                                        "\\",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":\"\xc3",
                                        "{\"a\":\"\x01\"}",
                                        "{\"a\":1}{\"a\":1}",
                                        "{\"a\":1},",
                                        "{\"a\":1}]",
                                        "{\"a\":tru}",
                                        "{\"a\":01}",
                                        "{\"a\":\"\\x\"}",
                                        "[1]",
                                        "5",
                                        "\"s\"",
                                        "null",
                                        "{\"a\":{\"b\":\"\\u12\"}}",
                                        "{\"z\":\"\\q\"}",
                                        "\xef\xbb\xbf{}",
                                        "{\"a\":{}",
                                        "{\"a\":1,}",
                                        "{,}",
                                        "{\"a\" 1}",
                                        "{\"a\":}",
                                        "{1:2}",
                                        "{\"a\":1 2}",
                                        "{\"a\":\"x\"\"y\"}",
                                        "{\"a\":1\"y\"}",
                                        "'a'",
                                        "//",
                                        "\x01",
                                        "{\"a\":-}",
                                        "{\"a\":1.}",
                                        "{\"a\":1e}",
                                        "{\"a\":.5}"};
  for (const std::string& first : bad) {
    for (const std::string& second : {std::string("{\"a\":\"x\"}"),
                                      std::string("{\"a\":\"\\u0078\"}"), bad[1], bad[0], first}) {
      const Lines lines =
          match(*rules, "{\"a\":\"x\"}\n" + first + "\n" + second + "\n{\"a\":\"x\"}\n");
      ASSERT_EQ(lines.results.lines.size(), 4U) << first;
      EXPECT_EQ(lines.matches(0), (std::vector<RuleIndex>{0, 1})) << first;
      EXPECT_NE(lines.results.lines[1].error, EventError::none) << first;
      EXPECT_TRUE(lines.matches(1).empty()) << first;
      EXPECT_EQ(lines.matches(3), (std::vector<RuleIndex>{0, 1})) << first << "\n" << second;
      EXPECT_EQ(lines.results.lines[3].error, EventError::none) << first << "\n" << second;
      EXPECT_EQ(lines.line(1), first);
    }
  }
}

TEST(MatchLines, ManyRunsAndLongLines) {
  const auto rules = rules_of({R"({"n":[777]})", R"({"long":[{"suffix":"end"}]})"});
  std::string text;
  for (int i = 0; i < 30000; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
  text += "{\"long\":\"" + std::string(400'000, 'a') + "end\"}\n";
  text += "{\"n\":777}";
  const Lines lines = match(*rules, std::move(text));
  ASSERT_EQ(lines.results.lines.size(), 30002U);
  for (std::size_t i = 0; i < 30000; ++i) {
    ASSERT_EQ(lines.matches(i).size(), i == 777 ? 1U : 0U) << i;
    ASSERT_EQ(lines.results.lines[i].line, i + 1);
  }
  EXPECT_EQ(lines.matches(30000), std::vector<RuleIndex>{1});
  EXPECT_EQ(lines.matches(30001), std::vector<RuleIndex>{0});
}

TEST(MatchLines, InPartsAsInOne) {
  const auto rules =
      rules_of({R"({"a":["x"]})", R"({"a":[{"exists":true}]})", R"({"z":[{"exists":false}]})"});
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text += i % 7 == 0   ? "\n"
            : i % 5 == 0 ? "{\"a\":tru}\r\n"
            : i % 3 == 0 ? "{\"a\":\"x\"}\r\n"
                         : "{\"z\":" + std::to_string(i) + "}\n";
  }
  for (const std::string last : {"", "{\"a\":\"x\"}", "{\"a\":\"\xff\"}", "{\"a\":", "  "}) {
    const Lines whole = match(*rules, text + last);
    const std::string_view all = std::string_view(whole.text).substr(0, text.size() + last.size());
    for (const std::size_t most : {1U, 2U, 3U, 10U, 1000U}) {
      Matcher matcher;
      std::vector<std::tuple<std::size_t, std::uint32_t, std::uint32_t, EventError, std::size_t>>
          expected, found;
      for (const LineResult& line : whole.results.lines) {
        expected.emplace_back(line.offset, line.length, line.line, line.error, line.match_count);
      }
      std::uint32_t lines = 0;
      std::size_t parts = 0;
      for (std::size_t done = 0; done < all.size(); ++parts) {
        LineResults results;
        const std::size_t taken =
            matcher.match_some_lines(*rules, all.substr(done), results, nullptr, most);
        ASSERT_GT(taken, 0U);
        EXPECT_LT(results.matches.size(), most + 3);
        for (const LineResult& line : results.lines) {
          found.emplace_back(done + line.offset, line.length, lines + line.line, line.error,
                             line.match_count);
        }
        lines += results.physical_lines;
        done += taken;
      }
      EXPECT_EQ(found, expected) << last << " " << most;
      EXPECT_EQ(lines, whole.results.physical_lines);
      EXPECT_EQ(parts > 1, most < 1000) << parts;
    }
  }
}

TEST(MatchLines, OneMatcherServesManyRuleSets) {
  Matcher matcher;
  const std::string text = "{\"a\":\"x\",\"b\":[{\"c\":1},{\"d\":2}]}\n" + std::string(128, '\n');
  for (std::size_t count = 1; count < 200; count += 37) {
    std::vector<std::string> patterns;
    for (std::size_t i = 0; i < count; ++i) {
      patterns.push_back("{\"a\":[\"" + std::to_string(i) + "\",\"x\"],\"b\":{\"c\":[1]}}");
    }
    const auto split = rules_of({R"({"b":{"c":[1],"d":[2]}})"});
    for (const auto& [rules, expected] :
         {std::pair(rules_of(patterns), count), std::pair(split, std::size_t{0})}) {
      LineResults results;
      matcher.match_lines(*rules, std::string_view(text).substr(0, text.size() - 128), results);
      ASSERT_EQ(results.lines.size(), 1U);
      EXPECT_EQ(results.matches.size(), expected);
      EXPECT_EQ(results.lines[0].match_count, expected);
    }
  }
}

TEST(MatchEvent, KindsOfRefusalAndTheirPlaces) {
  const auto check = [](std::string_view event, EventError error, std::uint32_t offset) {
    std::uint32_t at = 0;
    EXPECT_EQ(error_of(event, &at), error) << event;
    EXPECT_EQ(at, offset) << event;
  };
  check("{\"a\":1}", EventError::none, 0);
  check("", EventError::truncated, 0);
  check("{\"a\":", EventError::truncated, 5);
  check("{\"a\":\"x", EventError::truncated, 7);
  check("{\"a\":1}}", EventError::malformed, 7);
  check("{\"a\":1} {\"a\":1}", EventError::malformed, 8);
  check("[{\"a\":1}]", EventError::not_object, 0);
  check(" 5", EventError::not_object, 1);
  check("{\"a\":\"\xff\"}", EventError::not_utf8, 6);
  check("{\"a\":\xff}", EventError::not_utf8, 5);
  check("{\"a\":\"\n\"}", EventError::malformed, 6);
  check("{\"zzz\":tru}", EventError::malformed, 10);
  check("{\"zzz\":[1,{\"y\":\"\\x\"}]}", EventError::malformed, 16);
  check("\xef\xbb\xbf{}", EventError::malformed, 0);
}

TEST(MatchEvent, DepthIsBoundedInWantedAndUnwantedFields) {
  for (const std::string name : {"a", "b", "zzz"}) {
    for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"c\":", "}")}) {
      for (const int depth : {999, 1000, 1001, 50'000}) {
        std::string event = "{\"" + name + "\":";
        for (int i = 1; i < depth; ++i) event += open;
        event += "1";
        std::string cut = event;
        for (int i = 1; i < depth; ++i) event += close;
        event += "}";
        EXPECT_EQ(error_of(event), depth <= 1000 ? EventError::none : EventError::too_deep)
            << name << open << depth;
        EXPECT_EQ(error_of(cut), depth <= 1000 ? EventError::truncated : EventError::too_deep);
      }
    }
  }
}

TEST(MatchEvent, EveryCutOfAnEventIsRefused) {
  const std::string event =
      R"({"a":"x\u00e9é","b":{"c":[1.5e3,{"d":true}],"e":null},"zzz":[[],{},"\\\""]})";
  ASSERT_EQ(error_of(event), EventError::none);
  for (std::size_t i = 0; i < event.size(); ++i) {
    EXPECT_NE(error_of(event.substr(0, i)), EventError::none) << i;
  }
}

TEST(MatchEvent, BackslashRunsAndQuotesAtEveryOffset) {
  const auto rules = rules_of({R"({"a":[{"suffix":"\\"}]})", R"({"z":["q"]})"});
  Matcher matcher;
  for (int run = 1; run <= 130; ++run) {
    for (int shift = 0; shift < 66; ++shift) {
      const std::string event = "{" + std::string(static_cast<std::size_t>(shift), ' ') +
                                "\"a\":\"" + std::string(static_cast<std::size_t>(run), '\\') +
                                "\",\"z\":\"q\"}";
      std::vector<RuleIndex> found;
      const EventError error = matcher.match_event(*rules, event, found);
      if (run % 2 == 0) {
        ASSERT_EQ(error, EventError::none) << run << " " << shift;
        ASSERT_EQ(found, (std::vector<RuleIndex>{0, 1}));
      } else {
        ASSERT_NE(error, EventError::none) << run << " " << shift;
      }
    }
  }
}

TEST(MatchEvent, PrettyPrintedTextIsOneEvent) {
  const auto rules = rules_of({R"({"a":{"b":[1]}})"});
  Matcher matcher;
  std::vector<RuleIndex> found;
  EXPECT_EQ(matcher.match_event(*rules, "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n", found),
            EventError::none);
  EXPECT_EQ(found, std::vector<RuleIndex>{0});
}

TEST(MatchEvent, LimitsOfNamesAndNumbers) {
  const auto name = [](std::size_t n) { return "{\"" + std::string(n, 'n') + "\":1}"; };
  const auto inner = [&name](std::size_t n) { return "{\"zzz\":" + name(n) + "}"; };
  EXPECT_EQ(error_of(name(50'000)), EventError::none);
  EXPECT_EQ(error_of(name(50'001)), EventError::malformed);
  EXPECT_EQ(error_of(inner(50'000)), EventError::none);
  EXPECT_EQ(error_of(inner(50'001)), EventError::malformed);
  EXPECT_EQ(error_of("{\"a\":" + std::string(1000, '7') + "}"), EventError::none);
  EXPECT_EQ(error_of("{\"a\":" + std::string(1001, '7') + "}"), EventError::malformed);
  EXPECT_EQ(error_of("{\"z\":" + std::string(1001, '7') + "}"), EventError::malformed);
}

TEST(MatchEvent, LimitOfStrings) {
  for (const std::string name : {"a", "zzz"}) {
    const std::string begin = "{\"" + name + "\":[0,\"" + std::string(20'000'000, 's');
    EXPECT_EQ(error_of(begin + "\"]}"), EventError::none);
    EXPECT_EQ(error_of(begin + "s\"]}"), EventError::malformed);
  }
}

TEST(MatchEvent, RulesThatNearlyAllMatchComeInOrderAndWithoutThoseThatDoNot) {
  // Rules of three kinds in turn: any street but two, no field of a name, and one district; numbers
  // of the rules so that their runs interleave.
  constexpr std::uint32_t kRules = 600;
  std::vector<std::string> patterns;
  for (std::uint32_t i = 0; i < kRules; ++i) {
    const std::string n = std::to_string(i);
    if (i % 3 == 0) {
      patterns.push_back(R"({"street":[{"anything-but":["s)" + n + "\",\"t" +
                         std::to_string(i % 7) + "\"]}]}");
    } else if (i % 3 == 1) {
      patterns.push_back(R"({"none)" + n + R"(":[{"exists":false}],"none)" + std::to_string(i % 5) +
                         R"(":[{"exists":false}]})");
    } else {
      patterns.push_back(R"({"district":[")" + std::to_string(i % 4) + "\"]}");
    }
  }
  const auto rules = rules_of(patterns);
  Matcher matcher;
  const auto expect = [&](const std::string& event, auto matches) {
    std::vector<RuleIndex> found;
    ASSERT_EQ(matcher.match_event(*rules, event, found), EventError::none);
    std::vector<RuleIndex> expected;
    for (std::uint32_t i = 0; i < kRules; ++i) {
      if (matches(i)) expected.push_back(i);
    }
    EXPECT_EQ(found, expected) << event;
  };
  expect("{}", [](std::uint32_t i) { return i % 3 == 1; });
  expect(R"({"street":"x","district":"1"})",
         [](std::uint32_t i) { return i % 3 != 2 || i % 4 == 1; });
  expect(R"({"street":"s3","none4":1,"none7":1})", [](std::uint32_t i) {
    return (i % 3 == 0 && i != 3) || (i % 3 == 1 && i % 5 != 4 && i != 4 && i != 7);
  });
  expect(R"({"street":"t3","district":["0","2"]})", [](std::uint32_t i) {
    return (i % 3 == 0 && i % 7 != 3) || i % 3 == 1 || (i % 3 == 2 && i % 2 == 0);
  });
  // An exclusion has to take every value.
  expect(R"({"street":["t3","s6"]})", [](std::uint32_t i) { return i % 3 != 2; });
  expect(R"({"street":["t6","s6"]})", [](std::uint32_t i) { return i % 3 != 2 && i != 6; });
}

TEST(MatchEvent, NamesOfManyLengthsAndSpellings) {
  // Dots, lengths at the edges of words and of what is remembered, and a quote that no plain text
  // of an event can spell.
  const auto found = [](const std::string& pattern, const std::string& event) {
    std::vector<RuleIndex> out;
    Matcher matcher;
    EXPECT_EQ(matcher.match_event(*rules_of({pattern}), event, out), EventError::none) << event;
    return !out.empty();
  };
  for (const std::size_t size :
       {1U, 7U, 8U, 9U, 15U, 16U, 17U, 24U, 25U, 61U, 62U, 63U, 64U, 65U, 200U}) {
    const std::string name(size, 'n');
    const std::string flat = "{\"" + name + "\":[1]}";
    EXPECT_TRUE(found(flat, "{\"" + name + "\":1}")) << size;
    EXPECT_TRUE(found(flat, "{\"" + name + "\" : 1}")) << size;
    EXPECT_TRUE(found(flat, "{\"\\u006e" + name.substr(1) + "\":1}")) << size;
    EXPECT_FALSE(found(flat, "{\"" + name + "n\":1}")) << size;
    EXPECT_FALSE(found(flat, "{\"" + name.substr(1) + "\":1}")) << size;
    EXPECT_FALSE(found(flat, "{\"" + name.substr(1) + "m\":1}")) << size;
    const std::string nested = "{\"a\":{\"" + name + "\":{\"b\":[1]}}}";
    EXPECT_TRUE(found(nested, "{\"a\":{\"" + name + "\":{\"b\":1}}}")) << size;
    EXPECT_TRUE(found(nested, "{\"a." + name + "\":{\"b\":1}}")) << size;
    EXPECT_TRUE(found(nested, "{\"a." + name + ".b\":1}")) << size;
    EXPECT_TRUE(found(nested, "{\"a\":{\"" + name + ".b\":1}}")) << size;
    EXPECT_FALSE(found(nested, "{\"a." + name + ".c\":1}")) << size;
  }
  EXPECT_FALSE(found(R"({"a\":1":{"5,":[1.5]}})", R"({"a":1.5,"b":2})"));
  EXPECT_TRUE(found(R"({"a\":1":{"5,":[1.5]}})", R"({"a\":1":{"5,":1.5}})"));
  EXPECT_TRUE(found(R"({"":[1]})", R"({"":1})"));
}

TEST(Envelope, RecordIsMatchedBelowThePrefixBesideTheConstants) {
  const auto rules = rules_of(
      {R"({"source":["weir.flow"],"detail":{"action":["REJECT"]}})", R"({"action":["REJECT"]})",
       R"({"detail":{"n":[5]},"id":[{"exists":true}]})", R"({"source":["other"]})"});
  const std::vector<FlatValue> constants = {
      {*rules->find_path("source"), FlatValue::string, "weir.flow"}};
  const EnvelopeValues envelope{constants, "detail"};
  const Lines lines =
      match(*rules, "{\"action\":\"REJECT\",\"n\":5}\n{\"action\":\"x\"}\n", &envelope);
  EXPECT_EQ(lines.matches(0), std::vector<RuleIndex>{0});
  EXPECT_TRUE(lines.matches(1).empty());
  // No rule reads the prefix: the record is checked all the same.
  const auto others = rules_of({R"({"source":["weir.flow"]})"});
  const std::vector<FlatValue> same = {
      {*others->find_path("source"), FlatValue::string, "weir.flow"}};
  const EnvelopeValues unread{same, "detail"};
  const Lines checked = match(*others, "{\"a\":1}\n{\"a\":01}\n", &unread);
  EXPECT_EQ(checked.matches(0), std::vector<RuleIndex>{0});
  EXPECT_EQ(checked.results.lines[1].error, EventError::malformed);
}

TEST(MatchFlat, AnswersLikeTheSameRecordAsJson) {
  const auto rules = rules_of({R"({"action":["REJECT"],"bytes":[{"numeric":[">",100]}]})",
                               R"({"bytes":[1.5e2]})", R"({"gone":[{"exists":false}],"up":[true]})",
                               R"({"srcaddr":[{"cidr":"10.0.0.0/8"}]})", R"({"none":[null]})"});
  const auto path = [&rules](std::string_view name) { return *rules->find_path(name); };
  const std::vector<FlatValue> values = {{path("action"), FlatValue::string, "REJECT"},
                                         {path("bytes"), FlatValue::number, "150"},
                                         {path("up"), FlatValue::true_, ""},
                                         {path("srcaddr"), FlatValue::string, "10.1.2.3"},
                                         {path("none"), FlatValue::null, ""}};
  Matcher matcher;
  std::vector<RuleIndex> flat;
  matcher.match_flat(*rules, values, flat);
  std::vector<RuleIndex> json;
  ASSERT_EQ(
      matcher.match_event(
          *rules, R"({"action":"REJECT","bytes":150,"up":true,"srcaddr":"10.1.2.3","none":null})",
          json),
      EventError::none);
  EXPECT_EQ(flat, (std::vector<RuleIndex>{0, 1, 2, 3, 4}));
  EXPECT_EQ(flat, json);
  EXPECT_FALSE(rules->find_path("act").has_value());
  EXPECT_FALSE(rules->find_path("action.x").has_value());
}

TEST(MatchFlat, TellsWhenWildcardsCostTooMuch) {
  std::string pattern = R"({"a":[{"prefix":"x"}],"b":[)";
  for (int i = 0; i < 100; ++i) {
    pattern += R"({"wildcard":"*a*)" + std::to_string(i) + R"(*"},)";
  }
  pattern += R"({"suffix":"z"}]})";
  const RuleText text{"", pattern};
  CompileLimits limits;
  limits.wildcard_steps_max = 1;
  const auto rules = compile_rules({&text, 1}, limits);
  ASSERT_TRUE(rules.ok());
  const auto answer = [&](std::string_view b, std::vector<RuleIndex>& found) {
    const std::vector<FlatValue> values = {{*(*rules)->find_path("a"), FlatValue::string, "x"},
                                           {*(*rules)->find_path("b"), FlatValue::string, b}};
    return Matcher().match_flat(**rules, values, found);
  };
  std::vector<RuleIndex> found;
  EXPECT_EQ(answer("a---z", found), EventError::too_complex);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(answer("z", found), EventError::none);
  EXPECT_EQ(found, std::vector<RuleIndex>{0});
}

}  // namespace
}  // namespace weir
