// The log of a durable bus on a real disk: appending with group commit, recovery, and reading back,
// beside what the processor alone takes for the copy and the checksum.
//
//     WEIR_BENCH_DIR=/some/disk build/bench_log
//
// Without the variable the files go to the temporary directory, which may be no disk.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "core/log/bus_log.h"
#include "core/log/checksum.h"
#include "core/log/log_reader.h"
#include "core/log/recovery.h"
#include "io/disk/real_disk.h"
#include "io/ring/clock.h"
#include "io/ring/ring.h"

namespace weir {
namespace {

constexpr std::uint32_t kTextBytes = 128 * 1024;
constexpr std::size_t kEventBytes = 337;

std::string bench_directory() {
  const char* chosen = ::getenv("WEIR_BENCH_DIR");
  std::string name = chosen != nullptr ? chosen : std::filesystem::temp_directory_path().string();
  name += "/weir-bench-XXXXXX";
  return ::mkdtemp(name.data()) != nullptr ? name : std::string();
}

class Names final : public LogNames, public ReplayNames {
 public:
  std::string target(TargetId id) const override { return "target" + std::to_string(id.value); }
  std::string source(SourceId) const override { return "source"; }
  const Rendering& rendering(SourceId) const override { return rendering_; }
  TargetId target(std::string_view) const override { return TargetId(0); }
  SourceId source(std::string_view) const override { return SourceId(0); }

 private:
  Rendering rendering_{"000000000000", "eu-west-1", std::nullopt};
};

class Output final : public BusLogOutput, public BusLogHost {
 public:
  explicit Output(std::vector<Block*>& free) : free_(free) {}
  void durable(Block* block) override { free_.push_back(block); }
  void log_message(BusId, std::string_view text) override { message = text; }
  std::string message;

 private:
  std::vector<Block*>& free_;
};

// A full block of flat events for four targets, as a Router leaves it.
void fill(Block& block, Origin& origin) {
  block.reset();
  std::memset(block.mutable_begin(), 'x', kTextBytes);
  block.set_bounds(0, kTextBytes);
  block.target_sets = {0, 0, 1, 3};
  block.target_list = {TargetId(0), TargetId(1), TargetId(2)};
  for (std::uint32_t at = 0; at + kEventBytes <= kTextBytes; at += kEventBytes) {
    block.events.push_back({at, kEventBytes - 1, at % 3});
  }
  origin.refs.acquire();
  block.spans.push_back({.origin = &origin, .begin = 0, .end = kTextBytes, .lines = 388});
}

struct Rig {
  explicit Rig(std::size_t blocks) : pool(blocks, 0, kTextBytes, 2), user(pool) {
    directory = bench_directory() + "/log";
    ring = std::move(Ring::create()).value();
    port = ring->make_port();
    reader_port = ring->make_port();
    static_cast<void>(ring->enable());
    origin.source = SourceId(0);
    origin.refs.reset(1);
    while (Block* block = user.take()) {
      fill(*block, origin);
      free.push_back(block);
    }
  }
  ~Rig() {
    ring->drain(monotonic_now() + 10s);
    log.reset();
    for (Block* block : free) {
      block->refs.reset(1);
      block->release();
    }
    port.reset();
    reader_port.reset();
    std::error_code ignored;
    std::filesystem::remove_all(std::filesystem::path(directory).parent_path(), ignored);
  }
  void start() {
    RealDisk disk;
    auto recovered = recover_bus_log(disk, {.directory = directory, .bus = "b", .decode = {}});
    BusLog::Options options;
    options.directory = directory;
    options.spec.name = "b";
    options.seed = 5;
    log = std::make_unique<BusLog>(options, std::move(*recovered), *port, names, output, output,
                                   read_clock());
  }
  // Appends so many full blocks and waits until the last is durable.
  void append(std::size_t count) {
    while (count > 0 || !log->idle()) {
      while (count > 0 && !free.empty() && log->append(free.back())) {
        free.pop_back();
        --count;
      }
      ring->poll();
      if (log->poll(read_clock()) == 0) ring->submit_and_wait(monotonic_now() + 1ms);
    }
  }
  void close() {
    log->close();
    while (!log->quiescent()) {
      ring->submit_and_wait(monotonic_now() + 1ms);
      log->poll(read_clock());
    }
    ring->poll();
  }

