// A Writer on durable buses: a log in memory, cursors, and the simplest reader of the log there is.
#pragma once

#include <map>

#include "core/log/cursor_board.h"
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {

inline TargetSpec lagging_target(const std::string& name, const Endpoint& endpoint) {
  TargetSpec spec = tcp_target(name, endpoint);
  spec.when_full = WhenFull::lag;
  spec.buffer_bytes = 0;  // the least there is
  return spec;
}

using Records = std::vector<std::vector<Routed>>;  // record n of a log at [n - 1]

class LagRig : public WriterRig {
 public:
  // Goes on with logs that are there; live blocks come behind them.
  explicit LagRig(std::uint64_t seed = 1, std::map<std::uint16_t, Records> written = {{0, {}}},
                  const WriterOptions& options = small_options())
      : WriterRig(seed, options), logs(std::move(written)) {
    for (const auto& [bus, records] : logs) {
      writer.add_bus(BusId{bus}, board.passed(BusId{bus}, 0, end_of(bus)));
    }
  }
  LogPosition end_of(std::uint16_t bus) { return {.sequence = logs[bus].size() + 1}; }

  // A target that takes from `bus` (and more by take_from()), from `start` on.
  TargetCounters& add_logged(std::uint16_t id, const TargetSpec& spec,
                             LogPosition start = {.sequence = 1}, std::uint16_t bus = 0) {
    TargetCounters& its = add(id, spec);
    take_from(id, bus, start);
    return its;
  }
  void take_from(std::uint16_t id, std::uint16_t bus, LogPosition start = {.sequence = 1}) {
    cursors[{id, bus}] = board.open(BusId{bus}, TargetId{id}, 0, start);
    writer.add_feed(TargetId{id}, cursors[{id, bus}]);
  }
  LogPosition cursor(std::uint16_t id, std::uint16_t bus = 0) { return cursors[{id, bus}]->read(); }

  Block* make_record(const std::vector<Routed>& events, std::uint16_t bus,
                     std::uint64_t log_sequence) {
    Block* block = make_block(events);
    block->bus = BusId{bus};
    block->log_sequence = log_sequence;
    block->received = world.now();
    block->id_seed = 7;
    block->id_sequence = log_sequence;
    const auto when = accepted.find({bus, log_sequence});
    if (when != accepted.end()) block->received = when->second;
    return block;
  }
  // Into the log, and past the Writer.
  void push_logged(const std::vector<Routed>& events, std::uint16_t bus = 0) {
    logs[bus].push_back(events);
    accepted[{bus, logs[bus].size()}] = world.now();
    ASSERT_TRUE(producer.push(make_record(events, bus, logs[bus].size())));
  }
  void push_logged_numbered(std::uint64_t first, std::uint64_t count,
                            std::vector<std::uint16_t> targets, std::uint16_t bus = 0) {
    std::vector<Routed> events;
    for (std::uint64_t i = 0; i < count; ++i) events.push_back({numbered(first + i), targets});
    push_logged(events, bus);
  }
  // Offers one record that somebody wants, the lowest; false if nobody wants any.
  bool catch_up_once() {
    std::vector<CatchUpClient::Want> wants;
    writer.wants(wants);
    if (wants.empty()) return false;
    const auto lowest = std::ranges::min_element(
        wants, {}, [](const auto& want) { return std::pair(want.bus, want.next); });
    const std::uint64_t record = lowest->next.sequence;
    Block* block = make_record(logs[lowest->bus.value][record - 1], lowest->bus.value, record);
    writer.offer(*block, world.now());
    block->release();
    ++replayed;
    return true;
  }
  void catch_up() {
    do {
      settle();
    } while (catch_up_once());
  }

  CursorBoard board;
  std::map<std::uint16_t, Records> logs;                            // by bus
  std::map<std::pair<std::uint16_t, std::uint64_t>, Now> accepted;  // by bus and record
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::shared_ptr<Cursor>> cursors;
  std::uint64_t replayed = 0;
};

}  // namespace weir
