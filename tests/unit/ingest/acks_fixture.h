// A router in small for acknowledged connections: Ingest and Sequencer as they are, and between and
// behind them a Router that knows good lines from bad ones by their first byte, and a log that
// makes blocks durable when told.
//
// Each client is watched by an AckJudge, which knows what was durable when.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/ingest/ingest.h"
#include "core/route/sequencer.h"
#include "tests/sim/sim_port.h"

namespace weir::testing {

// Reads what one client hears and finds what the protocol forbids.
class AckJudge {
 public:
  std::uint64_t durable = 0;        // lines of this client that are durable or refused, so far
  std::set<std::uint64_t> refused;  // lines that were refused, so far

  // What the client has heard in all. Faults found are in `faults`.
  void hear(std::string_view all) {
    while (heard_ < all.size()) {
      const std::size_t end = all.find('\n', heard_);
      if (end == std::string_view::npos) return;
      judge(std::string(all.substr(heard_, end - heard_)));
      heard_ = end + 1;
    }
  }
  std::uint64_t acked = 0;
  std::uint64_t errors = 0;               // of lines
  std::vector<std::string> without_line;  // errors that name no line
  std::vector<std::string> faults;

 private:
  void judge(const std::string& line) {
    constexpr std::string_view kAck = "{\"ack\":";
    const std::size_t at = line.find(",\"line\":");
    if (line.starts_with(kAck)) {
      const std::uint64_t ack = std::stoull(line.substr(kAck.size()));
      if (ack <= acked) faults.push_back("not above the ack before: " + line);
      if (ack > durable) faults.push_back("not durable: " + line);
      acked = ack;
      const auto covered = std::count_if(refused.begin(), refused.end(),
                                         [ack](std::uint64_t r) { return r <= ack; });
      if (static_cast<std::uint64_t>(covered) > errors)
        faults.push_back("an error left out: " + line);
    } else if (line.starts_with("{\"error\":\"") && at != std::string::npos) {
      const std::uint64_t number = std::stoull(line.substr(at + 8));
      if (!refused.contains(number)) faults.push_back("was not refused: " + line);
      if (number <= last_error_) faults.push_back("out of order: " + line);
      if (number <= acked) faults.push_back("after its ack: " + line);
      last_error_ = number;
      ++errors;
    } else if (line.starts_with("{\"error\":\"")) {
      without_line.push_back(line);
    } else {
      faults.push_back("no such line: " + line);
    }
  }
  std::size_t heard_ = 0;
  std::uint64_t last_error_ = 0;
};

struct Silent final : RefusalSink {
  void refused(const Origin& /*origin*/, std::uint64_t /*line*/, RefuseReason /*reason*/,
               std::uint32_t /*error_offset*/, std::string_view /*text*/) override {}
};

struct Spoken final : IngestEvents {
  std::vector<std::string> said;
  void problem(SourceId /*source*/, const std::string& what) override { said.push_back(what); }
};

class AckRig {
 public:
  // `ack_early`: the fault that a broken router would have; acks what is not durable yet.
  explicit AckRig(std::uint64_t seed = 1, bool ack_early = false, Ingest::Limits limits = {})
      : world(seed), port(world), forward_(*this, ack_early) {
    context.layouts = &layouts;
    context.sources.push_back(
        {.format = SourceFormat::ndjson, .bus = BusId(0), .acks = true, .event_bytes_limit = 4096});
    context.sources.push_back({.format = SourceFormat::ndjson, .bus = BusId(1)});
    context.sources.push_back({.bus = BusId(0), .acks = true});
    listener = world.open_listener();
    plain_listener = world.open_listener();
    any_listener = world.open_listener();
    ingest = std::make_unique<Ingest>(
        port, BlockFiller::Shared{blocks, large, sequence, sealed}, context,
        std::vector<SourceListener>{
            {listener, SourceId(0)}, {plain_listener, SourceId(1)}, {any_listener, SourceId(2)}},
        events, limits);
    ingest->watch_gates({&gate, nullptr});
    sequencer.acknowledge_to(forward_);
    distributor.acknowledge_to(forward_);
  }
  ~AckRig() {
    store(~std::size_t{0});
    ingest.reset();
  }

