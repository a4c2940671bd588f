// RecordLedger: who the records are that wait in a BatchBuffer: of each its place in its block, and
// of each block, once, what is the same for all its events. Written as records are taken, looked up
// only for those that cannot be delivered.
//
// Records have serial numbers in the order in which they were taken. Four bytes for each from the
// oldest unsettled one on, and kEntryBytes for each block; memory_bytes() belongs to the budget of
// the buffer. A ledger that was never enabled costs nothing.
//
// Threads: the Writer's only.
#pragma once

#include <cstdint>
#include <vector>

#include "core/deliver/fifo.h"
#include "core/deliver/settle_window.h"

namespace weir {

class RecordLedger {
 public:
  static constexpr std::uint64_t kEntryBytes = 64;

  bool enabled() const { return enabled_; }
  void enable() { enabled_ = true; }

  // The records from `next` on are of this block, and no more than `events` of them come before the
  // next call. All below `first` have settled.
  void begin_block(const BlockFacts& facts, std::uint64_t events, std::uint64_t first,
                   std::uint64_t next);
  // The record `serial` has this index in its block. The hot path; see begin_block().
  void note(std::uint64_t serial, std::uint32_t index) { ring_[serial & mask_] = index; }

  // Of a record that is not settled.
  const BlockFacts& facts(std::uint64_t serial) const;
  std::uint32_t index(std::uint64_t serial) const { return ring_[serial & mask_]; }

  std::uint64_t memory_bytes() const {
    return enabled_ ? ring_.size() * sizeof(std::uint32_t) + entries_.size() * kEntryBytes : 0;
  }

 private:
  static constexpr std::size_t kRingFirst = 1024;
  static constexpr std::size_t kRingKept = 16384;  // a larger one goes once nothing waits

  struct Entry {
    BlockFacts facts;
    std::uint64_t first = 0;  // serial
  };
  static_assert(sizeof(Entry) <= kEntryBytes);

  bool enabled_ = false;
  std::vector<std::uint32_t> ring_ = std::vector<std::uint32_t>(1);  // a power of two
  std::uint64_t mask_ = 0;
  Fifo<Entry> entries_;
};

}  // namespace weir
