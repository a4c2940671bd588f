// Router: the stage that checks, parses and matches. One sealed block in, the verdict on each of
// its lines written beside it, out to the Sequencer. Any number of Routers share the two channels.
//
// Threads: each Router belongs to the loop that polls it; its counters may be read from any thread.
// Lifetime: the channels and the snapshot outlive it. Memory: the matcher's scratch and the results
// of one block. Errors: none; what is wrong with a line is that line's verdict.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/block/block.h"
#include "core/match/matcher.h"
#include "core/port/stage.h"
#include "core/route/routing.h"
#include "core/route/target_sets.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"
#include "core/sync/snapshot.h"
#include "core/wire/flow_log.h"
#include "core/wire/match_binding.h"
#include "core/wire/render.h"

namespace weir {

// What became of the lines of one source at one Router: accepted = matched + unmatched.
struct SourceCounters {
  Counter accepted;
  Counter unmatched;
  std::array<Counter, static_cast<std::size_t>(RefuseReason::count_)> refused;
};

// What became of events that rules of other buses sent on to one bus, at one Router.
struct OnwardCounters {
  Counter events;
  Counter unmatched;
  Counter too_complex;  // for this bus's rules: none of them sees it
};

class Router final : public Stage {
 public:
  struct Shared {
    Channel<Block*>& sealed;
    Channel<Block*>& routed;
    const Snapshot<Routing>& routing;
    const EventRenderer& renderer;
  };
  // `index`: which row of RuleStats is this Router's. `sources`, `buses`: how many there are.
  Router(const Shared& shared, std::size_t index, std::size_t sources, std::size_t buses);

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }

  const SourceCounters& counters(SourceId source) const { return counters_[source.value]; }
  const OnwardCounters& onward(BusId bus) const { return onward_counters_[bus.value]; }
  // Every block that this Router takes from now on is matched by this version or a later one.
  std::uint64_t routing_version() const { return version_.read(); }

 private:
  void route(Block& block, const Routing& routing);
  void route_json(Block& block, std::size_t first, std::size_t last, const Routing& routing);
  void route_flow_log(Block& block, std::size_t span, const Routing& routing);
  void close_span(Block& block, std::size_t span);
  // A line that is an event.
  struct Arrival {
    Block& block;
    std::size_t span;
    std::uint32_t offset;
    std::uint32_t length;
  };
  void accept(const Arrival& event, const Routing& routing, std::span<const RuleIndex> matched);
  void note_matches(const BusRouting& bus, const Routing& routing,
                    std::span<const RuleIndex> matched);
  std::uint32_t follow_onward(const Arrival& event, const Routing& routing,
                              std::span<const RuleIndex> matched);
  bool match_onward(const Arrival& event, BusId bus, const Routing& routing);
  void refuse(Block& block, const Refusal& refusal);
  void take_line(Block& block, std::size_t span, const LineResult& line, std::uint32_t base,
                 std::uint32_t line_number, const Routing& routing);
  EnvelopeBinding* envelope_binding(SourceId source, BusId bus, const RuleSet& rules);
  FlowLogBinding& flow_log_binding(const Origin& origin, BusId bus, const RuleSet& rules);

  Channel<Block*>& routed_channel_;
  Channel<Block*>::Consumer sealed_;
  Channel<Block*>::Producer routed_;
  Snapshot<Routing>::Reader routing_;
  const std::size_t index_;
  const EventRenderer& renderer_;
  Counter version_;  // of the routing that the bindings are made for

  Matcher matcher_;
  LineResults results_;
  TargetSets sets_;
  FlowLogValues values_;
  // Made for the rules in force when a source or layout is first seen; dropped when they change.
  struct EnvelopeBindingOf {
    BusId bus;
    std::unique_ptr<EnvelopeBinding> binding;
  };
  std::vector<std::vector<EnvelopeBindingOf>> envelope_bindings_;  // by SourceId
  struct FlowLogBindingOf {
    SourceId source;
    BusId bus;
    const FlowLogLayout* layout;
    std::unique_ptr<FlowLogBinding> binding;
  };
  std::vector<FlowLogBindingOf> flow_log_bindings_;
  std::vector<RuleIndex> matched_;
  // Of an event that goes on to other buses: these, and all targets that it meets on its way.
  std::vector<BusId> onward_;
  std::vector<TargetId> met_;
  std::vector<RuleIndex> matched_onward_;
  LineResults onward_results_;
  std::unique_ptr<SourceCounters[]> counters_;
  std::unique_ptr<OnwardCounters[]> onward_counters_;  // by BusId
  const std::size_t buses_;
};

}  // namespace weir