  sim::SimPeerPtr connect(const std::string& name) { return world.connect_to(listener, name); }

  // One round of everything but the log.
  void round() {
    ingest->poll(world.now());
    route();
    sequencer.poll(world.now());
    take_written();
    world.advance(200us);
  }
  // Makes up to so many of the oldest blocks durable.
  void store(std::size_t count) {
    for (; count > 0 && !undurable.empty(); --count) {
      Block* block = undurable.front();
      undurable.pop_front();
      for (const ProducerSpan& span : block->spans)
        judges[span.origin->label].durable += span.lines;
      if (ingest != nullptr) acknowledge(*block, *ingest);
      block->release();
    }
  }
  void run(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      round();
      store(~std::size_t{0});
    }
  }

  sim::World world;
  sim::SimPort port;
  BlockPool blocks{12, kBlockHeadroom, kBlockCapacity, 4};
  BlockPool large{2, 64, 4098, 4};
  SharedCounter sequence;
  Channel<Block*> sealed{64, 4};
  Channel<Block*> routed{64, 4};
  Channel<Block*> written{64, 1};
  LayoutTable layouts;
  IntakeContext context;
  Spoken events;
  Silent refusals;
  BusGate gate;
  Handle listener;
  Handle plain_listener;  // no acks, another bus
  Handle any_listener;    // acks, of any format
  std::unique_ptr<Ingest> ingest;
  std::map<std::string, AckJudge> judges;  // by the client's name
  std::deque<Block*> undurable;

 private:
  // What a durable bus tells the Ingest: refusals at once, `done` only once it is durable.
  class Forward final : public AckSink {
   public:
    Forward(AckRig& rig, bool early) : rig_(rig), early_(early) {}
    void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
                 std::uint32_t error_offset) override {
      rig_.judges[origin.label].refused.insert(line);
      rig_.ingest->refused(origin, line, reason, error_offset);
    }
    void done(const Origin& origin, std::uint32_t lines) override {
      if (early_) rig_.ingest->done(origin, lines);
    }

   private:
    AckRig& rig_;
    bool early_;
  };

  void route() {
    std::array<Block*, 8> taken{};
    const std::size_t count = sealed_out_.pop(taken);
    for (std::size_t i = 0; i < count; ++i) {
      judge_lines(*taken[i]);
      ASSERT_TRUE(routed_in_.push(taken[i]));
    }
  }
  // A line that begins with '!' is refused.
  static void judge_lines(Block& block) {
    for (std::uint32_t s = 0; s < block.spans.size(); ++s) {
      ProducerSpan& span = block.spans[s];
      std::uint32_t at = span.begin;
      while (at < span.end) {
        ++span.lines;
        if (block.text()[at] == '!') {
          block.refusals.push_back(
              {.span = s, .line = span.lines, .reason = RefuseReason::malformed});
        }
        at = static_cast<std::uint32_t>(block.text().find('\n', at)) + 1;
      }
      if (span.refused_after == RefuseReason::none) continue;
      block.refusals.push_back({.span = s, .line = ++span.lines, .reason = span.refused_after});
    }
  }
  void take_written() {
    std::array<Block*, 8> taken{};
    const std::size_t count = written_out_.pop(taken);
    undurable.insert(undurable.end(), taken.begin(),
                     taken.begin() + static_cast<std::ptrdiff_t>(count));
  }

  Forward forward_;
  Channel<Block*>* outputs_[1] = {&written};
  Distributor distributor{outputs_};
  Sequencer sequencer{routed, 64, distributor, refusals};
  Channel<Block*>::Consumer sealed_out_{sealed};
  Channel<Block*>::Producer routed_in_{routed};
  Channel<Block*>::Consumer written_out_{written};
};

}  // namespace weir::testing
