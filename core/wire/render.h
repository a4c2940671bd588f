// EventRenderer: what an event looks like when it crosses to a target. Bytes as they came, JSON
// built from a flow-log line, or either of them wrapped as the `detail` of an EventBridge event.
//
// It runs where events are encoded into a target's buffer, so that one copy is all an event costs.
// The same event has the same bytes at every target, and after a restart: its id is computed from
// the block's id_seed and id_sequence and its place in the block, its time from the block's receipt
// (or, for a flow-log line, from its `end` field).
//
// Threads: immutable, shared by all Writers. Lifetime: longer than every stage that uses it.
// Errors: none; what it renders was checked before.
// Source: "Events in Amazon EventBridge" (envelope fields) in the EventBridge user guide.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/block/block.h"
#include "core/wire/flow_log.h"

namespace weir {

// What a source's envelope says (`envelope:` in the configuration).
struct EnvelopeText {
  std::string source;
  std::string detail_type;
  std::vector<std::string> resources;
};

// A source of the configuration, as far as rendering goes.
struct SourceRendering {
  std::optional<EnvelopeText> envelope;
};

// All that a source's configuration says about how its events are rendered, with the constant text
// of the envelope escaped and in its place. Immutable. A log keeps its parts with each record, so
// that an event read back later is rendered as it would have been then.
class Rendering {
 public:
  Rendering(std::string account, std::string region, std::optional<EnvelopeText> envelope);

  const std::string& account() const { return account_; }
  const std::string& region() const { return region_; }
  const std::optional<EnvelopeText>& envelope() const { return envelope_; }

 private:
  friend class EventRenderer;
  std::string account_;
  std::string region_;
  std::optional<EnvelopeText> envelope_;
  std::string before_account_;  // `","detail-type":"...","source":"...","account":"`
  std::string resources_;       // `["..."]`, empty if none are configured
};

// The parts of an envelope that stand in no configuration.
struct EnvelopeFacts {
  std::string_view account;
  std::string_view region;
  std::string_view interface_id;  // flow logs: becomes the resource; empty: none
  std::int64_t time_s = 0;        // since 1970
};

// "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-...", the resource of a flow-log line,
// in pieces: `arn:`, the partition, `:ec2:` and so on. Shared by rendering and matching.
std::array<std::string_view, 8> interface_arn(const EnvelopeFacts& facts);

inline constexpr std::size_t kEventIdBytes = 36;
inline constexpr std::size_t kEventTimeBytes = 20;
using EventIdText = std::array<char, kEventIdBytes>;
using EventTimeText = std::array<char, kEventTimeBytes>;

// The id of an event, in the shape of a random UUID: of its block's id_seed and id_sequence and its
// place in the block. No two events of one seed share an id.
EventIdText event_id(std::uint64_t id_seed, std::uint64_t id_sequence, std::uint32_t event_index);
// "2026-11-21T06:00:00Z"; clamped to the years 1970 to 9999.
EventTimeText event_time(std::int64_t seconds_since_1970);

class EventRenderer {
 public:
  // `sources` by SourceId; account and region are the configuration's.
  EventRenderer(const std::string& account, const std::string& region,
                std::vector<SourceRendering> sources);

  // True if events of this origin cross byte for byte: EventEntry's bytes are all there is.
  bool as_is(const Origin& origin) const {
    return origin.layout == nullptr && !rendering(origin).envelope().has_value();
  }
  bool enveloped(SourceId source) const { return rendering(source).envelope().has_value(); }
  // Of sources that the configuration does not name: without an envelope.
  const Rendering& rendering(SourceId source) const {
    return source.value < sources_.size() ? sources_[source.value] : other_;
  }
  const Rendering& rendering(const Origin& origin) const {
    return origin.logged != nullptr ? *origin.logged : rendering(origin.source);
  }
  // The most bytes render() writes for an event of this length. Whoever calls render() has that
  // much room, even though the event will take less.
  std::size_t size_bound(const Origin& origin, std::size_t event_bytes) const;

  // Writes event `event_index` of the block, which belongs to span `span_index`, without a line
  // end. Returns its end. Bytes behind it, up to size_bound(), may be overwritten.
  char* render(const Block& block, std::size_t span_index, std::size_t event_index,
               char* out) const;

  // What the envelope of a record says: of a bare record received then, of a flow-log line. The
  // views point into the values and into this object.
  EnvelopeFacts facts(WallTime received) const;
  EnvelopeFacts facts(const FlowLogLayout& layout, const FlowLogValues& values,
                      WallTime received) const;
  const EnvelopeText* envelope(SourceId source) const {
    return enveloped(source) ? &*rendering(source).envelope() : nullptr;
  }

 private:
  static EnvelopeFacts facts(const Rendering& rendering, WallTime received);
  static EnvelopeFacts facts(const Rendering& rendering, const FlowLogLayout& layout,
                             const FlowLogValues& values, WallTime received);
  static char* render_head(const Rendering& rendering, const EnvelopeFacts& facts,
                           const EventIdText& id, char* out);

  Rendering other_;
  std::vector<Rendering> sources_;
};

}  // namespace weir
