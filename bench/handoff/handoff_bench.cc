// What it costs to hand a block to another thread, against the walls: memcpy of a block, and a look
// at shared memory. Every run checks that what went in came out.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"
#include "core/sync/sleep_gate.h"
#include "io/ring/clock.h"
#include "io/run/loop.h"

namespace weir {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{128} * 1024;

struct Buffer {
  std::uint64_t number = 0;
  std::array<char, kBlockBytes> bytes{};
};

std::uint64_t sum_of(const Buffer& buffer) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlockBytes; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, buffer.bytes.data() + i, 8);
    sum += word;
  }
  return sum;
}

// The wall: copying blocks, round a set that fits the cache (2) or does not (512 = 64 MiB).
void BM_MemcpyBlock(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (std::size_t i = 0; i < count; ++i) buffers.push_back(std::make_unique<Buffer>());
  std::size_t at = 0;
  for (auto _ : state) {
    Buffer& to = *buffers[at];
    at = at + 1 == count ? 0 : at + 1;
    std::memcpy(to.bytes.data(), buffers[at]->bytes.data(), kBlockBytes);
    benchmark::DoNotOptimize(to.bytes.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kBlockBytes));
}
BENCHMARK(BM_MemcpyBlock)->Arg(2)->Arg(512);

// The other wall: reading a block once, which any consumer does.
void BM_ReadBlock(benchmark::State& state) {
  auto buffer = std::make_unique<Buffer>();
  for (auto _ : state) benchmark::DoNotOptimize(sum_of(*buffer));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kBlockBytes));
}
BENCHMARK(BM_ReadBlock);

void BM_PushPopOneThread(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Channel<Buffer*> channel(256, 1);
  Channel<Buffer*>::Producer producer(channel);
  Channel<Buffer*>::Consumer consumer(channel);
  std::array<Buffer*, 64> out{};
  std::uint64_t popped = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) WEIR_CHECK(producer.push(nullptr));
    popped += consumer.pop(std::span(out).first(batch));
  }
  WEIR_CHECK(popped == static_cast<std::uint64_t>(state.iterations()) * batch);
  state.SetItemsProcessed(static_cast<std::int64_t>(popped));
}
BENCHMARK(BM_PushPopOneThread)->Arg(1)->Arg(16);

void BM_PopEmpty(benchmark::State& state) {
  Channel<Buffer*> channel(256, 1);
  Channel<Buffer*>::Producer producer(channel);
  Channel<Buffer*>::Consumer consumer(channel);
  std::array<Buffer*, 64> out{};
  for (auto _ : state) benchmark::DoNotOptimize(consumer.pop(out));
}
BENCHMARK(BM_PopEmpty);

// Blocks go round between two threads that never sleep. With `touch` one fills each block and the
// other reads it, so that its lines cross between the caches; without, only the pointer crosses.
void BM_HandOffTwoThreads(benchmark::State& state) {
  const bool touch = state.range(0) != 0;
  constexpr std::size_t kBuffers = 32;
  std::vector<std::unique_ptr<Buffer>> buffers;
  Channel<Buffer*> full(kBuffers, 1);
  Channel<Buffer*> empty(kBuffers, 1);
  Flag stop;
  std::uint64_t received = 0;
  std::uint64_t wrong = 0;
  std::thread reader([&] {
    Channel<Buffer*>::Consumer consumer(full);
    Channel<Buffer*>::Producer producer(empty);
    std::array<Buffer*, 16> out{};
    for (;;) {
      const bool last = stop.up();  // before the look: what was pushed before it is seen
      const std::size_t count = consumer.pop(out);
      for (std::size_t i = 0; i < count; ++i) {
        if (out[i]->number != received) ++wrong;
        if (touch) {
          const auto expected = static_cast<std::uint64_t>(static_cast<unsigned char>(received)) *
                                0x0101010101010101U * (kBlockBytes / 8);
          if (sum_of(*out[i]) != expected) ++wrong;
        }
        ++received;
        WEIR_CHECK(producer.push(out[i]));
      }
      if (count == 0 && last) return;
    }
  });
  Channel<Buffer*>::Producer producer(full);
  Channel<Buffer*>::Consumer consumer(empty);
  std::vector<Buffer*> free;
  for (std::size_t i = 0; i < kBuffers; ++i) {
    buffers.push_back(std::make_unique<Buffer>());
    free.push_back(buffers.back().get());
  }
  std::uint64_t sent = 0;
  std::array<Buffer*, 16> back{};
  for (auto _ : state) {
    while (free.empty()) {
      const std::size_t count = consumer.pop(back);
      free.insert(free.end(), back.begin(), back.begin() + static_cast<std::ptrdiff_t>(count));
    }
    Buffer* buffer = free.back();
    free.pop_back();
    buffer->number = sent;
    if (touch) std::memset(buffer->bytes.data(), static_cast<int>(sent & 0xffU), kBlockBytes);
    ++sent;
    WEIR_CHECK(producer.push(buffer));
  }
  stop.raise();
  reader.join();
  WEIR_CHECK(received == sent && wrong == 0);
  state.SetItemsProcessed(static_cast<std::int64_t>(sent));
  if (touch) state.SetBytesProcessed(static_cast<std::int64_t>(sent * kBlockBytes));
}
BENCHMARK(BM_HandOffTwoThreads)->Arg(0)->Arg(1)->UseRealTime();

