// Writer: the last stage. Takes routed blocks in sequence, appends each event to the buffers of the
// targets in its set that belong to this Writer, sends closed batches and settles what arrived.
//
// A target that is full and says `shed` loses its newest events, counted. One that says `block`
// stops the Writer at exactly that event: the block is kept, no further one is taken, and the pool
// that dries up behind it stops the sources; the Writer goes on at that event once there is room.
//
// Threads: one; all calls come from the thread that polls it. TargetCounters may be read anywhere.
// Lifetime: the channel, the port, the renderer and the host outlive it. Before it goes: abandon(),
// then poll until quiescent(), because operations under way use its memory.
// Errors: none are returned; failures of peers and files are retried, counted and told to the host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/ids.h"
#include "core/base/random.h"
#include "core/block/block.h"
#include "core/catalog/catalog.h"
#include "core/deliver/target_counters.h"
#include "core/deliver/writer_host.h"
#include "core/port/port.h"
#include "core/port/stage.h"
#include "core/sync/channel.h"
#include "core/wire/render.h"

namespace weir {

struct WriterOptions {
  std::uint64_t seed = 0;                    // of back-off jitter
  std::uint64_t event_bytes_limit = kMiB;    // the largest event any source admits
  std::uint64_t spare_bytes_max = 4 * kMiB;  // chunk memory kept warm beyond what is in use
  std::size_t blocks_per_poll_max = 8;
  Handle standard_output{1};  // open for its whole life; never closed by us
};

class Target;
class ChunkPool;

class Writer final : public Stage {
 public:
  // Blocks come from one Producer, in sequence, each with one reference counted for this Writer.
  Writer(const WriterOptions& options, Channel<Block*>& input, Port& port,
         const EventRenderer& renderer, WriterHost& host);
  ~Writer() override;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Targets. Events whose set names a target that was never added here are another Writer's.
  // A retired slot may be given to a new target; the old one then drains beside it.
  void add_target(TargetId id, const TargetSpec& spec, std::shared_ptr<TargetCounters> counters);
  // Limits, policy, budget and format change at once. A new address takes over after what the old
  // connection holds is settled (or lost, and sent to the new one).
  void change_target(TargetId id, const TargetSpec& spec);
  // No new events are expected: closes its batch, delivers what it has, closes the connection. An
  // event that is still under way in a block is delivered too.
  void retire_target(TargetId id);
  // True once a retired target has nothing pending, and for ids without a target.
  bool retired(TargetId id) const;

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  // From now on batches close at once, whatever `wait_max` says.
  void begin_drain();
  // No block in hand and nothing pending at any target. (The channel may still hold blocks.)
  bool idle() const;
  // Gives up: all that is pending counts as dropped, blocks are released, connections closed.
  void abandon();
  // After abandon(): no operation under way uses this Writer's memory any more.
  bool quiescent() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
