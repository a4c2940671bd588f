// weir match: output, order, counts, compression, exit codes, and the places of bad rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace weir::e2e {
namespace {

using testing::HasSubstr;

class Match : public testing::Test {
 protected:
  int match(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "match");
    const int exit_code =
        run_to_end(directory_, "match", arguments, {.input = input, .environment = {}});
    output_ = read_file(directory_.file("match.out"));
    errors_ = read_file(directory_.file("match.err"));
    return exit_code;
  }
  std::string write(const std::string& name, std::string_view text) {
    write_file(directory_.file(name), text);
    return directory_.file(name);
  }
  // Events over many blocks, and the lines that matching them with kRules must print.
  std::pair<std::string, std::string> many(std::size_t lines) {
    std::string events;
    std::string expected;
    for (std::size_t i = 1; i <= lines; ++i) {
      const std::string number = std::to_string(i);
      if (i % 1000 == 0) {
        events += i % 2000 == 0 ? "\n" : "{\"n\":" + number + ",\"broken\"}\n";
        if (i % 2000 != 0) {
          expected += "{\"line\":" + number + ",\"error\":\"not valid JSON at byte " +
                      std::to_string(15 + number.size()) + "\"}\n";
        }
        continue;
      }
      // A long line now and then, longer than any block.
      const std::string filler(i == 777 ? 1'000'000 : i % 97, 'x');
      events += "{\"n\":" + number + ",\"k\":\"" + (i % 3 == 0 ? "fizz" : "no") + "\",\"f\":\"" +
                filler + "\"}\n";
      expected += "{\"line\":" + number + ",\"rules\":[" +
                  (i % 3 == 0 ? "\"\\\"quoted\\\"\",\"all\",\"fizz\"" : "\"all\"") + "]}\n";
    }
    return {events, expected};
  }

  static constexpr std::string_view kRules =
      "{\"fizz\":{\"k\":[\"fizz\"]},\"none\":{\"k\":[\"buzz\"]},\"\\\"quoted\\\"\":{\"k\":[{"
      "\"prefix\":"
      "\"f\"}]},\"all\":{\"n\":[{\"exists\":true}]}}";
  TempDir directory_;
  std::string output_;
  std::string errors_;
};

TEST_F(Match, OneLineAnEventNamesInByteOrder) {
  const std::string rules = write("rules.json",
                                  "{\"b\":{\"x\":[1]},\"a\":{\"x\":[1,2]},\"B\":{\"x\":[1]},"
                                  "\"é\":{\"x\":[1]}}");
  const std::string events =
      write("events", "{\"x\":1}\n\n  \n{\"x\":2}\r\n{\"x\":}\n[1]\n{\"x\":3}");
  EXPECT_EQ(match({"--rules", rules, "--events", events}), 1);
  EXPECT_EQ(output_,
            "{\"line\":1,\"rules\":[\"B\",\"a\",\"b\",\"é\"]}\n"
            "{\"line\":4,\"rules\":[\"a\"]}\n"
            "{\"line\":5,\"error\":\"not valid JSON at byte 6\"}\n"
            "{\"line\":6,\"error\":\"no object at the top at byte 1\"}\n"
            "{\"line\":7,\"rules\":[]}\n");
  EXPECT_EQ(errors_, "");
  const std::string in_order = output_;
  EXPECT_EQ(match({"--rules", rules}, events), 1) << "standard input";
  EXPECT_EQ(output_, in_order);
}

TEST_F(Match, CountsInTheOrderOfTheFile) {
  const std::string rules =
      write("rules.json", "{\"z\":{\"x\":[1]},\"zero\":{\"y\":[1]},\"a\":{\"x\":[1,2]}}");
  const std::string events = write("events", "{\"x\":1}\n{\"x\":2}\n");
  EXPECT_EQ(match({"--rules", rules, "--events", events, "--count"}), 0);
  EXPECT_EQ(output_, "1\tz\n0\tzero\n2\ta\n");
}

