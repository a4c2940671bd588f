// A Writer over simulated sockets, files and time, with blocks made from lines of text.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/deliver/writer.h"
#include "tests/sim/sim_port.h"

namespace weir {

inline const Endpoint kSink{.host = "127.0.0.1", .port = 7001, .congestion = {}};
inline const Endpoint kOtherSink{.host = "127.0.0.1", .port = 7002, .congestion = {}};

inline TargetSpec tcp_target(const std::string& name, const Endpoint& endpoint) {
  TargetSpec spec;
  spec.name = name;
  spec.kind = TargetKind::tcp;
  spec.endpoint = endpoint;
  spec.batch = {.records_max = 2, .bytes_max = kMiB, .wait_max = 100ms};
  spec.buffer_bytes = 4 * kChunkBytes;
  return spec;
}

inline TargetSpec file_target(const std::string& name, const std::string& path) {
  TargetSpec spec = tcp_target(name, kSink);
  spec.kind = TargetKind::file;
  spec.path = path;
  return spec;
}

class RecordingHost : public WriterHost {
 public:
  void message(Level level, TargetId target, std::string_view text) override {
    static_cast<void>(target);
    (level == Level::warning ? warnings : infos).emplace_back(text);
  }
  void file_finished(const FinishedFile& file) override { finished.push_back(file); }
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
  std::vector<FinishedFile> finished;
};

// One event and the targets it goes to.
struct Routed {
  std::string event;
  std::vector<std::uint16_t> targets;
};

class WriterRig {
 public:
  explicit WriterRig(std::uint64_t seed = 1, WriterOptions options = small_options())
      : world(seed),
        port(world),
        pool(64, 64, 256 * 1024, 4),
        user(pool),
        input(64, 1),
        producer(input),
        renderer("123456789012", "us-east-1", {}),
        writer(options, input, port, renderer, host) {}
  ~WriterRig() {
    writer.abandon();
    for (int i = 0; i < 1000 && !writer.quiescent(); ++i) {
      world.advance(1ms);
      writer.poll(world.now());
    }
    EXPECT_TRUE(writer.quiescent());
    user.share();
    EXPECT_EQ(pool.free_blocks(), pool.size());
  }

  static WriterOptions small_options() {
    WriterOptions options;
    options.event_bytes_limit = 64 * kKiB;
    return options;
  }

  TargetCounters& add(std::uint16_t id, const TargetSpec& spec) {
    if (counters.size() <= id) counters.resize(id + std::size_t{1});
    counters[id] = std::make_shared<TargetCounters>();
    writer.add_target(TargetId{id}, spec, counters[id]);
    return *counters[id];
  }

  // A block of these lines, joined by `line_end`.
  Block* make_block(const std::vector<Routed>& events, const std::string& line_end = "\n") {
    Block* block = user.take();
    EXPECT_NE(block, nullptr);
    std::uint32_t at = 0;
    char* text = block->receive_area().data();
    for (const Routed& routed : events) {
      std::memcpy(text + at, routed.event.data(), routed.event.size());
      block->events.push_back({.offset = at,
                               .length = static_cast<std::uint32_t>(routed.event.size()),
                               .set = set_of(*block, routed.targets)});
      at += static_cast<std::uint32_t>(routed.event.size());
      std::memcpy(text + at, line_end.data(), line_end.size());
      at += static_cast<std::uint32_t>(line_end.size());
    }
    block->set_bounds(block->headroom(), block->headroom() + at);
    block->spans.push_back({.origin = make_origin(), .begin = 0, .end = at});
    block->sequence = sequence++;
    block->id_sequence = block->sequence;
    block->refs.reset(1);
    return block;
  }
  void push(const std::vector<Routed>& events, const std::string& line_end = "\n") {
    ASSERT_TRUE(producer.push(make_block(events, line_end)));
  }
  // `count` events numbered from `first`, in one block.
  void push_numbered(std::uint64_t first, std::uint64_t count, std::vector<std::uint16_t> targets) {
    std::vector<Routed> events;
    for (std::uint64_t i = 0; i < count; ++i) events.push_back({numbered(first + i), targets});
    push(events);
  }
  static std::string numbered(std::uint64_t number) {
    return "{\"n\":" + std::to_string(number) + "}";
  }

  // Polls until nothing happens any more at this instant.
  void settle() {
    for (int i = 0; i < 100000; ++i) {
      if (writer.poll(world.now()) == 0 && writer.poll(world.now()) == 0) return;
    }
    FAIL() << "the writer never comes to rest";
  }
  // Lets time pass: to the writer's next deadline where operations take no time, else in steps of
  // at most a millisecond.
  void run_for(Nanoseconds duration) {
    const MonotonicTime end = world.now().monotonic + duration;
    settle();
    while (world.now().monotonic < end) {
      MonotonicTime next = std::min(end, writer.next_deadline());
      if (world.faults.delay_max > 0ns) next = std::min(next, world.now().monotonic + 1ms);
      ASSERT_GT(next, world.now().monotonic) << "a deadline that nobody met";
      world.advance(next - world.now().monotonic);
      settle();
    }
  }
  // The received text of the newest connection, or of all of them.
  std::string received(const Endpoint& endpoint) {
    std::string all;
    for (const auto& peer : world.connections(endpoint)) all += peer->received;
    return all;
  }
  static std::uint64_t sum(const TargetCounters& c) {
    return c.delivered.read() + c.shed.read() + c.dropped.read() + c.pending.read();
  }

  sim::World world;
  sim::SimPort port;
  BlockPool pool;
  BlockPool::User user;
  Channel<Block*> input;
  Channel<Block*>::Producer producer;
  RecordingHost host;
  EventRenderer renderer;
  std::vector<std::shared_ptr<TargetCounters>> counters;
  std::uint64_t sequence = 0;
  Writer writer;

 private:
  static Origin* make_origin() {
    auto* origin = new Origin;
    origin->source = SourceId{0};
    origin->refs.reset(1);
    return origin;
  }
  static std::uint32_t set_of(Block& block, const std::vector<std::uint16_t>& targets) {
    const auto count = static_cast<std::uint32_t>(block.target_sets.size() - 1);
    for (std::uint32_t set = 0; set < count; ++set) {
      const auto known = block.targets_of(set);
      if (std::equal(known.begin(), known.end(), targets.begin(), targets.end(),
                     [](TargetId a, std::uint16_t b) { return a.value == b; })) {
        return set;
      }
    }
    for (const std::uint16_t id : targets) block.target_list.push_back(TargetId{id});
    block.target_sets.push_back(static_cast<std::uint32_t>(block.target_list.size()));
    return count;
  }
};

}  // namespace weir
