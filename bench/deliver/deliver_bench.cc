// What a Writer costs per event, against the wall: memcpy of the same bytes.
//
// Blocks of 128 KiB with events of 336 bytes (a flow-log record as JSON) go round; 16 of them, so
// that the text comes from the second-level cache or beyond, as it does behind a Router. The port
// takes every send at once and acknowledges it. Each run checks that all events were delivered.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/deliver/writer.h"

namespace weir {
namespace {

constexpr std::uint32_t kEventBytes = 336;
constexpr std::uint32_t kBlockBytes = 128 * 1024;
constexpr std::uint32_t kEvents = kBlockBytes / (kEventBytes + 1);
constexpr std::size_t kBlocks = 16;

// Every operation succeeds by the next reap.
class NullPort : public Port {
 public:
  void accept(Handle, Token) override {}
  void connect(const Endpoint&, Token token) override { finish(token, 3); }
  void provide(std::uint32_t buffer, std::span<char> memory) override {
    if (buffer == 0) memory_ = memory;
  }
  void receive(Handle, Token token) override { receives_.push_back(token); }
  void send(Handle, std::span<const char> bytes, Token token) override {
    finish(token, static_cast<std::int64_t>(bytes.size()));
    ++sends;
    sent_bytes += bytes.size();
    if (web) answer(token);
  }
  std::uint64_t unacknowledged(Handle) override { return 0; }
  void shutdown_receive(Handle) override {}
  void shutdown_send(Handle) override {}
  std::string peer_name(Handle) override { return ""; }
  void open(const std::string&, OpenMode, Token token) override { finish(token, 3); }
  std::uint64_t file_size(Handle) override { return 0; }
  void write(Handle, std::span<const char> bytes, std::uint64_t, Token token) override {
    finish(token, static_cast<std::int64_t>(bytes.size()));
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
    std::size_t count = 0;
    while (count < out.size() && !done_.empty()) {
      out[count++] = done_.front();
      done_.pop_front();
    }
    return count;
  }
  std::uint64_t sends = 0;
  std::uint64_t sent_bytes = 0;
  bool web = false;  // each send is a request, and is answered