TEST_F(Match, LimitsOfRulesCanBeChanged) {
  const std::string rules = write(
      "rules.json", R"({"r":{"x":[{"wildcard":"*a*b*c*"}]},"s":{"$or":[{"x":["q"]},{"y":[1]}]}})");
  const std::string events = write("events", "{\"x\":\"-a-b-c-\"}\n");
  const auto with = [&](std::vector<std::string> limits, bool explain = false) {
    std::vector<std::string> arguments = {"--rules", rules, "--events", events};
    for (std::string& limit : limits) arguments.insert(arguments.end(), {"--limit", limit});
    if (explain) arguments.insert(arguments.end(), {"--explain", "r"});
    return match(arguments);
  };
  EXPECT_EQ(with({"or_combinations=1"}), 2);
  EXPECT_THAT(errors_, HasSubstr("rule 's': too costly"));
  EXPECT_THAT(errors_, HasSubstr("(raise limits.or_combinations)"));
  EXPECT_EQ(with({"or_combinations=2", "wildcard_pieces=1"}), 2);
  EXPECT_THAT(errors_, HasSubstr("rule 'r': at 'x': too costly"));
  EXPECT_THAT(errors_, HasSubstr("(raise limits.wildcard_pieces)"));
  for (const bool explain : {false, true}) {
    EXPECT_EQ(with({"wildcard_pieces=2", "wildcard_steps=1000", "pattern=1KiB"}, explain), 0);
    EXPECT_THAT(output_, HasSubstr(explain ? "\"match\":true" : "{\"line\":1,\"rules\":[\"r\"]}"));
  }
  EXPECT_EQ(with({"pattern=1KB", "or_combination=2"}), 2);
  EXPECT_THAT(errors_, HasSubstr("no limit 'or_combination', did you mean 'or_combinations'?"));
  EXPECT_EQ(with({"or_fields=many"}), 2);
  EXPECT_THAT(errors_, HasSubstr("or_fields is 'many', a whole number from 1 to"));
}

TEST_F(Match, ReadsListRules) {
  const std::string rules = write(
      "rules.json",
      "{\"Rules\":[{\"Name\":\"on\",\"EventPattern\":\"{\\\"x\\\":[1]}\",\"State\":\"ENABLED\"},"
      "{\"Name\":\"off\",\"EventPattern\":\"{\\\"x\\\":[1]}\",\"State\":\"DISABLED\"},"
      "{\"Name\":\"timer\",\"ScheduleExpression\":\"rate(5 minutes)\",\"State\":\"ENABLED\"}]}");
  EXPECT_EQ(match({"--rules", rules, "--count"}, write("events", "{\"x\":1}\n")), 0);
  EXPECT_EQ(output_, "1\ton\n");
}

