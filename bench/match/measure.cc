#include "bench/match/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>

#include "bench/match/city_rules.h"
#include "bench/match/log_rules.h"
#include "core/base/check.h"
#include "core/event/structural_index.h"
#include "core/match/matcher.h"
#include "core/rule/live_rules.h"
#include "io/run/pieces.h"
#include "tests/reference/reference.h"

namespace weir::bench {
namespace {

// Rules times events that the reference matcher looks at before a row is measured.
constexpr std::size_t kCheckedPairsMax = 400'000;
constexpr std::size_t kCheckedEventsMin = 4;

std::string_view text_of(const Stream& block) {
  return std::string_view(block.text).substr(0, block.size);
}

double thread_cpu_s() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Matches all blocks; keeps how many matches and what CPU time that took.
class Pass {
 public:
  explicit Pass(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}
  double run(const std::vector<Stream>& blocks) {
    const double begin = thread_cpu_s();
    matches_ = 0;
    for (const Stream& block : blocks) {
      results_.clear();
      matcher_.match_lines(*rules_, text_of(block), results_);
      matches_ += results_.matches.size();
    }
    return thread_cpu_s() - begin;
  }
  std::size_t matches() const { return matches_; }

 private:
  std::shared_ptr<const RuleSet> rules_;
  Matcher matcher_;
  LineResults results_;
  std::size_t matches_ = 0;
};

std::size_t events_in(const std::vector<Stream>& blocks) {
  std::size_t events = 0;
  for (const Stream& block : blocks) events += block.events;
  return events;
}

void report(benchmark::State& state, const std::vector<Stream>& blocks) {
  std::size_t bytes = 0;
  for (const Stream& block : blocks) bytes += block.size;
  const double runs = static_cast<double>(state.iterations());
  state.counters["events"] = benchmark::Counter(static_cast<double>(events_in(blocks)) * runs,
                                                benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

// What the reference matcher says of the events of a block, and whether the Matcher says the same.
class Check {
 public:
  explicit Check(const Patterns& patterns) {
    for (const std::string& pattern : patterns) {
      plain_.push_back(reference::compile(pattern).value());
    }
  }
  void block(const Stream& block, const RuleSet& rules) {
    Matcher matcher;
    LineResults results;
    matcher.match_lines(rules, text_of(block), results);
    WEIR_CHECK(results.lines.size() == block.events);
    const std::size_t events = std::min(
        results.lines.size(), std::max(kCheckedEventsMin, kCheckedPairsMax / plain_.size()));
    for (std::size_t i = 0; i < events; ++i) {
      const LineResult& line = results.lines[i];
      WEIR_CHECK(line.error == EventError::none);
      const auto found = results.matches_of(line);
      const std::vector<RuleIndex> expected =
          answer(text_of(block).substr(line.offset, line.length));
      WEIR_CHECK(std::ranges::equal(found, expected));
    }
  }
  // The fields that rules read and checked events have.
  std::vector<std::string> fields_found() const {
    std::set<std::string> read;
    for (const reference::Rule& rule : plain_) {
      for (const reference::SubRule& branch : rule) {
        for (const auto& [path, entries] : branch) read.insert(path);
      }
    }
    std::vector<std::string> out;
    std::ranges::set_intersection(read, seen_, std::back_inserter(out));
    return out;
  }

 private:
  std::vector<RuleIndex> answer(std::string_view text) {
    const auto event = reference::flatten(text);
    WEIR_CHECK(event.has_value());
    for (const reference::Value& value : *event) seen_.insert(value.path);
    std::vector<RuleIndex> out;
    for (std::size_t r = 0; r < plain_.size(); ++r) {
      if (reference::matches(plain_[r], *event)) out.push_back(static_cast<RuleIndex>(r));
    }
    return out;
  }

  std::vector<reference::Rule> plain_;
  std::set<std::string> seen_;  // fields of the checked events
};

}  // namespace

std::shared_ptr<const RuleSet> compile(const Patterns& patterns) {
  std::vector<RuleText> texts;
  for (const std::string& pattern : patterns) texts.push_back({"", pattern});
  auto set = compile_rules(texts);
  if (!set) std::fprintf(stderr, "%s\n", set.error().message.c_str());
  WEIR_CHECK(set.ok());
  return set.value();
}

void measure_row(benchmark::State& state, const Row& row, const std::vector<Stream>& blocks) {
  const Patterns patterns = row.rules();
  const auto rules = compile(patterns);
  Check check(patterns);
  check.block(blocks.front(), *rules);
  Pass walk(compile(wall(check.fields_found())));
  Pass match(rules);
  match.run(blocks);  // scratch grows
  walk.run(blocks);
  WEIR_CHECK(walk.matches() == 0);
  double walk_s = 0;
  double match_s = 0;
  for (auto _ : state) {
    walk_s += walk.run(blocks);
    const double taken = match.run(blocks);
    match_s += taken;
    state.SetIterationTime(taken);
  }
  report(state, blocks);
  state.counters["of_wall"] = walk_s / match_s;
  state.counters["matches"] =
      static_cast<double>(match.matches()) / static_cast<double>(events_in(blocks));
  state.counters["rules_bytes"] = static_cast<double>(rules->memory_bytes());
}

void measure_index(benchmark::State& state, const std::vector<Stream>& blocks) {
  StructuralIndex index;
  for (auto _ : state) {
    const double begin = thread_cpu_s();
    for (const Stream& block : blocks) {
      WEIR_CHECK(index.build(text_of(block), StructuralIndex::LineEnds::tokens));
      benchmark::DoNotOptimize(index.positions());
    }
    state.SetIterationTime(thread_cpu_s() - begin);
  }
  report(state, blocks);
}

void measure_check(benchmark::State& state, const std::vector<Stream>& blocks) {
  Pass walk(compile(wall({"no-such-field"})));
  for (auto _ : state) state.SetIterationTime(walk.run(blocks));
  report(state, blocks);
}

void measure_build(benchmark::State& state, std::size_t rules, bool all_processors) {
  const Patterns patterns = two_field_rules(rules);
  std::vector<RuleText> texts;
  for (const std::string& pattern : patterns) texts.push_back({"", pattern});
  const RunPieces run = all_processors ? RunPieces(run_pieces) : RunPieces();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto set = compile_rules(texts, {}, run);
    WEIR_CHECK(set.ok());
    bytes = (*set)->memory_bytes();
  }
  state.counters["rules_bytes"] = static_cast<double>(bytes);
}

void measure_change(benchmark::State& state, std::size_t rules) {
  Patterns names;
  for (std::size_t i = 0; i <= rules; ++i) names.push_back(fmt::format("rule-{}", i));
  const Patterns patterns = two_field_rules(rules + 1);
  std::vector<RuleText> texts;
  for (std::size_t i = 0; i < rules; ++i) texts.push_back({names[i], patterns[i]});
  LiveRules live;
  WEIR_CHECK(live.assign(texts).ok());
  const RuleText one{names[rules], patterns[rules]};
  const std::string_view name = one.name;
  for (auto _ : state) {
    WEIR_CHECK(live.change(std::span(&one, 1)).ok());
    WEIR_CHECK(live.change({}, std::span(&name, 1)).ok());
  }
}

}  // namespace weir::bench
