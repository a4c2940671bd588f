// match_lines() on whole blocks, for each row of the table of matching speed; bench/run-match makes
// the table of its output.
//
//   bench_match [--tiny] [--benchmark_...]   --tiny: one block, so that a test can run it all
//   bench_match --write=DIR                  rules and events of each row, for `weir match`
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "bench/match/measure.h"
#include "bench/match/rows.h"
#include "core/base/check.h"

namespace weir::bench {
namespace {

constexpr std::size_t kBlocks = 32;  // 4 MiB in all: more than the second-level cache

using Streams = std::map<std::string, std::vector<Stream>, std::less<>>;

Streams make_streams(std::size_t blocks) {
  Streams out;
  for (const std::string_view name : stream_names()) {
    const StreamKind& kind = stream_kind(name);
    for (std::size_t i = 0; i < blocks; ++i) {
      out[std::string(name)].push_back(kind.make(kind.block_bytes, i + 1));
    }
  }
  return out;
}

void add(const std::string& name, auto run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond)->UseManualTime();
}

void add_rows(const Streams& streams, std::size_t rules_max) {
  for (const auto& [name, blocks] : streams) {
    const std::vector<Stream>& all = blocks;
    std::printf("%s: %zu bytes an event\n", name.c_str(), all[0].size / all[0].events);
    add(name + "/index only", [&all](benchmark::State& s) { measure_index(s, all); });
    add(name + "/check only", [&all](benchmark::State& s) { measure_check(s, all); });
  }
  for (const Row& row : all_rows()) {
    if (row.rules().size() > rules_max) continue;
    const std::vector<Stream>& blocks = streams.at(row.stream);
    add(row.stream + "/" + row.name, [row, &blocks](benchmark::State& s) {
      measure_row(s, row, blocks);
      s.counters["best_peer"] = row.aims.best_peer;
      s.counters["reach"] = row.aims.reach;
      s.counters["go_for"] = row.aims.go_for;
    });
  }
  const std::size_t built = std::min(kBuiltRules, rules_max);
  const auto add_real = [](const char* name, auto run) {
    benchmark::RegisterBenchmark(name, run)->Unit(benchmark::kMillisecond)->UseRealTime();
  };
  add_real("build/100,000 rules", [built](benchmark::State& s) { measure_build(s, built, false); });
  add_real("build/100,000 rules, all processors",
           [built](benchmark::State& s) { measure_build(s, built, true); });
  add_real("build/one rule put and removed among 100,000",
           [built](benchmark::State& s) { measure_change(s, built); });
}

std::string slug(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
  return name;
}

// One rules file a row, one file of events a stream, and index.tsv, which says what belongs
// together.
bool write_files(const std::string& directory, const Streams& streams) {
  for (const auto& [name, blocks] : streams) {
    std::ofstream out(directory + "/" + slug(name) + ".ndjson");
    for (const Stream& block : blocks) out << std::string_view(block.text).substr(0, block.size);
    if (!out.flush()) return false;
  }
  std::ofstream index(directory + "/index.tsv");
  for (const Row& row : all_rows()) {
    const std::string name = row.stream + "/" + row.name;
    const std::string file = slug(name) + ".rules.json";
    std::ofstream out(directory + "/" + file);
    std::size_t number = 0;
    for (const std::string& rule : row.rules()) {
      out << fmt::format("{}\"rule-{}\":{}", number == 0 ? "{" : ",\n", number, rule);
      ++number;
    }
    out << "}\n";
    index << name << '\t' << file << '\t' << slug(row.stream) << ".ndjson\n";
    if (!out.flush()) return false;
  }
  return static_cast<bool>(index.flush());
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  benchmark::Initialize(&argc, argv);
  bool tiny = false;
  std::string directory;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--tiny") {
      tiny = true;
    } else if (argument.starts_with("--write=")) {
      directory = argument.substr(argument.find('=') + 1);
    } else {
      std::fprintf(stderr, "bench_match: unknown argument %s\n", argv[i]);
      return 2;
    }
  }
  const auto streams = make_streams(tiny ? 1 : kBlocks);
  if (!directory.empty()) return write_files(directory, streams) ? 0 : 1;
  add_rows(streams, tiny ? 1000 : kBuiltRules);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
