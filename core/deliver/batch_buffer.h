// BatchBuffer: all that waits for one target. At the door events become bytes of the target's
// stream, in batches; at the other side a sink takes the bytes of closed batches and says how far
// they have arrived.
//
//     base ........ closed ........ end          offsets in the stream
//     |  closed batches  |  the open batch |
//     not settled yet       not to be sent yet
//
// Formats: ndjson `e\ne\n`; json_array `[e,e]\n`, a batch a line; raw `ee`.
// A batch closes when it has records_max records or bytes_max bytes (delimiters included, a record
// that is larger goes alone), when the budget is used up, or wait_max after its first record.
//
// Budget: chunks, and kMarkBytes for each closed batch. It admits at least one chunk and the
// largest event; an event larger than all of it enters when nothing waits.
//
// The hot path is take(): it does arithmetic only. Events that stand next to each other in the
// input and go to the same ndjson target form a run, and a run is copied at once.
//
// Durable buses: a batch remembers where in the logs of its buses its last events stand, so that
// settling it says how far their feeds have settled. A target that is full and says `lag` leaves
// live delivery at exactly the event that found no room; from there on its events are read from
// the log. A batch holds events of durable buses or of memory buses, never of both.
//
// Threads: the Writer's only.
#pragma once

#include <cstdint>

#include "core/base/units.h"
#include "core/catalog/catalog.h"
#include "core/deliver/feed.h"
#include "core/deliver/fifo.h"
#include "core/deliver/output_queue.h"

namespace weir {

class BatchBuffer {
 public:
  static constexpr std::uint64_t kMarkBytes = 32;

  // What happened since the last look; the owner adds it to the counters.
  struct Tally {
    std::uint64_t matched = 0;
    std::uint64_t delivered = 0;
    std::uint64_t shed = 0;
    std::uint64_t dropped = 0;
    std::uint64_t batches = 0;
    std::uint64_t bytes = 0;
  };

  explicit BatchBuffer(ChunkPool& pool) : queue_(pool) {}

  // Takes effect at once; a change of format closes the open batch.
  void configure(const TargetSpec& spec, std::uint64_t event_bytes_limit);
  // Every batch closes at the end of the round, whatever wait_max says.
  void drain() { draining_ = true; }

  // A round brings events of one block, in their order.
  struct Round {
    Feed* feed = nullptr;        // of a durable bus
    std::uint64_t sequence = 0;  // of the record in its log
    MonotonicTime accepted;      // when the events were
    bool closed = false;  // nothing is taken: the target lags, and what stands here is missed
  };
  void begin_round(const Round& round);
  // The door. `event` lies in text that stays in place until end_round(), with a readable byte
  // behind it; `index` is its place in the block. False: no room and the policy is block; nothing
  // has happened, offer it again.
  bool take(const char* event, std::uint32_t length, std::uint32_t index) {
    const std::uint64_t need = std::uint64_t{length} + delimiter_bytes_;
    if (need > batch_left_ || need > room_) [[unlikely]] {
      const Admission admission = admit(need, index);
      if (admission != Admission::taken) return admission == Admission::passed_by;
    }
    if (lines_) {
      // Next to the run, with exactly a line end in between: one more for the same copy.
      if (event != run_next_ || event[-1] != '\n') {
        copy_run();
        run_begin_ = event;
      }
      run_next_ = event + length + 1;
    } else {
      append_one(event, length);
    }
    end_ += need;
    batch_left_ -= need;
    room_ -= need;
    --records_left_;
    if (records_left_ == 0 || batch_left_ == 0) close_in_round(index + 1);
    return true;
  }
  // Copies what is still only noted and starts the clock of a new batch. All events of the round's
  // block before `behind` have stood at the door. True: it was closed, or the target has lost its
  // place in the block and left live delivery.
  bool end_round(const Now& now, LogPosition behind);
  // Counts an event that is not even tried.
  void drop_one() {
    ++tally_.matched;
    ++tally_.dropped;
  }

  // Linger.
  MonotonicTime deadline() const { return deadline_; }
  void close_batch();

  // The sink's side. Only between rounds.
  std::uint64_t base() const { return base_; }
  std::uint64_t closed() const { return closed_; }
  std::uint64_t end() const { return end_; }
  std::span<const char> piece(std::uint64_t from, std::uint64_t to) const {
    return queue_.contiguous(from, to);
  }
  // Everything below `offset` has arrived; what is complete leaves.
  void settle(std::uint64_t offset);
  // The peer refused the record, in json_array the batch, whose line ends at `offset`: it counts as
  // dropped, not as delivered. Before the settle() or rewind() that covers it.
  void refuse(std::uint64_t offset);
  // The stream broke off at `offset`: settles what is complete below, to the record where the
  // format allows, and returns where to begin again.
  std::uint64_t rewind(std::uint64_t offset);
  // Places where the stream may be cut (after a record; raw: after a batch). `before` is the last
  // one in (from, limit], or `from` if there is none; `after` the first one above `from`.
  bool is_boundary(std::uint64_t offset) const;
  std::uint64_t boundary_before(std::uint64_t from, std::uint64_t limit) const;
  std::uint64_t boundary_after(std::uint64_t from) const;
  // The end of the batch that `offset` lies in or ends.
  std::uint64_t batch_end(std::uint64_t offset) const;

