// match_lines() on whole blocks, beside its walls in the same run: memcpy of the block, the bare
// structural index (simdjson's first stage), and a walk that checks everything and looks for
// nothing. Answers are checked against the reference matcher before anything is timed.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "bench/match/streams.h"
#include "core/base/check.h"
#include "core/event/structural_index.h"
#include "core/match/matcher.h"
#include "core/rule/rule_set.h"
#include "tests/reference/reference.h"

namespace weir::bench {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{128} * 1024;
constexpr std::size_t kBlocks = 32;  // 4 MiB in all: more than the second-level cache

using Patterns = std::vector<std::string>;

std::shared_ptr<const RuleSet> compile(const Patterns& patterns) {
  std::vector<RuleText> texts;
  for (const std::string& pattern : patterns) texts.push_back({"", pattern});
  auto set = compile_rules(texts);
  if (!set) std::fprintf(stderr, "%s\n", set.error().message.c_str());
  WEIR_CHECK(set.ok());
  return set.value();
}

std::vector<Stream> blocks_of(Stream (*make)(std::size_t, std::uint64_t), std::size_t bytes) {
  std::vector<Stream> out;
  for (std::size_t i = 0; i < kBlocks; ++i) out.push_back(make(bytes, i + 1));
  return out;
}

void report(benchmark::State& state, const std::vector<Stream>& blocks) {
  std::size_t events = 0;
  std::size_t bytes = 0;
  for (const Stream& block : blocks) {
    events += block.events;
    bytes += block.size;
  }
  const double runs = static_cast<double>(state.iterations());
  state.counters["events"] =
      benchmark::Counter(static_cast<double>(events) * runs, benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

// Every event of the first block against every rule, or a sample of many rules.
void check_answers(const Stream& block, const Patterns& patterns, const RuleSet& rules) {
  Matcher matcher;
  LineResults results;
  matcher.match_lines(rules, std::string_view(block.text).substr(0, block.size), results);
  WEIR_CHECK(results.lines.size() == block.events);
  std::vector<reference::Rule> plain;
  for (const std::string& pattern : patterns) plain.push_back(reference::compile(pattern).value());
  const std::size_t checked =
      std::min<std::size_t>(results.lines.size(), patterns.size() > 100 ? 5 : 40);
  for (std::size_t i = 0; i < checked; ++i) {
    const LineResult& line = results.lines[i];
    const auto event =
        reference::flatten(std::string_view(block.text).substr(line.offset, line.length));
    WEIR_CHECK(event.has_value() && line.error == EventError::none);
    std::vector<RuleIndex> expected;
    for (std::size_t r = 0; r < plain.size(); ++r) {
      if (reference::matches(plain[r], *event)) expected.push_back(static_cast<RuleIndex>(r));
    }
    const auto found = results.matches_of(line);
    WEIR_CHECK(std::vector<RuleIndex>(found.begin(), found.end()) == expected);
  }
}

void copy_blocks(benchmark::State& state, const std::vector<Stream>& blocks) {
  std::size_t largest = 0;
  for (const Stream& block : blocks) largest = std::max(largest, block.size);
  std::string target(largest, '\0');
  for (auto _ : state) {
    for (const Stream& block : blocks) {
      std::memcpy(target.data(), block.text.data(), block.size);
      benchmark::DoNotOptimize(target.data());
      benchmark::ClobberMemory();
    }
  }
  report(state, blocks);
}

void index_blocks(benchmark::State& state, const std::vector<Stream>& blocks) {
  StructuralIndex index;
  for (auto _ : state) {
    for (const Stream& block : blocks) {
      WEIR_CHECK(index.build(std::string_view(block.text).substr(0, block.size)));
      benchmark::DoNotOptimize(index.tokens());
    }
  }
  report(state, blocks);
}

void match_blocks(benchmark::State& state, const std::vector<Stream>& blocks,
                  const Patterns& patterns) {
  const auto rules = compile(patterns);
  check_answers(blocks.front(), patterns, *rules);
  Matcher matcher;
  LineResults results;
  std::size_t matches = 0;
  for (auto _ : state) {
    matches = 0;
    for (const Stream& block : blocks) {
      results.clear();
      matcher.match_lines(*rules, std::string_view(block.text).substr(0, block.size), results);
      matches += results.matches.size();
    }
  }
  report(state, blocks);
  state.counters["matches"] = static_cast<double>(matches);
  state.counters["rules_bytes"] = static_cast<double>(rules->memory_bytes());
}

Patterns with_idle(Patterns rules, std::size_t count) {
  const Patterns idle = idle_rules(count);
  rules.insert(rules.end(), idle.begin(), idle.end());
  return rules;
}

void add(const std::string& stream, const std::vector<Stream>& blocks,
         const std::vector<std::pair<std::string, Patterns>>& sets, bool walls = true) {
  const auto bench = [&](const std::string& name, auto run) {
    benchmark::RegisterBenchmark((stream + "/" + name).c_str(), run)->Unit(benchmark::kMillisecond);
  };
  if (walls) {
    bench("wall: memcpy", [&blocks](benchmark::State& s) { copy_blocks(s, blocks); });
    bench("wall: index", [&blocks](benchmark::State& s) { index_blocks(s, blocks); });
  }
  for (const auto& [name, patterns] : sets) {
    bench(name, [&blocks, set = patterns](benchmark::State& s) { match_blocks(s, blocks, set); });
  }
}

Patterns repeat(std::size_t count, const std::function<std::string(std::size_t)>& make) {
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(make(i));
  return out;
}

Patterns city(const std::vector<std::string>& conditions) {
  Patterns out;
  for (const std::string& c : conditions) out.push_back(R"({"properties":{)" + c + "}}");
  return out;
}

const Patterns kNothing = {R"({"no-such-field":["x"]})"};

void add_city_lots(const std::vector<Stream>& blocks) {
  const auto range = [](std::size_t i) {
    return i % 2 == 0 ? fmt::format(R"({{"geometry":{{"coordinates":[{{"numeric":[)"
                                    R"(">",-122.4{0}05,"<",-122.4{0}]}}]}}}})",
                                    i + 1)
                      : fmt::format(R"({{"geometry":{{"coordinates":[{{"numeric":[)"
                                    R"(">",37.7{0},"<",37.7{0}05]}}]}}}})",
                                    i + 1);
  };
  add("city lots", blocks,
      {
          {"validate only", kNothing},
          {"exact", city({R"("MAPBLKLOT":["1430022"])", R"("MAPBLKLOT":["2607117"])",
                          R"("BLOCK_NUM":["1501"])", R"("BLOCK_NUM":["1504"],"ST_TYPE":["AVE"])",
                          R"("STREET":["CRANLEIGH"])"})},
          {"prefix", city({R"("STREET":[{"prefix":"AC"}])", R"("STREET":[{"prefix":"BL"}])",
                           R"("STREET":[{"prefix":"DR"}])", R"("STREET":[{"prefix":"CRA"}])",
                           R"("STREET":[{"prefix":"MIS"}])"})},
          {"suffix", city({R"("STREET":[{"suffix":"ON"}])", R"("STREET":[{"suffix":"KE"}])",
                           R"("STREET":[{"suffix":"MM"}])", R"("STREET":[{"suffix":"ING"}])",
                           R"("STREET":[{"suffix":"GO"}])"})},
          {"wildcard",
           city({R"("MAPBLKLOT":[{"wildcard":"143*"}])", R"("MAPBLKLOT":[{"wildcard":"2*0*1*7"}])",
                 R"("MAPBLKLOT":[{"wildcard":"*218"}])", R"("MAPBLKLOT":[{"wildcard":"3*5*2"}])",
                 R"("MAPBLKLOT":[{"wildcard":"VIL*"}])"})},
          {"equals-ignore-case", city({R"("STREET":[{"equals-ignore-case":"jefferson"}])",
                                       R"("STREET":[{"equals-ignore-case":"bEaCh"}])",
                                       R"("STREET":[{"equals-ignore-case":"HyDe"}])",
                                       R"("STREET":[{"equals-ignore-case":"CHESTNUT"}])",
                                       R"("ST_TYPE":[{"equals-ignore-case":"st"}])"})},
          {"anything-but", city({R"("STREET":[{"anything-but":["FULTON"]}])",
                                 R"("STREET":[{"anything-but":["MASON"]}])",
                                 R"("ST_TYPE":[{"anything-but":["ST"]}])",
                                 R"("BLKLOT":[{"anything-but":["0001T"]}])",
                                 R"("STREET":[{"anything-but":{"prefix":"C"}}])"})},
          {"numeric",
           {R"({"geometry":{"coordinates":[{"numeric":["=",-122.42860896096424]}]}})",
            R"({"geometry":{"coordinates":[{"numeric":["=",37.79584742500000]}]}})",
            R"({"geometry":{"coordinates":[{"numeric":["<",-122.4999]}]}})",
            R"({"properties":{"FROM_ST":["5"]}})", R"({"properties":{"TO_ST":["50"]}})"}},
          {"complex arrays", repeat(5, range)},
      });
}

void add_city_lots_scale(const std::vector<Stream>& blocks) {
  add("city lots", blocks,
      {
          {"exact on two fields x 1,000",
           repeat(1000,
                  [](std::size_t i) {
                    return fmt::format(
                        R"({{"properties":{{"BLKLOT":["{:04}{:03}"],"ST_TYPE":["{}"]}}}})",
                        i * 7 % 9000, i % 200, i % 2 == 0 ? "ST" : "AVE");
                  })},
          {"exact on two fields x 100,000",
           repeat(
               100000,
               [](std::size_t i) {
                 return fmt::format(
                     R"({{"properties":{{"BLKLOT":["{:04}{:03}"],"MAPBLKLOT":["{:04}{:03}"]}}}})",
                     i * 7 % 9000, i / 45 % 200, i * 11 % 9000, i % 200);
               })},
          {"500 anything-but on one field",
           repeat(500,
                  [](std::size_t i) {
                    return fmt::format(
                        R"({{"properties":{{"STREET":[{{"anything-but":["S{}","CRANLEIGH"]}}]}}}})",
                        i);
                  })},
          {"500 exists:false names",
           repeat(500,
                  [](std::size_t i) {
                    return fmt::format(
                        R"({{"properties":{{"NONE{}":[{{"exists":false}}],"ST_TYPE":["X"]}}}})", i);
                  })},
          {"200 *xyz* wildcards on one field",
           repeat(200,
                  [](std::size_t i) {
                    return fmt::format(
                        R"({{"properties":{{"STREET":[{{"wildcard":"*{}{}{}*"}}]}}}})",
                        char('A' + i % 26), char('A' + i / 7 % 26), char('A' + i / 3 % 26));
                  })},
          {"60 three-part wildcards",
           repeat(60,
                  [](std::size_t i) {
                    return fmt::format(
                        R"({{"properties":{{"BLKLOT":[{{"wildcard":"*{}*{}*{}*"}}]}}}})", i % 10,
                        i / 3 % 10, i / 7 % 10);
                  })},
      },
      false);
}

void add_flow_logs(const std::vector<Stream>& blocks) {
  add("A", blocks,
      {
          {"validate only", kNothing},
          {"4 rules", flow_log_rules()},
          {"4 rules + 1,000 idle", with_idle(flow_log_rules(), 1000)},
          {"1,000 numeric ranges on one field",
           repeat(1000,
                  [](std::size_t i) {
                    return fmt::format(R"({{"bytes":[{{"numeric":[">=",{},"<",{}]}}]}})", i * 977,
                                       i * 977 + 1500);
                  })},
          {"1,000 cidr", repeat(1000,
                                [](std::size_t i) {
                                  return fmt::format(R"({{"srcaddr":[{{"cidr":"{}.{}.0.0/18"}}]}})",
                                                     10 + i % 190, i % 256);
                                })},
      });
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  benchmark::Initialize(&argc, argv);
  const auto flow = blocks_of(flow_logs, kBlockBytes);
  const auto trail = blocks_of(cloud_trail, kBlockBytes);
  const auto lots = blocks_of(city_lots, kBlockBytes);
  const auto large = blocks_of(large_arrays, std::size_t{512} * 1024);
  std::printf("bytes per event: A %zu, B %zu, city lots %zu, large arrays %zu\n",
              flow[0].size / flow[0].events, trail[0].size / trail[0].events,
              lots[0].size / lots[0].events, large[0].size / large[0].events);
  add_flow_logs(flow);
  add("B", trail, {{"validate only", kNothing}, {"4 rules", cloud_trail_rules()}});
  add_city_lots(lots);
  add_city_lots_scale(lots);
  add("large arrays", large,
      {{"validate only", kNothing},
       {"5 rules",
        {R"({"source":["bulk"],"detail":{"items":{"kind":["a"],)"
         R"("size":[{"numeric":["<",50]}]}}})",
         R"({"detail":{"items":{"name":[{"prefix":"item-00"}],"owner":{"id":["u7"]}}}})",
         R"({"detail":{"items":{"kind":["z"]}}})",
         R"({"detail":{"items":{"kind":["b"],"none":[{"exists":false}]}}})",
         R"({"detail":{"items":{"size":[{"numeric":[">",99998]}],)"
         R"("owner":{"id":["u1","u2"]}}}})"}}});
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