 private:
  // To the receive of the connection that has sent: their tokens differ in the operation only.
  void answer(Token sent) {
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const auto waiting =
        std::ranges::find_if(receives_, [&](Token token) { return token >> 8U == sent >> 8U; });
    WEIR_CHECK(waiting != receives_.end());
    std::ranges::copy(kAnswer, memory_.begin());
    finish(*waiting, kAnswer.size());
    receives_.erase(waiting);
  }
  void finish(Token token, std::int64_t result) {
    done_.push_back({.token = token, .result = result, .buffer = 0});
  }
  std::deque<Completion> done_;
  std::deque<Token> receives_;
  std::span<char> memory_;
};

class QuietHost : public WriterHost {
 public:
  void message(Level, TargetId, std::string_view) override {}
  void file_finished(const FinishedFile&) override {}
};

// Which events go where: workload A of the whole-process benchmark has one target for everything
// and three rare ones; `spread` gives each event to one of four in turn.
enum class Routing { one, four_rules, spread };

void fill(Block& block, Routing routing) {
  block.reset();
  char* text = block.receive_area().data();
  const auto add_set = [&](std::vector<std::uint16_t> ids) {
    for (const std::uint16_t id : ids) block.target_list.push_back(TargetId{id});
    block.target_sets.push_back(static_cast<std::uint32_t>(block.target_list.size()));
    return static_cast<std::uint32_t>(block.target_sets.size() - 2);
  };
  std::vector<std::uint32_t> sets;
  if (routing == Routing::spread) {
    for (std::uint16_t id = 0; id < 4; ++id) sets.push_back(add_set({id}));
  } else {
    const std::uint32_t everything = add_set({0});
    sets.assign(100, everything);
    if (routing == Routing::four_rules) {
      const std::uint32_t rejected = add_set({0, 1});
      const std::uint32_t port = add_set({0, 2});
      const std::uint32_t big = add_set({0, 3});
      for (std::size_t i = 0; i < 100; i += 5) sets[i] = rejected;
      for (std::size_t i = 1; i < 100; i += 20) sets[i] = port;
      sets[2] = big;
    }
  }
  for (std::uint32_t i = 0; i < kEvents; ++i) {
    const std::uint32_t at = i * (kEventBytes + 1);
    std::memset(text + at, 'a' + static_cast<int>(i % 26), kEventBytes);
    text[at + kEventBytes] = '\n';
    block.events.push_back({.offset = at, .length = kEventBytes, .set = sets[i % sets.size()]});
  }
  block.set_bounds(block.headroom(), block.headroom() + kEvents * (kEventBytes + 1));
}

void append(benchmark::State& state, Routing routing, BatchFormat format, TargetKind kind) {
  BlockPool pool(kBlocks, 64, kBlockBytes, 1);
  Channel<Block*> input(kBlocks, 1);
  Channel<Block*>::Producer producer(input);
  NullPort port;
  QuietHost host;
  const EventRenderer renderer("0", "r", {});
  Writer writer(WriterOptions{}, input, port, renderer, host);
  std::vector<std::shared_ptr<TargetCounters>> counters;
  TargetSpec spec;
  spec.kind = kind;
  spec.format = format;
  port.web = kind == TargetKind::url;
  spec.http.authority = "sink";
  spec.http.path = Secret("/");
  spec.http.concurrency = 4;
  for (std::uint16_t id = 0; id < 4; ++id) {
    counters.push_back(std::make_shared<TargetCounters>());
    writer.add_target(TargetId{id}, spec, counters.back());
  }
  for (std::size_t i = 0; i < kBlocks; ++i) fill(pool.at(i), routing);
  Now now;
  std::uint64_t sequence = 0;
  std::uint64_t events = 0;
  for (auto _ : state) {
    Block& block = pool.at(sequence % kBlocks);
    block.refs.reset(2);  // one stays with us: the pool must not empty it
    block.sequence = sequence++;
    WEIR_CHECK(producer.push(&block));
    now.monotonic = now.monotonic + 50us;
    writer.poll(now);
    events += kEvents;
  }
  writer.begin_drain();
  for (int i = 0; i < 10; ++i) writer.poll(now);
  WEIR_CHECK(writer.idle());
  std::uint64_t delivered = 0;
  for (const auto& c : counters) delivered += c->delivered.read();
  WEIR_CHECK(routing == Routing::four_rules ? delivered > events : delivered == events);
  writer.abandon();
  state.counters["ns/event"] =
      benchmark::Counter(static_cast<double>(events) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  if (port.sends > 0) {
    state.counters["bytes/send"] = static_cast<double>(port.sent_bytes / port.sends);
  }
}

void BM_append_everything_ndjson(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::ndjson, TargetKind::tcp);
}
void BM_append_four_rules_ndjson(benchmark::State& state) {
  append(state, Routing::four_rules, BatchFormat::ndjson, TargetKind::tcp);
}
void BM_append_spread_ndjson(benchmark::State& state) {
  append(state, Routing::spread, BatchFormat::ndjson, TargetKind::tcp);
}
void BM_append_everything_json_array(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::json_array, TargetKind::tcp);
}
void BM_append_everything_raw(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::raw, TargetKind::tcp);
}
void BM_append_everything_discard(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::ndjson, TargetKind::discard);
}
void BM_append_everything_http_ndjson(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::ndjson, TargetKind::url);
}
void BM_append_everything_http_json_array(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::json_array, TargetKind::url);
}
void BM_append_everything_http_cloudevents(benchmark::State& state) {
  append(state, Routing::one, BatchFormat::cloudevents_batch, TargetKind::url);
}
BENCHMARK(BM_append_everything_http_ndjson);
BENCHMARK(BM_append_everything_http_json_array);
BENCHMARK(BM_append_everything_http_cloudevents);
BENCHMARK(BM_append_everything_ndjson);
BENCHMARK(BM_append_four_rules_ndjson);
BENCHMARK(BM_append_spread_ndjson);
BENCHMARK(BM_append_everything_json_array);
BENCHMARK(BM_append_everything_raw);
BENCHMARK(BM_append_everything_discard);

// The wall: the same blocks copied whole, and event by event, into a buffer that goes round.
void wall(benchmark::State& state, bool whole) {
  BlockPool pool(kBlocks, 64, kBlockBytes, 1);
  for (std::size_t i = 0; i < kBlocks; ++i) fill(pool.at(i), Routing::one);
  std::vector<char> out(256 * 1024);
  std::uint64_t turn = 0;
  std::uint64_t events = 0;
  for (auto _ : state) {
    const Block& block = pool.at(turn++ % kBlocks);
    const std::string_view text = block.text();
    char* to = out.data() + (turn % 2) * kBlockBytes;
    if (whole) {
      std::memcpy(to, text.data(), text.size());
    } else {
      for (const EventEntry& event : block.events) {
        std::memcpy(to, text.data() + event.offset, event.length);
        to[event.length] = '\n';
        to += event.length + 1;
      }
    }
    benchmark::ClobberMemory();
    events += kEvents;
  }
  state.counters["ns/event"] =
      benchmark::Counter(static_cast<double>(events) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
void BM_wall_memcpy_block(benchmark::State& state) {
  wall(state, true);
}
void BM_wall_memcpy_event(benchmark::State& state) {
  wall(state, false);
}
BENCHMARK(BM_wall_memcpy_block);
BENCHMARK(BM_wall_memcpy_event);

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