  // All that waits is dropped, or left to the logs that have it, and from now on nothing is taken.
  // The memory stays until free_memory(), because a send may still read it. What is left to the
  // logs stays pending till the next start, or another target takes it and counts it anew.
  enum class Successor : std::uint8_t { none, takes_over };
  void abandon(Successor successor = Successor::none);
  void free_memory() { queue_.clear(); }

  // The durable buses that it takes from.
  Feeds& feeds() { return feeds_; }
  // Half of the budget is free: worth while to read from the log.
  bool roomy() const { return pending() == 0 || room_ >= roomy_bytes_; }

  std::uint64_t pending() const { return pending_records_ + open_records(); }
  // What abandon() gave back to the logs, where it waits for the next start.
  std::uint64_t given_back() const { return given_back_; }
  // When the events of the oldest batch were accepted; never() if nothing waits.
  MonotonicTime oldest() const;
  // How many events have ever been taken.
  std::uint64_t taken() const { return taken_closed_ + open_records(); }
  std::uint64_t waiting_bytes() const { return end_ - base_; }
  std::uint64_t memory_bytes() const { return queue_.memory_bytes(); }
  Tally take_tally();

 private:
  // passed_by: shed, or left in the log.
  enum class Admission : std::uint8_t { taken, passed_by, full };
  // One closed batch that has not settled. A batch with events of several feeds has as many marks;
  // the first one counts its records, the others none.
  struct Mark {
    std::uint64_t end = 0;
    MonotonicTime oldest;
    LogPosition behind() const { return LogPosition::unpack(position); }
    std::uint64_t position = 0;  // of its feed, settled with the batch
    std::uint32_t records = 0;
    std::uint16_t feed = kNoFeed;
    BatchFormat format = BatchFormat::ndjson;
  };
  static_assert(sizeof(Mark) == kMarkBytes);
  static constexpr std::uint16_t kNoFeed = 0xffff;

  std::uint32_t open_records() const { return records_max_ - records_left_; }
  Admission admit(std::uint64_t need, std::uint32_t index);
  Admission turn_away(std::uint32_t index);
  void note_taken();
  void close_in_round(std::uint32_t next_event);
  std::uint64_t push_marks(std::uint32_t records);
  void settle_mark(const Mark& mark);
  void count_settled(std::uint64_t records);
  void copy_run();
  void append_one(const char* event, std::uint32_t length);
  void store(const char* bytes, std::uint64_t count);
  void open_batch();
  void refresh_room();
  // Index of the first mark whose end is at least `offset`.
  std::size_t mark_at(std::uint64_t offset) const;

  // Touched for every event.
  const char* run_begin_ = nullptr;
  const char* run_next_ = nullptr;  // where the next event of the run would begin; null: no run
  std::uint64_t end_ = 0;
  std::uint64_t batch_left_ = 0;  // bytes the open batch may still take
  std::uint64_t room_ = 0;        // bytes the budget may still take
  std::uint32_t records_left_ = 0;
  std::uint32_t delimiter_bytes_ = 1;
  bool lines_ = true;

  // Touched for every batch.
  BatchFormat format_ = BatchFormat::ndjson;
  WhenFull when_full_ = WhenFull::block;
  bool discard_ = false;
  bool draining_ = false;
  std::uint32_t records_max_ = 0;
  std::uint64_t bytes_max_ = 0;
  std::uint64_t chunks_max_ = 0;
  std::uint32_t batch_overhead_ =
      0;  // bytes of a batch that belong to no record: the end of an array
  Nanoseconds wait_max_{0};
  MonotonicTime deadline_ = MonotonicTime::never();
  std::uint64_t base_ = 0;
  std::uint64_t closed_ = 0;
  std::uint64_t pending_records_ = 0;  // in closed batches
  std::uint64_t raw_marks_ = 0;
  std::uint64_t refused_records_ = 0;  // by the peer, not settled yet
  std::uint64_t given_back_ = 0;
  std::uint64_t taken_closed_ = 0;  // events of all batches that have closed
  std::uint64_t roomy_bytes_ = 0;
  OutputQueue queue_;
  Fifo<Mark> marks_;

  // Feeds, and the round under way.
  Feeds feeds_;
  Round round_;
  std::uint64_t round_noted_ = 0;  // up to this offset the round's events are noted at its feed
  bool batch_durable_ = false;     // the open batch's events are in a log
  MonotonicTime batch_oldest_;     // of the open batch
  Nanoseconds age_spread_max_{0};  // within one batch
  Tally tally_;
  std::uint32_t counted_records_ = 0;  // of the open batch, already in tally_.matched
};

}  // namespace weir