  std::string directory;
  std::unique_ptr<Ring> ring;
  std::unique_ptr<Port> port;
  std::unique_ptr<Port> reader_port;
  Origin origin;
  BlockPool pool;
  BlockPool::User user;
  std::vector<Block*> free;
  Names names;
  Output output{free};
  std::unique_ptr<BusLog> log;
};

void copy_and_checksum(benchmark::State& state) {
  Rig rig(8);
  RecordEncoder encoder(rig.names);
  AlignedMemory out(kMiB);
  std::uint64_t bytes = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    const std::uint64_t length = encoder.lay_out(*rig.free[next++ % rig.free.size()]);
    encoder.begin({1, 4096, 1});
    benchmark::DoNotOptimize(encoder.copy(out.span().first(length)));
    bytes += length;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(copy_and_checksum);

void copy_alone(benchmark::State& state) {
  Rig rig(8);
  AlignedMemory out(kMiB);
  std::size_t next = 0;
  for (auto _ : state) {
    const Block& block = *rig.free[next++ % rig.free.size()];
    std::memcpy(out.data(), block.text().data(), kTextBytes);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * kTextBytes);
}
BENCHMARK(copy_alone);

// Arg: blocks that may be under way; 1 is one block alone, written and synced.
void append_durably(benchmark::State& state) {
  Rig rig(static_cast<std::size_t>(state.range(0)));
  rig.start();
  rig.append(1);
  const std::size_t count = state.range(0) == 1 ? 1 : 1024;
  const Nanoseconds cpu = process_cpu_time();
  for (auto _ : state) rig.append(count);
  const double gigabytes = static_cast<double>(rig.log->counters().bytes.read()) / 1e9;
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(count * kTextBytes));
  state.counters["cpu_s_per_GB"] =
      std::chrono::duration<double>(process_cpu_time() - cpu).count() / gigabytes;
  state.counters["blocks_per_sync"] = static_cast<double>(rig.log->counters().blocks.read()) /
                                      static_cast<double>(rig.log->counters().syncs.read());
  if (!rig.output.message.empty()) state.SetLabel(rig.output.message.substr(0, 60));
  rig.close();
}
BENCHMARK(append_durably)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

void recover(benchmark::State& state) {
  Rig rig(64);
  rig.start();
  rig.append(1900);  // most of a segment of 256 MiB
  rig.close();
  RealDisk disk;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const auto recovered = recover_bus_log(
        disk, {.directory = rig.directory, .bus = "b", .repair = false, .decode = {}});
    if (!recovered.ok() || recovered->next_sequence != 1901) state.SkipWithError("wrong answer");
    bytes += recovered->bytes_read;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(recover)->UseRealTime();

void read_back(benchmark::State& state) {
  Rig rig(64);
  rig.start();
  rig.append(4000);
  LayoutTable layouts;
  ReplayTables tables(layouts);
  LogReader reader({}, *rig.reader_port, rig.log->view(), rig.names, tables, read_clock());
  std::uint64_t blocks = 0;
  for (auto _ : state) {
    reader.seek(1);
    for (std::uint64_t next = 1; next < rig.log->durable_sequence();) {
      const BlockSource::Item item = reader.next();
      if (item.kind == BlockSource::Item::Kind::block) {
        item.block->release();
        ++next;
        ++blocks;
        continue;
      }
      if (item.kind == BlockSource::Item::Kind::missed) return state.SkipWithError("missed");
      rig.ring->poll();
      if (reader.poll(read_clock()) == 0) rig.ring->submit_and_wait(monotonic_now() + 1ms);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(blocks * kTextBytes));
  reader.stop();
  while (!reader.quiescent()) {
    rig.ring->submit_and_wait(monotonic_now() + 1ms);
    reader.poll(read_clock());
  }
  rig.close();
}
BENCHMARK(read_back)->UseRealTime();

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
