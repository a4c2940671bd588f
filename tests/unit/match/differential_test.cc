// The engine against the reference matcher: random rule sets and events over one small vocabulary.
// WEIR_DIFFERENTIAL_SETS=n runs n rule sets; tests/run-differential runs 10^8 pairs.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/match/matcher.h"
#include "core/rule/rule_set.h"
#include "tests/reference/generate.h"
#include "tests/reference/reference.h"

namespace weir {
namespace {

using reference::Generator;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

std::string list(const std::vector<RuleIndex>& rules, const std::vector<std::string>& patterns) {
  std::string out;
  for (const RuleIndex r : rules) out += "\n  " + std::to_string(r) + " " + patterns[r];
  return out;
}

struct RandomRules {
  std::vector<std::string> patterns;
  std::vector<reference::Rule> plain;
  std::shared_ptr<const RuleSet> set;
};

RandomRules random_rules(Generator& generator, std::size_t count) {
  RandomRules out;
  while (out.patterns.size() < count) {
    std::string pattern = generator.pattern();
    const auto plain = reference::compile(pattern);
    const auto bad = check_pattern(pattern);
    EXPECT_EQ(plain.has_value(), !bad.has_value()) << pattern << "\n"
                                                   << (bad ? bad->message : "accepted");
    if (!plain || bad) continue;
    out.plain.push_back(*plain);
    out.patterns.push_back(std::move(pattern));
  }
  std::vector<RuleText> texts;
  for (const std::string& pattern : out.patterns) texts.push_back({"", pattern});
  auto set = compile_rules(texts);
  EXPECT_TRUE(set.ok());
  out.set = set.value();
  return out;
}

TEST(Differential, RandomRulesAndEvents) {
  const std::uint64_t sets = from_environment("WEIR_DIFFERENTIAL_SETS", 300);
  const std::uint64_t seed = from_environment("WEIR_DIFFERENTIAL_SEED", 1);
  Matcher matcher;
  std::uint64_t pairs = 0;
  std::uint64_t matched = 0;
  for (std::uint64_t s = 0; s < sets; ++s) {
    Generator generator(seed * 1'000'003 + s);
    const std::size_t rule_count = 1 + generator.random().below(20);
    const RandomRules rules = random_rules(generator, rule_count);
    std::string block;
    std::vector<std::string> events;
    for (int i = 0; i < 40; ++i) {
      std::string event = generator.event();
      if (generator.random().below(6) == 0) event = generator.broken(std::move(event));
      block += event + (generator.random().below(8) == 0 ? "\r\n" : "\n");
      events.push_back(std::move(event));
    }
    const std::size_t size = block.size();
    block.append(Matcher::kMatchPadding, '\n');
    LineResults results;
    matcher.match_lines(*rules.set, std::string_view(block).substr(0, size), results);
    std::size_t at = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto flat = reference::flatten(events[i]);
      std::vector<RuleIndex> alone;
      const EventError error = matcher.match_event(*rules.set, events[i], alone);
      ASSERT_EQ(flat.has_value(), error == EventError::none) << "seed " << s << "\n"
                                                             << events[i] << "\n"
                                                             << to_string(error);
      if (events[i].find_first_not_of(" \t\r") == std::string::npos) continue;  // a blank line
      ASSERT_LT(at, results.lines.size());
      const LineResult& line = results.lines[at++];
      ASSERT_EQ(line.line, i + 1);
      ASSERT_EQ(flat.has_value(), line.error == EventError::none) << "seed " << s << "\n"
                                                                  << events[i] << "\n"
                                                                  << to_string(line.error);
      if (!flat) continue;
      std::vector<RuleIndex> expected;
      for (std::size_t r = 0; r < rules.plain.size(); ++r) {
        if (reference::matches(rules.plain[r], *flat)) {
          expected.push_back(static_cast<RuleIndex>(r));
        }
      }
      pairs += rules.plain.size();
      matched += expected.size();
      const auto found = results.matches_of(line);
      ASSERT_EQ(std::vector<RuleIndex>(found.begin(), found.end()), expected)
          << "seed " << s << "\n"
          << events[i] << "\nexpected:" << list(expected, rules.patterns)
          << "\nfound:" << list({found.begin(), found.end()}, rules.patterns);
      ASSERT_EQ(alone, expected) << "seed " << s << "\n" << events[i];
    }
    ASSERT_EQ(at, results.lines.size());
  }
  RecordProperty("pairs", std::to_string(pairs));
  std::printf("%llu pairs of rule and event, %llu matches\n",
              static_cast<unsigned long long>(pairs), static_cast<unsigned long long>(matched));
  if (sets >= 300) {
    EXPECT_GT(pairs, 100'000U);
    EXPECT_GT(matched, pairs / 50);
  }
}

}  // namespace
}  // namespace weir
