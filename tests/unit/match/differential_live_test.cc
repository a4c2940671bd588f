// LiveRules against the reference matcher: rules are put, changed, removed and merged in random
// order between events; each event must have the answer of a set compiled anew.
// WEIR_DIFFERENTIAL_SETS=n runs n sequences of changes, from WEIR_DIFFERENTIAL_SEED.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "core/match/matcher.h"
#include "core/rule/live_rules.h"
#include "tests/reference/generate.h"
#include "tests/reference/reference.h"

namespace weir {
namespace {

using reference::Generator;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

// Rules that change, held twice: by LiveRules, and as the reference's.
class Changing {
 public:
  Changing(std::uint64_t seed, bool one_field)
      : generator_(seed), one_field_(one_field), names_(1 + generator_.random().below(60)) {}

  void change();
  void match(std::uint64_t& pairs, std::uint64_t& matched);
  std::uint64_t refused = 0;
  std::uint64_t merges = 0;

 private:
  struct Known {
    std::string pattern;
    reference::Rule rule;
  };
  std::string some_name() { return "rule " + std::to_string(generator_.random().below(names_)); }
  std::string some_pattern();
  void put_and_remove();
  void assign();
  void begin_or_finish_merge();

  Generator generator_;
  bool one_field_;
  std::uint64_t names_;
  LiveRules live_;
  std::map<std::string, Known> known_;
  std::unique_ptr<RuleMerge> merge_;
  Matcher matcher_;
};

std::string Changing::some_pattern() {
  for (;;) {
    std::string pattern = one_field_ ? generator_.pattern_of_one_field() : generator_.pattern();
    if (generator_.random().below(12) == 0 || reference::compile(pattern)) return pattern;
  }
}

void Changing::put_and_remove() {
  std::vector<std::pair<std::string, std::string>> put;
  std::vector<std::string> removed;
  const std::uint64_t count = generator_.random().below(generator_.random().below(6) == 0 ? 40 : 4);
  for (std::uint64_t i = 0; i < count; ++i) put.emplace_back(some_name(), some_pattern());
  for (std::uint64_t i = generator_.random().below(5); i > 0; --i) removed.push_back(some_name());
  std::vector<RuleText> texts;
  for (const auto& [name, pattern] : put) texts.push_back({name, pattern});
  const auto set =
      live_.change(texts, std::vector<std::string_view>(removed.begin(), removed.end()));
  auto next = known_;
  for (const std::string& name : removed) next.erase(name);
  std::map<std::string, std::string> last(put.begin(), put.end());
  for (const auto& [name, pattern] : put) last[name] = pattern;
  bool valid = true;
  for (const auto& [name, pattern] : last) {
    const auto rule = reference::compile(pattern);
    EXPECT_EQ(rule.has_value(), !check_pattern(pattern).has_value()) << pattern;
    valid = valid && rule.has_value();
    if (rule) next[name] = {pattern, *rule};
  }
  ASSERT_EQ(set.ok(), valid);
  if (valid) {
    known_ = std::move(next);
  } else {
    ++refused;
    EXPECT_FALSE(reference::compile(put[set.error().rule].second)) << set.error().message;
  }
}

void Changing::assign() {
  std::vector<std::pair<std::string, std::string>> rules;
  for (const auto& [name, known] : known_) {
    if (generator_.random().below(8) != 0) rules.emplace_back(name, known.pattern);
  }
  for (auto& [name, pattern] : rules) {
    if (generator_.random().below(10) != 0) continue;
    std::string other = some_pattern();
    if (reference::compile(other)) pattern = other;
  }
  if (generator_.random().below(2) == 0) std::reverse(rules.begin(), rules.end());
  std::vector<RuleText> texts;
  for (const auto& [name, pattern] : rules) texts.push_back({name, pattern});
  ASSERT_TRUE(live_.assign(texts).ok());
  known_.clear();
  for (const auto& [name, pattern] : rules) {
    known_[name] = {pattern, reference::compile(pattern).value()};
  }
}

void Changing::begin_or_finish_merge() {
  if (merge_ == nullptr) {
    merge_ = live_.begin_merge();
    return;
  }
  merge_->run();
  live_.finish_merge(*merge_);
  merge_.reset();
  ++merges;
}

void Changing::change() {
  const std::uint64_t kind = generator_.random().below(12);
  if (kind == 0) {
    assign();
  } else if (kind < 4) {
    begin_or_finish_merge();
  } else {
    put_and_remove();
  }
  ASSERT_EQ(live_.size(), known_.size());
}

void Changing::match(std::uint64_t& pairs, std::uint64_t& matched) {
  const std::string event = generator_.event();
  const auto flat = reference::flatten(event);
  std::vector<RuleIndex> found;
  const EventError error = matcher_.match_event(*live_.rules(), event, found);
  ASSERT_EQ(flat.has_value(), error == EventError::none) << event;
  if (!flat) return;
  std::vector<RuleIndex> expected;
  std::string listed;
  for (const auto& [name, known] : known_) {
    const auto index = live_.find(name);
    ASSERT_TRUE(index.has_value()) << name;
    ASSERT_LT(*index, live_.rules()->rule_count());
    listed += "\n  " + std::to_string(*index) + " " + known.pattern;
    if (reference::matches(known.rule, *flat)) expected.push_back(*index);
  }
  std::sort(expected.begin(), expected.end());
  pairs += known_.size();
  matched += expected.size();
  ASSERT_EQ(found, expected) << event << listed;
}

void run_changes(bool one_field) {
  const std::uint64_t sets = from_environment("WEIR_DIFFERENTIAL_SETS", 60);
  const std::uint64_t seed = from_environment("WEIR_DIFFERENTIAL_SEED", 1);
  std::uint64_t pairs = 0;
  std::uint64_t matched = 0;
  std::uint64_t refused = 0;
  std::uint64_t merges = 0;
  for (std::uint64_t s = 0; s < sets; ++s) {
    Changing rules(seed * 1'000'003 + s, one_field);
    for (int step = 0; step < 60; ++step) {
      rules.change();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << s << ", step " << step;
      for (int i = 0; i < 4; ++i) rules.match(pairs, matched);
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << s << ", step " << step;
    }
    refused += rules.refused;
    merges += rules.merges;
  }
  std::printf("%llu pairs of rule and event, %llu matches\n",
              static_cast<unsigned long long>(pairs), static_cast<unsigned long long>(matched));
  if (sets >= 60) {
    EXPECT_GT(pairs, 100'000U);
    EXPECT_GT(matched, pairs / 50);
    EXPECT_GT(refused, 50U);
    EXPECT_GT(merges, 100U);
  }
}

TEST(DifferentialLive, RulesOfAllKindsComeAndGo) {
  run_changes(false);
}

TEST(DifferentialLive, ManyRulesOnOneFieldComeAndGo) {
  run_changes(true);
}

}  // namespace
}  // namespace weir
