// What the pipeline costs without a kernel: framing alone, and whole cells on ports that move bytes
// by memcpy, as a kernel would. The walls stand beside them: one memcpy of the input, and the
// copies of input and output that no router can save.
//
// Each run checks that every event was accepted and delivered before its figure counts.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/cell/cell.h"
#include "tools/gen/generator.h"

namespace weir {
namespace {

constexpr std::uint64_t kEventsPerRun = 100'000;

// Brings the input in reads of up to 64 KiB; takes every send at once.
class MemoryPort final : public Port {
 public:
  explicit MemoryPort(std::string_view input) : input_(input) {}

  void accept(Handle, Token token) override {
    if (!accepted_) finish(token, 7);
    accepted_ = true;
  }
  void connect(const Endpoint&, Token token) override { finish(token, 3); }
  void provide(std::uint32_t id, std::span<char> memory) override {
    buffers_.push_back({id, memory});
  }
  void receive(Handle handle, Token token) override {
    if (handle != Handle(7)) return;  // a target's connection: its peer says nothing
    constexpr std::size_t kReadBytes = 64 * 1024;
    const std::size_t count = std::min(kReadBytes, input_.size() - at_);
    if (count == 0) return finish(token, 0);
    if (buffers_.empty()) return finish(token, -ENOBUFS);
    const auto [id, memory] = buffers_.front();
    buffers_.pop_front();
    std::memcpy(memory.data(), input_.data() + at_, count);
    at_ += count;
    done_.push_back({.token = token, .result = static_cast<std::int64_t>(count), .buffer = id});
  }
  void send(Handle, std::span<const char> bytes, Token token) override {
    sink_.resize(std::max(sink_.size(), bytes.size()));
    std::memcpy(sink_.data(), bytes.data(), bytes.size());
    finish(token, static_cast<std::int64_t>(bytes.size()));
  }
  std::uint64_t unacknowledged(Handle) override { return 0; }
  void shutdown_receive(Handle) override {}
  void shutdown_send(Handle) override {}
  std::string peer_name(Handle) override { return "memory"; }
  void open(const std::string&, OpenMode, Token token) override { finish(token, -EACCES); }
  std::uint64_t file_size(Handle) override { return 0; }
  void write(Handle, std::span<const char>, std::uint64_t, Token token) override {
    finish(token, -EIO);
  }
  void read(Handle, std::span<char>, std::uint64_t, Token token) override { finish(token, 0); }
  void sync(Handle, Token token) override { finish(token, 0); }
  void sync_directory(Handle, Token token) override { finish(token, 0); }
  void allocate(Handle, std::uint64_t, Token token) override { finish(token, 0); }
  void truncate(Handle, std::uint64_t, Token token) override { finish(token, 0); }
  void rename(const std::string&, const std::string&, Token token) override { finish(token, 0); }
  void remove(const std::string&, Token token) override { finish(token, 0); }
  void close(Handle) override {}
  std::size_t reap(std::span<Completion> out) override {
    const std::size_t count = std::min(out.size(), done_.size());
    std::copy_n(done_.begin(), count, out.begin());
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

 private:
  struct Buffer {
    std::uint32_t id;
    std::span<char> memory;
  };
  void finish(Token token, std::int64_t result) {
    done_.push_back({.token = token, .result = result});
  }
  const std::string_view input_;
  std::size_t at_ = 0;
  bool accepted_ = false;
  std::deque<Buffer> buffers_;
  std::deque<Completion> done_;
  std::vector<char> sink_;
};

struct Quiet final : IngestEvents, RefusalSink, WriterHost {
  void problem(SourceId, const std::string&) override {}
  void refused(const Origin&, std::uint64_t, RefuseReason, std::uint32_t,
               std::string_view) override {}
  void message(Level, TargetId, std::string_view) override {}
  void file_finished(const FinishedFile&) override {}
};

const std::string& stream_of(const std::string& kind) {
  static std::map<std::string, std::string> streams;
  std::string& text = streams[kind];
  if (text.empty()) {
    auto generator = make_generator(kind, {.seed = 1});
    for (std::uint64_t i = 0; i < kEventsPerRun; ++i) (*generator)->append_next(text);
  }
  return text;
}

void add_rule(Catalog& catalog, const std::string& pattern) {
  const std::size_t index = catalog.rules.size();
  TargetSpec target;
  target.name = "t" + std::to_string(index);
  target.kind = TargetKind::tcp;
  target.endpoint.host = "127.0.0.1";
  catalog.targets.push_back(target);
  RuleSpec rule;
  rule.name = "r" + std::to_string(index);
  rule.pattern = pattern;
  rule.targets = {TargetId(static_cast<std::uint16_t>(index))};
  catalog.rules.push_back(rule);
}

Catalog make_catalog(const std::string& kind) {
  Catalog catalog;
  catalog.buses.push_back({"default"});
  SourceSpec source;
  source.name = "in";
  source.format = kind == "flow-logs" ? SourceFormat::flow_log : SourceFormat::ndjson;
  catalog.sources.push_back(source);
  if (kind == "cloudtrail") {
    add_rule(catalog, R"({"detail":{"errorCode":["AccessDenied"]}})");
    add_rule(catalog, R"({"detail":{"eventName":[{"prefix":"Delete"}]}})");
    add_rule(catalog, R"({"detail":{"sourceIPAddress":[{"prefix":"10."}]}})");
    add_rule(catalog, R"({"source":[{"exists":true}]})");
  } else {
    add_rule(catalog, R"({"action":["REJECT"]})");
    add_rule(catalog, R"({"dstport":[22,3389]})");
    add_rule(catalog, R"({"bytes":[{"numeric":[">",1000000]}]})");
    add_rule(catalog, R"({"version":[{"exists":true}]})");
  }
  return catalog;
}

// One thread polls all stages until everything is delivered.
std::uint64_t run_cell(const Catalog& catalog, const std::string& text) {
  Quiet quiet;
  TargetSlots slots;
  const Plan plan = plan_for(1);
  BusRules rules;
  auto routing = build_routing(catalog, 1, plan.routers(), slots, rules);
  WEIR_CHECK(routing.ok());
  Cell cell(catalog, *routing, plan, 0, 1,
            CellHosts{.ingest = quiet, .refusals = quiet, .writers = quiet});
  MemoryPort input(text);
  MemoryPort output("");
  Ingest& ingest = cell.make_ingest(input, {{.handle = Handle(1), .source = SourceId(0)}}, {});
  Writer& writer = cell.make_writer(0, output);
  std::vector<std::shared_ptr<TargetCounters>> counters;
  for (std::size_t i = 0; i < catalog.targets.size(); ++i) {
    counters.push_back(std::make_shared<TargetCounters>());
    writer.add_target(TargetId(static_cast<std::uint16_t>(i)), catalog.targets[i], counters.back());
  }
  Now now;
  Stage* const stages[] = {&ingest, &cell.router(0), &cell.sequencer(), &writer};
  const SourceCounters& source = cell.router(0).counters(SourceId(0));
  while (source.accepted.read() < kEventsPerRun || !cell.taken_by_writers()) {
    now.monotonic = now.monotonic + 1ms;
    for (Stage* stage : stages) stage->poll(now);
  }
  writer.begin_drain();
  for (int i = 0; i < 1000 && !writer.idle(); ++i) {
    now.monotonic = now.monotonic + 1ms;
    writer.poll(now);
  }
  WEIR_CHECK(counters.back()->delivered.read() == kEventsPerRun);  // the rule that takes all
  std::uint64_t bytes_out = 0;
  for (const auto& counter : counters) bytes_out += counter->bytes.read();
  writer.abandon();
  return bytes_out;
}

void report(benchmark::State& state, std::size_t bytes_per_run) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEventsPerRun));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes_per_run));
}

