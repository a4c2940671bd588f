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
// Records that the peer will never take (dead letters) keep their place until the store has them:
// nothing at or above them settles before, whatever has arrived.
//
// Durable buses: a batch remembers where in the logs of its buses its last events stand, so that
// settling it says how far their feeds have settled. A target that is full and says `lag` leaves
// live delivery at exactly the event that found no room; from there on its events are read from
// the log. A batch holds events of durable buses or of memory buses, never of both.
//
// Threads: the Writer's only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/units.h"
#include "core/catalog/catalog.h"
#include "core/deliver/feed.h"
#include "core/deliver/fifo.h"
#include "core/deliver/output_queue.h"
#include "core/deliver/record_ledger.h"
#include "core/deliver/target_counters.h"

namespace weir {

class BatchBuffer {
 public:
  static constexpr std::uint64_t kMarkBytes = 40;

  // What happened since the last look; the owner adds it to the counters.
  struct Tally {
    std::uint64_t matched = 0;
    std::uint64_t delivered = 0;
    std::uint64_t shed = 0;
    std::uint64_t dropped = 0;
    std::array<std::uint64_t, kDropReasons> dropped_by{};
    std::uint64_t dead_lettered = 0;
    std::uint64_t returned = 0;  // came from the store
    std::uint64_t batches = 0;
    std::uint64_t bytes = 0;
  };

  explicit BatchBuffer(ChunkPool& pool) : queue_(pool) {}

  // Before the first event: who the records are can be asked.
  void keep_facts() { ledger_.enable(); }

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
  // Of the round's block, which has so many events; right before begin_round().
  void begin_facts(const BlockFacts& facts, std::uint64_t events) {
    if (!ledger_.enabled()) return;
    const std::uint64_t before = ledger_.memory_bytes();
    ledger_.begin_block(facts, events, first_serial(), taken());
    const std::uint64_t after = ledger_.memory_bytes();
    if (after > before) room_ -= std::min(room_, after - before);
  }
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
    ledger_.note(serial_end_ - records_left_, index);
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
  void drop_one(DropReason reason = DropReason::stopped) {
    ++tally_.matched;
    count_dropped(reason, 1);
  }

  // In this round events pass the door untaken.
  bool passes_by() const { return round_.closed; }
  // Of take(): from now on it does not look at the bytes of events.
  void copy_noted() { copy_run(); }

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
  // The stream broke off at `offset`: settles what is complete below, to the record where the
  // format allows, and returns where to begin again. While a record below is held this is done
  // later, and nothing may be sent until then.
  std::uint64_t rewind(std::uint64_t offset);

  // Records that do not arrive. A lot is what is left of a closed batch, or one record of it.
  struct Lot {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t serial = 0;  // of the first record
    std::uint32_t records = 0;
    std::uint32_t attempts = 0;  // that have failed, see count_attempt()
    BatchFormat format = BatchFormat::ndjson;
    bool stored = false;   // from the store
    MonotonicTime oldest;  // when its events were accepted
    MonotonicTime first_attempt = MonotonicTime::never();
  };
  std::optional<Lot> front() const;
  std::optional<Lot> behind(const Lot& lot) const;
  // What the line between `begin` and `end` holds: one record, in json_array a batch.
  Lot line(std::uint64_t begin, std::uint64_t end, std::uint64_t serial) const;
  // A try has failed that was to bring, or had begun with, all below `end`.
  void count_attempt(std::uint64_t end, const Now& now);
  // The serial number of the oldest record that has not settled.
  std::uint64_t first_serial() const { return taken_closed_ - pending_records_; }
  const RecordLedger& ledger() const { return ledger_; }
  // Appends the bytes of [begin, end).
  void read(std::uint64_t begin, std::uint64_t end, std::string& out) const;
  // The lot counts as dropped, not as delivered, once it has settled. Before the settle() or
  // rewind() that covers it.
  void drop(const Lot& lot, DropReason reason);
  // The lot becomes so many entries of the store: it is held until all of them are there.
  void hold(const Lot& lot, std::uint32_t entries);
  // The store has one entry of the lot that began with this serial number.
  void stored(std::uint32_t serial);
  bool holds() const { return !held_.empty(); }

  // Events from the store become a closed batch; only while no earlier one of them is left.
  void append_stored(std::span<const std::string_view> events, const Now& now);
  std::uint32_t stored_left() const { return stored_left_; }
  // Whether so much could be appended within the budget.
  bool has_room(std::uint64_t bytes) const { return pending() == 0 || room_ > bytes + kMarkBytes; }
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
  std::uint64_t memory_bytes() const { return queue_.memory_bytes() + ledger_.memory_bytes(); }
  Tally take_tally();

 private:
  // passed_by: shed, or left in the log.
  enum class Admission : std::uint8_t { taken, passed_by, full };
  // One closed batch that has not settled. A batch with events of several feeds has as many marks;
  // the first one counts its records, the others none.
  struct Mark {
    std::uint64_t end = 0;
    MonotonicTime oldest;
    MonotonicTime first_attempt = MonotonicTime::never();
    LogPosition behind() const { return LogPosition::unpack(position); }
    std::uint64_t position = 0;  // of its feed, settled with the batch
    std::uint32_t records = 0;
    std::uint16_t feed = kNoFeed;
    BatchFormat format = BatchFormat::ndjson;
    std::uint8_t attempts = 0;
  };
  static_assert(sizeof(Mark) == kMarkBytes);
  static constexpr std::uint16_t kNoFeed = 0xffff;
  static constexpr std::uint16_t kStored = 0xfffe;
  // What the store is to have before it may settle.
  struct Held {
    std::uint64_t end = 0;
    std::uint32_t serial = 0;
    std::uint32_t left = 0;  // entries that the store does not have yet
    std::uint32_t records = 0;
    bool logged = false;  // or else in the store
  };

  std::uint32_t open_records() const { return records_max_ - records_left_; }
  Admission admit(std::uint64_t need, std::uint32_t index);
  Admission turn_away(std::uint32_t index);
  void note_taken();
  void close_in_round(std::uint32_t next_event);
  std::uint64_t push_marks(std::uint32_t records);
  void settle_mark(const Mark& mark);
  void count_settled(std::uint64_t records);
  void count_dropped(DropReason reason, std::uint64_t records) {
    tally_.dropped += records;
    tally_.dropped_by[static_cast<std::size_t>(reason)] += records;
  }
  Lot lot_at(std::size_t mark, std::uint64_t begin, std::uint64_t serial) const;
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
  std::uint64_t serial_end_ = 0;  // of the open batch, if it were full
  RecordLedger ledger_;
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
  std::uint64_t given_back_ = 0;
  std::uint64_t taken_closed_ = 0;  // events of all batches that have closed
  std::uint64_t roomy_bytes_ = 0;
  OutputQueue queue_;
  Fifo<Mark> marks_;

  // Records that do not arrive and have not settled yet.
  std::array<std::uint64_t, kDropReasons> to_drop_{};
  std::uint64_t buried_ = 0;
  Fifo<Held> held_;
  std::uint64_t arrived_ = 0;    // all below may settle once nothing is held
  std::uint64_t rewind_to_ = 0;  // to be done then; 0: nothing
  std::uint32_t stored_left_ = 0;

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
