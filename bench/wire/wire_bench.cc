// The codecs against their wall: flow-log lines taken apart and rendered, records split, envelopes
// wrapped, next to a plain copy of the same bytes. Each benchmark checks its answer first.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/wire/flow_log.h"
#include "core/wire/record_splitter.h"
#include "core/wire/render.h"
#include "tools/gen/generator.h"

namespace weir {
namespace {

constexpr std::size_t kLines = 20000;

struct Lines {
  std::string text;
  std::vector<std::string_view> lines;
};

Lines generate(std::string_view kind) {
  Lines made;
  const auto generator = make_generator(kind, {.seed = 1});
  for (std::size_t i = 0; i < kLines; ++i) (*generator)->append_next(made.text);
  const std::size_t size = made.text.size();
  made.text.append(kWirePadding, '\n');
  for (std::size_t at = 0; at < size;) {
    const std::size_t end = made.text.find('\n', at);
    made.lines.emplace_back(made.text.data() + at, end - at);
    at = end + 1;
  }
  return made;
}

void set_rates(benchmark::State& state, const Lines& input) {
  const auto lines = static_cast<std::int64_t>(input.lines.size());
  state.SetItemsProcessed(state.iterations() * lines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(input.text.size()));
  state.counters["time_per_line"] =
      benchmark::Counter(static_cast<double>(state.iterations() * lines),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void wall_copy_lines(benchmark::State& state) {
  const Lines input = generate("flow-logs");
  std::string out(input.text.size(), ' ');
  for (auto _ : state) {
    char* end = out.data();
    for (const std::string_view line : input.lines) {
      std::memcpy(end, line.data(), line.size());
      end += line.size();
    }
    benchmark::DoNotOptimize(end);
    benchmark::ClobberMemory();
  }
  set_rates(state, input);
}
BENCHMARK(wall_copy_lines);

void flow_log_split(benchmark::State& state) {
  const Lines input = generate("flow-logs");
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  FlowLogValues values;
  for (auto _ : state) {
    std::size_t sound = 0;
    for (const std::string_view line : input.lines) {
      if (layout.split(line, values) == RefuseReason::none) ++sound;
      benchmark::DoNotOptimize(values);
    }
    WEIR_CHECK(sound == kLines);
  }
  set_rates(state, input);
}
BENCHMARK(flow_log_split);

void flow_log_render(benchmark::State& state) {
  const Lines input = generate("flow-logs");
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  std::string out(layout.json_size_bound(2000), ' ');
  for (auto _ : state) {
    std::size_t bytes = 0;
    for (const std::string_view line : input.lines) {
      bytes += static_cast<std::size_t>(layout.render_json(line, out.data()) - out.data());
      benchmark::ClobberMemory();
    }
    WEIR_CHECK(bytes > kLines * 200);
  }
  set_rates(state, input);
}
BENCHMARK(flow_log_render);

void split_cloudtrail_file(benchmark::State& state) {
  Lines input = generate("cloudtrail");
  std::string file = "{\"Records\":[";
  for (const std::string_view line : input.lines) {
    file += line;
    file += ',';
  }
  file.back() = ']';
  file += '}';
  for (auto _ : state) {
    RecordSplitter splitter(1U << 20U, RecordMode::json);
    std::size_t records = 0;
    for (std::size_t at = 0; at < file.size(); at += 65536) {
      splitter.feed(std::string_view(file).substr(at, 65536));
      while (splitter.next().kind == RecordSplitter::Kind::line) ++records;
    }
    WEIR_CHECK(records == kLines);
  }
  set_rates(state, input);
}
BENCHMARK(split_cloudtrail_file);

void split_bare_objects(benchmark::State& state) {
  const Lines input = generate("cloudtrail");
  for (auto _ : state) {
    RecordSplitter splitter(1U << 20U, RecordMode::json);
    splitter.feed(input.text);
    std::size_t records = 0;
    while (splitter.next().kind == RecordSplitter::Kind::line) ++records;
    WEIR_CHECK(records == kLines);
  }
  set_rates(state, input);
}
BENCHMARK(split_bare_objects);

void render_events(benchmark::State& state, bool flow_log) {
  const Lines input = generate(flow_log ? "flow-logs" : "flow-logs-json");
  const EventRenderer renderer(
      "123456789012", "us-east-1",
      {{EnvelopeText{.source = "my.app", .detail_type = "Record", .resources = {}}}});
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  BlockPool pool(1, 0, static_cast<std::uint32_t>(input.text.size()), 2);
  BlockPool::User user(pool);
  Block* block = user.take();
  std::memcpy(block->receive_area().data(), input.text.data(), input.text.size());
  block->set_bounds(0, static_cast<std::uint32_t>(input.text.size()));
  Origin origin;
  origin.source = SourceId(0);
  origin.layout = flow_log ? &layout : nullptr;
  block->spans.push_back({.origin = &origin});
  for (const std::string_view line : input.lines) {
    block->events.push_back({.offset = static_cast<std::uint32_t>(line.data() - input.text.data()),
                             .length = static_cast<std::uint32_t>(line.size()),
                             .set = 0});
  }
  std::string out(renderer.size_bound(origin, 2000), ' ');
  for (auto _ : state) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < block->events.size(); ++i) {
      bytes += static_cast<std::size_t>(renderer.render(*block, 0, i, out.data()) - out.data());
      benchmark::ClobberMemory();
    }
    WEIR_CHECK(bytes > kLines * 200);
  }
  set_rates(state, input);
  block->spans.clear();
  user.put_back(block);
}
BENCHMARK_CAPTURE(render_events, envelope_around_json, false);
BENCHMARK_CAPTURE(render_events, envelope_around_flow_log, true);

void generate_lines(benchmark::State& state, const char* kind) {
  const auto generator = make_generator(kind, {.seed = 1});
  std::string out;
  for (auto _ : state) {
    (*generator)->append_next(out);
    if (out.size() > 1U << 20U) out.clear();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(generate_lines, flow_logs, "flow-logs");
BENCHMARK_CAPTURE(generate_lines, flow_logs_json, "flow-logs-json");
BENCHMARK_CAPTURE(generate_lines, cloudtrail, "cloudtrail");
BENCHMARK_CAPTURE(generate_lines, orders, "orders");

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