// What a producer pays per hand-off to a thread that is awake.
void BM_NeedsWake(benchmark::State& state) {
  SleepGate gate;
  for (auto _ : state) benchmark::DoNotOptimize(gate.needs_wake());
}
BENCHMARK(BM_NeedsWake);

// Hands each item back to the thread that sent it.
class Echo final : public Stage {
 public:
  Echo(Channel<std::uint64_t>& in, Channel<std::uint64_t>& out) : consumer_(in), producer_(out) {}
  std::size_t poll(const Now&) override {
    std::array<std::uint64_t, 8> items{};
    const std::size_t count = consumer_.pop(items);
    for (std::size_t i = 0; i < count; ++i) WEIR_CHECK(producer_.push(items[i]));
    return count;
  }
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }

 private:
  Channel<std::uint64_t>::Consumer consumer_;
  Channel<std::uint64_t>::Producer producer_;
};

// A hand-off to a loop that sleeps in its ring, and back: eventfd, wake-up, one round. Half of the
// time is one way. The argument: how long the loop spins before it sleeps, in microseconds.
void BM_WakeRoundTrip(benchmark::State& state) {
  LoopOptions options;
  options.spin = std::chrono::microseconds(state.range(0));
  Result<std::unique_ptr<Loop>> loop = Loop::create(options);
  if (!loop) {
    state.SkipWithError(loop.error().message.c_str());
    return;
  }
  Channel<std::uint64_t> in(64, 1);
  Channel<std::uint64_t> out(64, 1);
  Echo echo(in, out);
  (*loop)->add(echo);
  WEIR_CHECK((*loop)->start().ok());
  Channel<std::uint64_t>::Producer producer(in);
  Channel<std::uint64_t>::Consumer consumer(out);
  std::uint64_t number = 0;
  for (auto _ : state) {
    WEIR_CHECK(producer.push(number));
    (*loop)->waker().wake();
    std::array<std::uint64_t, 1> back{};
    while (consumer.pop(back) == 0) {
    }
    WEIR_CHECK(back[0] == number);
    ++number;
  }
  (*loop)->stop();
  (*loop)->join();
}
BENCHMARK(BM_WakeRoundTrip)->Arg(0)->Arg(50)->UseRealTime();

// An idle round of a loop: what polling costs when nothing happens.
void BM_IdleRing(benchmark::State& state) {
  Result<std::unique_ptr<Ring>> ring = Ring::create();
  if (!ring || !(*ring)->enable().ok()) {
    state.SkipWithError("no ring");
    return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize((*ring)->poll());
    benchmark::DoNotOptimize(read_clock());
  }
  (*ring)->drain(monotonic_now() + 1s);
}
BENCHMARK(BM_IdleRing);

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