TEST_F(Match, TheOrderIsTheInputsWhateverTheThreads) {
  const auto [events, expected] = many(30'000);
  const std::string rules = write("rules.json", kRules);
  const std::string path = write("events", events);
  for (const char* threads : {"1", "2", "7"}) {
    EXPECT_EQ(match({"--rules", rules, "--events", path, "--threads", threads}), 1);
    EXPECT_TRUE(output_ == expected) << threads;
  }
}

TEST_F(Match, CompressedInputIsTheSame) {
  const auto [events, expected] = many(5'000);
  std::string packed(ZSTD_compressBound(events.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), events.data(), events.size(), 1));
  const std::string rules = write("rules.json", kRules);
  EXPECT_EQ(match({"--rules", rules, "--events", write("events.zst", packed)}), 1);
  EXPECT_TRUE(output_ == expected);
  // Cut off: the whole lines before the damage count, and the damage is told.
  EXPECT_EQ(match({"--rules", rules, "--events",
                   write("cut.zst", std::string_view(packed).substr(0, packed.size() / 2))}),
            1);
  EXPECT_TRUE(expected.starts_with(output_));
  EXPECT_THAT(errors_, HasSubstr("cut.zst"));
}

TEST_F(Match, RepeatsFromMemoryAndTellsTotals) {
  const auto [events, expected] = many(4'000);
  const std::string rules = write("rules.json", kRules);
  const std::string path = write("events", events);
  const std::string stats = directory_.file("stats.json");
  for (const char* threads : {"1", "3"}) {
    EXPECT_EQ(match({"--rules", rules, "--events", path, "--repeat", "5", "--threads", threads,
                     "--stats", stats}),
              1);
    EXPECT_TRUE(output_ == expected) << "the output is that of one pass";
    const Json report = read_json(stats);
    std::vector<std::string> keys;
    for (const auto& [key, value] : report.items()) keys.push_back(key);
    EXPECT_THAT(keys, testing::ElementsAre("rules", "ruleset_bytes", "build_s", "events", "bytes",
                                           "errors", "matches", "wall_s", "cpu_s"));
    EXPECT_EQ(report["rules"], 4);
    EXPECT_EQ(report["events"], 5 * 3998);
    EXPECT_EQ(report["bytes"], 5 * events.size());
    EXPECT_EQ(report["errors"], 5 * 2);
    EXPECT_EQ(report["matches"], 5 * (3996 + 2 * 1332));
    EXPECT_GT(report["wall_s"], 0);
    EXPECT_GT(report["cpu_s"], 0);
  }
  EXPECT_EQ(match({"--rules", rules, "--events", path, "--repeat", "3", "--count"}), 1);
  EXPECT_EQ(output_, "1332\tfizz\n0\tnone\n1332\t\"quoted\"\n3996\tall\n");
}

TEST_F(Match, BadRulesAreNamedWithTheirPlace) {
  const std::string events = write("events", "{}\n");
  const std::string rules = write("rules.json",
                                  "{\"good\": {\"x\": [1]},\n \"bad\": {\"x\": [{\"nope\": 1}]},\n"
                                  " \"worse\": {\"y\": 5}}\n");
  EXPECT_EQ(match({"--rules", rules, "--events", events}), 2);
  EXPECT_EQ(output_, "");
  EXPECT_THAT(errors_, HasSubstr(rules + ":2:17: rule 'bad': at 'x': "));
  EXPECT_THAT(errors_, HasSubstr(rules + ":3:"));
  EXPECT_THAT(errors_, HasSubstr("rule 'worse': "));
  for (const char* text : {"", "[]", "{", "{\"a\":1}", "\xff", "{\"a\":{\"x\":[1]}} x"}) {
    const std::string bad = write("bad.json", text);
    EXPECT_EQ(match({"--rules", bad, "--events", events}), 2) << text;
    EXPECT_THAT(errors_, testing::StartsWith(bad + ":")) << text;
  }
  EXPECT_EQ(match({"--rules", directory_.file("none"), "--events", events}), 2);
  EXPECT_THAT(errors_, HasSubstr("weir: cannot read " + directory_.file("none")));
  const std::string inside = write("inside.json", R"({"a":"{\"x\":5}"})");
  EXPECT_EQ(match({"--rules", inside, "--events", events}), 2);
  EXPECT_THAT(errors_, HasSubstr("(byte 6 of the pattern)")) << "bytes count from 1";
}

TEST_F(Match, AByteOrderMarkIsNamed) {
  const std::string mark = "\xef\xbb\xbf";
  const std::string rules = write("rules.json", kRules);
  const std::string events = write("events", mark + "{\"n\":1}\n{\"n\":2}\n");
  EXPECT_EQ(match({"--rules", rules, "--events", events}), 1);
  EXPECT_EQ(output_,
            "{\"line\":1,\"error\":\"not valid JSON (a byte order mark) at byte 1\"}\n"
            "{\"line\":2,\"rules\":[\"all\"]}\n");
  EXPECT_EQ(match({"--rules", write("marked.json", mark + std::string(kRules))}), 2);
  EXPECT_THAT(errors_, HasSubstr("a byte order mark stands here"));
}

TEST_F(Match, RulesAndEventsAreNotOneInput) {
  const std::string rules = write("rules.json", kRules);
  EXPECT_EQ(match({"--rules", "-"}, rules), 2);
  EXPECT_THAT(errors_, HasSubstr("only one of --rules and --events"));
  const std::string events = write("events", "{\"n\":1}\n");
  EXPECT_EQ(match({"--rules", "-", "--events", events}, rules), 0);
  EXPECT_EQ(output_, "{\"line\":1,\"rules\":[\"all\"]}\n");
}

TEST_F(Match, InputThatIsNotThereIsAUsageFault) {
  const std::string rules = write("rules.json", kRules);
  EXPECT_EQ(match({"--rules", rules, "--events", directory_.file("none")}), 2);
  EXPECT_THAT(errors_, HasSubstr(directory_.file("none")));
  EXPECT_EQ(match({"--rules", rules, "--events", directory_.path()}), 2);
  EXPECT_EQ(match({"--rules", rules}), 0) << "empty input";
  EXPECT_EQ(output_, "");
  EXPECT_EQ(match({"--rules", rules, "--repeat", "1000"}), 0) << "empty input";
  const std::string odd = write("odd[1]*?.ndjson", "{\"n\":1}\n");
  EXPECT_EQ(match({"--rules", rules, "--events", odd}), 0) << "a name, not a glob";
  EXPECT_EQ(output_, "{\"line\":1,\"rules\":[\"all\"]}\n");
}

TEST_F(Match, OutputThatCannotBeWrittenIsAFailure) {
  const auto [events, expected] = many(20'000);
  const std::string rules = write("rules.json", kRules);
  EXPECT_EQ(match({"--rules", rules, "--events", write("events", events), "--stats",
                   directory_.file("no/such/folder")}),
            1);
  EXPECT_THAT(errors_, HasSubstr("no/such/folder"));
}

}  // namespace
}  // namespace weir::e2e
