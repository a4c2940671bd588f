// Writer: the last stage. Takes routed blocks in sequence, appends each event to the buffers of the
// targets in its set that belong to this Writer, sends closed batches and settles what arrived.
//
// A target that is full and says `shed` loses its newest events, counted. One that says `block`
// stops the Writer at exactly that event: the block is kept, no further one is taken, and the pool
// that dries up behind it stops the sources; the Writer goes on at that event once there is room.
//
// On durable buses `lag` is the third choice: the target leaves live delivery at that event, and a
// CatchUp on the same thread reads from the log what it has missed, for exactly those targets that
// lag and have room again. When such a target has taken all that the Writer has passed, it is live
// again, at exactly the next block. Where blocks pass so fast that the last ones can never be read
// in time, the Writer waits for it with the next block, a few milliseconds and a fiftieth of the
// time at most.
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
#include "core/deliver/block_appender.h"
#include "core/deliver/chunk_pool.h"
#include "core/deliver/join_wait.h"
#include "core/deliver/sink.h"
#include "core/deliver/target.h"
#include "core/deliver/target_counters.h"
#include "core/deliver/writer_host.h"
#include "core/log/catch_up_client.h"
#include "core/log/cursor_board.h"
#include "core/port/port.h"
#include "core/port/stage.h"
#include "core/sync/channel.h"
#include "core/wire/render.h"

namespace weir {

// Deliberate faults, for tests that must find them. Nothing in a configuration leads here.
struct WriterFaults {
  bool lose_retry_timer = false;  // some deadlines of targets that failed are forgotten
};

struct WriterOptions {
  std::uint64_t seed = 0;                    // of back-off jitter
  std::uint64_t event_bytes_limit = kMiB;    // the largest event any source admits
  std::uint64_t spare_bytes_max = 4 * kMiB;  // chunk memory kept warm beyond what is in use
  std::size_t blocks_per_poll_max = 8;
  Handle standard_output{1};    // open for its whole life; never closed by us
  EventStore* store = nullptr;  // of this Writer alone; null: no data directory
  DeliveryNames names = {};     // as the store knows buses and targets
  WriterFaults faults = {};
};

class Writer final : public Stage, public CatchUpClient {
 public:
  // Blocks come from one Producer, those of memory buses and those of each durable bus in sequence,
  // each with one reference counted for this Writer.
  Writer(const WriterOptions& options, Channel<Block*>& input, Port& port,
         const EventRenderer& renderer, WriterHost& host);
  ~Writer() override;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Targets. Events whose set names a target that was never added here are another Writer's.
  // A retired slot may be given to a new target once no block names the old one any more; the old
  // one then drains beside it.
  void add_target(TargetId id, const TargetSpec& spec, std::shared_ptr<TargetCounters> counters);
  // Limits, policy, budget and format change at once. A new address takes over after what the old
  // connection holds is settled (or lost, and sent to the new one).
  void change_target(TargetId id, const TargetSpec& spec);
  // No new events are expected: closes its batch, delivers what it has, closes the connection. An
  // event that is still under way in a block is delivered too.
  void retire_target(TargetId id);
  // What a retired target still holds is dropped; of a durable bus, it stays in the log.
  void give_up(TargetId id);
  // True once a retired target has nothing pending, and for ids without a target.
  bool retired(TargetId id) const;

  // Durable buses. The first block of `bus` will be the one at *passed; the record of every block
  // follows on that of the block before.
  void add_bus(BusId bus, std::shared_ptr<Passed> passed);
  // The target takes from the cursor's bus, from the place of the cursor on. Every target that a
  // block of a durable bus names must have been told so before.
  void add_feed(TargetId id, std::shared_ptr<Cursor> cursor);
  bool has_feed(TargetId id, BusId bus) const;
  // Feeds of targets in use that are not live.
  std::size_t lagging() const;

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  void wants(std::vector<Want>& out) const override;
  void offer(const Block& block, const Now& now) override;
  void missed(BusId bus, std::uint64_t from, std::uint64_t to) override;
  bool busy() const override { return busy_; }

  // From now on batches close at once, whatever `wait_max` says.
  void begin_drain();
  // No block in hand and nothing pending at any target. (The channel may still hold blocks.)
  bool idle() const;
  // Gives up: all that is pending counts as dropped, blocks are released, connections closed.
  void abandon();
  // After abandon(): no operation under way uses this Writer's memory any more.
  bool quiescent() const;

 private:
  static constexpr std::size_t kReceiveBuffers = 8;
  static constexpr std::size_t kReceiveBytes = 8 * kKiB;  // answers are short
  static constexpr std::size_t kInbox = 8;

  // A durable bus.
  struct Bus {
    std::shared_ptr<Passed> passed;
    LogPosition next;  // what it says
  };
  struct HungryFeed {
    Target* target;
    Feed* feed;
  };

  void learn_time(const Now& now);
  std::size_t take_completions(const Now& now);
  void complete(const Completion& completion, const Now& now);
  std::size_t take_store_completions();
  std::size_t append_blocks(const Now& now);
  bool next_block();
  void finish_block();
  std::size_t run_timers(const Now& now);
  void drop_everything();
  void touch(Target* target);
  void act(Target& target, const Now& now);
  void let_go();
  void replace_target(TargetId id, const TargetSpec& spec);
  Bus& bus(BusId id);
  void update_appetite(Target& target);
  void replay(const Block& block, LogPosition place, std::span<const HungryFeed> standing,
              const Now& now);
  void look_whether_live(Target& target, Feed& feed);
  bool may_join(const Feed& feed) const;
  bool waits_for_join(const Now& now);
  Target* slot(TargetId id) const { return id.value < slots_.size() ? slots_[id.value] : nullptr; }

  const WriterOptions options_;
  Channel<Block*>::Consumer input_;
  Port& port_;
  SinkWorld world_;
  ChunkPool pool_;  // before the targets, which give back to it
  SinkTable sinks_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::vector<Target*> slots_;  // by TargetId
  std::vector<Target*> touched_;
  std::uint64_t blocks_begun_ = 0;
  BlockAppender appender_;
  BlockAppender replay_;
  std::vector<Bus> buses_;  // by BusId; those without `passed` are memory buses
  std::vector<HungryFeed> hungry_;
  std::vector<HungryFeed> standing_;  // in the record at hand
  JoinWait join_wait_;
  Block* block_ = nullptr;  // in hand
  std::array<Block*, kInbox> inbox_{};
  std::size_t inbox_next_ = 0;
  std::size_t inbox_count_ = 0;
  std::uint64_t sequence_ = 0;  // of the last block of a memory bus, to see that the order holds
  bool first_block_ = true;
  MonotonicTime earliest_ = MonotonicTime::never();  // not later than any target's deadline
  bool busy_ = false;                                // the last poll took as many blocks as it may
  bool draining_ = false;
  bool time_known_ = false;
  bool abandoned_ = false;
  Target* holding_ = nullptr;  // whose full buffer stops us
  std::array<std::array<char, kReceiveBytes>, kReceiveBuffers> receive_memory_{};
};

}  // namespace weir