void cell_on_memory(benchmark::State& state, const std::string& kind) {
  const std::string& text = stream_of(kind);
  const Catalog catalog = make_catalog(kind);
  for (auto _ : state) benchmark::DoNotOptimize(run_cell(catalog, text));
  report(state, text.size());
}

// The wall of cell_on_memory: input copied in, output copied into batches and out again.
void copies_alone(benchmark::State& state, const std::string& kind) {
  const std::string& text = stream_of(kind);
  const std::uint64_t bytes_out = run_cell(make_catalog(kind), text);
  std::vector<char> to(128 * 1024);
  const auto copy = [&](std::uint64_t bytes) {
    for (std::uint64_t at = 0; at < bytes; at += to.size()) {
      const std::size_t from = at % (text.size() - to.size());
      std::memcpy(to.data(), text.data() + from, to.size());
      benchmark::DoNotOptimize(to.data());
      benchmark::ClobberMemory();
    }
  };
  for (auto _ : state) {
    copy(text.size());
    copy(2 * bytes_out);
  }
  report(state, text.size());
}

// Framing: reads of `range` bytes into sealed blocks, nothing behind them.
void framing(benchmark::State& state) {
  const std::string& text = stream_of("flow-logs-json");
  const auto read_bytes = static_cast<std::size_t>(state.range(0));
  BlockPool blocks(8, kBlockHeadroom, kBlockCapacity, 2);
  BlockPool large(1, 64, kMiB, 2);
  SharedCounter sequence;
  Channel<Block*> sealed(16, 2);
  Channel<Block*>::Consumer out(sealed);
  BlockFiller filler({blocks, large, sequence, sealed});
  LineStream stream;
  stream.origin = new Origin;
  stream.origin->refs.reset(1);
  std::uint64_t bytes_sealed = 0;
  std::uint64_t bytes_sent = 0;
  const auto drain = [&] {
    Block* block = nullptr;
    while (out.pop(std::span(&block, 1)) == 1) {
      bytes_sealed += block->text().size();
      block->refs.reset(1);
      block->release();
    }
  };
  for (auto _ : state) {
    for (std::size_t at = 0; at < text.size(); at += read_bytes) {
      const std::string_view bytes = std::string_view(text).substr(at, read_bytes);
      Block* block = filler.take_block();
      std::memcpy(block->receive_area().data(), bytes.data(), bytes.size());
      WEIR_CHECK(filler.received(stream, block, static_cast<std::uint32_t>(bytes.size()), {}));
      drain();
    }
    bytes_sent += text.size();
  }
  filler.flush({});
  drain();
  WEIR_CHECK(bytes_sealed == bytes_sent);
  release(stream.origin);
  report(state, text.size());
}

void copy_of_input(benchmark::State& state) {
  const std::string& text = stream_of("flow-logs-json");
  std::vector<char> to(128 * 1024);
  for (auto _ : state) {
    for (std::size_t at = 0; at + to.size() <= text.size(); at += to.size()) {
      std::memcpy(to.data(), text.data() + at, to.size());
      benchmark::ClobberMemory();
    }
  }
  report(state, text.size());
}

BENCHMARK(copy_of_input);
BENCHMARK(framing)->Arg(512)->Arg(4096)->Arg(64 * 1024)->Arg(128 * 1024);
BENCHMARK_CAPTURE(copies_alone, flow_logs_json, "flow-logs-json")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cell_on_memory, flow_logs_json, "flow-logs-json")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(copies_alone, cloudtrail, "cloudtrail")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cell_on_memory, cloudtrail, "cloudtrail")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cell_on_memory, flow_logs_text, "flow-logs")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
