#include "tools/match/match_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/sync/counter.h"
#include "tools/common/limit_option.h"
#include "tools/common/report.h"
#include "tools/match/block_line.h"
#include "tools/match/event_feed.h"
#include "tools/match/explain_rule.h"
#include "tools/match/match_work.h"
#include "tools/match/named_rules.h"

namespace weir {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
// Small enough that a block and what is found in it stay in the second-level cache.
constexpr std::size_t kBlockBytes = 128 * 1024;
// Repeated blocks are handed out in portions, so that small files cost no hand-outs to speak of.
constexpr std::uint64_t kPortionBytes = 4 * 1024 * 1024;

struct MatchOptions {
  std::string rules_path;
  std::string events_path = "-";
  bool count = false;
  std::uint64_t repeat = 1;
  unsigned threads = 1;
  std::string stats_path;
  std::optional<std::string> explain;  // the name of a rule
  CompileLimits limits;
};

class MatchRun {
 public:
  MatchRun(const MatchOptions& options, NamedRules rules)
      : options_(options),
        rules_(std::move(rules)),
        line_(2 * std::size_t{options.threads} + 4, kBlockBytes) {
    for (unsigned i = 0; i < options.threads; ++i) {
      work_.push_back(std::make_unique<MatchWork>(rules_, busy_, options.count));
    }
  }

  int run() {
    auto feed = EventFeed::open(options_.events_path, line_, kBlockBytes);
    if (!feed) {
      fmt::print(stderr, "weir: {}\n", feed.error().message);
      return kExitUsage;
    }
    (*feed)->start();
    first_pass();
    (*feed)->join();
    if ((*feed)->problem()) {
      fmt::print(stderr, "weir: {}\n", (*feed)->problem()->message);
      failed_ = true;
    }
    further_passes();
    if (options_.count) print_counts();
    if (std::fflush(stdout) != 0 || output_failed_) {
      fmt::print(stderr, "weir: standard output cannot be written\n");
      failed_ = true;
    }
    return finish();
  }

 private:
  void first_pass() {
    std::vector<std::jthread> threads;
    for (auto& work : work_) {
      threads.emplace_back([this, &work] {
        while (TextBlock* block = line_.take()) {
          work->match(*block);
          line_.finish(*block);
        }
      });
    }
    while (std::unique_ptr<TextBlock> block = line_.next()) {
      print(block->output);
      if (options_.repeat > 1) {
        kept_bytes_ += block->size();
        block->output = {};
        kept_.push_back(std::move(block));
      } else {
        line_.give_back(std::move(block));
      }
    }
  }

  void print(const std::string& text) {
    if (output_failed_ || text.empty()) return;
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return;
    output_failed_ = true;
    line_.cancel();
  }

  void further_passes() {
    if (kept_.empty() || output_failed_) return;
    const std::uint64_t total = (options_.repeat - 1) * kept_.size();
    const std::uint64_t block_bytes = std::max<std::uint64_t>(1, kept_bytes_ / kept_.size());
    const std::uint64_t portion = std::max<std::uint64_t>(1, kPortionBytes / block_bytes);
    SharedCounter next;
    std::vector<std::jthread> threads;
    for (auto& work : work_) {
      threads.emplace_back([&, this] {
        while (true) {
          const std::uint64_t first = next.fetch_add(portion);
          if (first >= total) return;
          work->match_again(kept_, first, std::min(portion, total - first));
        }
      });
    }
  }

  void print_counts() {
    for (const std::uint32_t rule : rules_.file_order) {
      std::uint64_t count = 0;
      for (const auto& work : work_) count += work->counts()[rule];
      fmt::print("{}\t{}\n", count, rules_.names[rule]);
    }
  }

  int finish() {
    MatchTally tally;
    for (const auto& work : work_) tally.add(work->tally());
    if (!options_.stats_path.empty()) {
      Report report;
      report["rules"] = rules_.names.size();
      report["ruleset_bytes"] = rules_.rules->memory_bytes();
      report["build_s"] = rules_.build_s;
      report["events"] = tally.events;
      report["bytes"] = tally.bytes;
      report["errors"] = tally.errors;
      report["matches"] = tally.matches;
      report["wall_s"] = busy_.seconds();
      report["cpu_s"] = tally.cpu_s;
      const Status written = write_report(options_.stats_path, report);
      if (!written) {
        fmt::print(stderr, "weir: {}\n", written.error().message);
        failed_ = true;
      }
    }
    return failed_ || tally.errors > 0 ? kExitFailed : 0;
  }

  const MatchOptions& options_;
  NamedRules rules_;
  BusyTime busy_;
  BlockLine line_;
  std::vector<std::unique_ptr<MatchWork>> work_;  // one for each matching thread
  std::vector<std::unique_ptr<TextBlock>> kept_;  // the whole input, where it is repeated
  std::uint64_t kept_bytes_ = 0;
  bool output_failed_ = false;
  bool failed_ = false;
};

int match(const MatchOptions& options) {
  if (options.rules_path == "-" && options.events_path == "-") {
    fmt::print(stderr, "weir: only one of --rules and --events can be standard input\n");
    return kExitUsage;
  }
  if (options.explain) {
    return explain_rule(options.rules_path, *options.explain, options.events_path, options.limits);
  }
  Result<NamedRules, RuleFaults> rules = load_named_rules(options.rules_path, options.limits);
  if (!rules) {
    for (const std::string& fault : rules.error()) fmt::print(stderr, "{}\n", fault);
    return kExitUsage;
  }
  return MatchRun(options, std::move(rules).value()).run();
}

}  // namespace

void add_match_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("match", "Say which rules match each event of a file");
  auto options = std::make_shared<MatchOptions>();
  command
      ->add_option("--rules", options->rules_path,
                   "The rules: a JSON object of name -> pattern, or what 'aws events list-rules' "
                   "prints")
      ->required();
  command->add_option("--events", options->events_path,
                      "The events, one JSON object a line; plain, gzip or zstd (default: standard "
                      "input)");
  command->add_flag("--count", options->count,
                    "Print one line a rule instead, COUNT<TAB>NAME, in the order of the rules");
  command
      ->add_option("--repeat", options->repeat,
                   "Match the events so many times, from memory; printed once, times and totals of "
                   "--stats are of all")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command->add_option("--threads", options->threads, "Threads that match (default 1)")
      ->check(CLI::Range(1U, 1024U));
  command->add_option("--stats", options->stats_path,
                      "Write sizes, totals and times of matching to this file, as JSON ('-': "
                      "standard output)");
  add_limit_option(*command, options->limits);
  CLI::Option* explain = command->add_option(
      "--explain", options->explain,
      "Say instead for each event why this rule matches it or not: the fields that decide, their "
      "values, what the rule asks, and what is nearly right");
  for (const char* other : {"--count", "--repeat", "--threads", "--stats"}) {
    explain->excludes(other);
  }
  command->footer(
      "Prints one line an event, {\"line\":1,\"rules\":[\"a\",\"b\"]}, names in byte order, or\n"
      "{\"line\":3,\"error\":\"...\"}. Exit codes: 0 done, 1 an event was bad, 2 a rule was.\n"
      "\n"
      "Examples:\n"
      "  weir match --rules rules.json --events events.ndjson.gz\n"
      "  aws events list-rules > rules.json && weir match --rules rules.json --count < "
      "events.ndjson\n"
      "  weir match --rules rules.json --events big.ndjson --count --repeat 20 --stats stats.json\n"
      "  weir match --rules rules.json --events events.ndjson --explain my-rule");
  command->callback([options, &exit_code] { exit_code = match(*options); });
}

}  // namespace weir
