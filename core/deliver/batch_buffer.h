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
// Threads: the Writer's only.
#pragma once

#include <cstdint>

#include "core/base/units.h"
#include "core/catalog/catalog.h"
#include "core/deliver/fifo.h"
#include "core/deliver/output_queue.h"

namespace weir {

class BatchBuffer {
 public:
  static constexpr std::uint64_t kMarkBytes = 16;

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

  // The door. `event` lies in text that stays in place until end_round(), with a readable byte
  // behind it. False: no room and the policy is block; nothing has happened, offer it again.
  bool take(const char* event, std::uint32_t length) {
    const std::uint64_t need = std::uint64_t{length} + delimiter_bytes_;
    if (need > batch_left_ || need > room_) [[unlikely]] {
      const Admission admission = admit(need);
      if (admission != Admission::taken) return admission == Admission::shed;
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
    if (records_left_ == 0 || batch_left_ == 0) close_batch();
    return true;
  }
  // Copies what is still only noted and starts the clock of a new batch.
  void end_round(const Now& now);
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

  // All that waits is dropped, and from now on nothing is taken. The memory stays until
  // free_memory(), because a send may still read it.
  void abandon();
  void free_memory() { queue_.clear(); }

  std::uint64_t pending() const { return pending_records_ + open_records(); }
  std::uint64_t waiting_bytes() const { return end_ - base_; }
  std::uint64_t memory_bytes() const { return queue_.memory_bytes(); }
  Tally take_tally();

 private:
  enum class Admission : std::uint8_t { taken, shed, full };
  // One closed batch that has not settled.
  struct Mark {
    std::uint64_t end = 0;
    std::uint32_t records = 0;
    BatchFormat format = BatchFormat::ndjson;
  };
  static_assert(sizeof(Mark) == kMarkBytes);

  std::uint32_t open_records() const { return records_max_ - records_left_; }
  Admission admit(std::uint64_t need);
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
  OutputQueue queue_;
  Fifo<Mark> marks_;
  Tally tally_;
  std::uint32_t counted_records_ = 0;  // of the open batch, already in tally_.matched
};

}  // namespace weir
