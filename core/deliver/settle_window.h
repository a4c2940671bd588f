// SettleWindow: which events of a target are settled while they complete in any order, and how far
// the target's cursor may go on each bus: never past an unsettled event.
//
// Events get serial numbers as they are taken. A serial costs four bytes from the oldest unsettled
// event on, so the window is bounded: room() says how many more may be taken.
//
// Threads: the Writer's only.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/base/ids.h"
#include "core/base/log_position.h"
#include "core/base/units.h"
#include "core/deliver/fifo.h"

namespace weir {

// What is known about all events of a block.
struct BlockFacts {
  std::uint64_t id_seed = 0;
  std::uint64_t id_sequence = 0;
  std::uint64_t log_sequence = 0;
  WallTime received = {};
  BusId bus{0};
  std::uint8_t hops = 0;
};

class SettleWindow {
 public:
  static constexpr std::uint64_t kEventsMax = std::uint64_t{1} << 20U;

  SettleWindow() : ring_(kEventsFirst) {}

  // The events taken from now on are of this block. A block may be begun again where it was left.
  void begin_block(const BlockFacts& facts);

  std::uint64_t room() const { return kEventsMax - (next_ - low_); }
  // The next event, which has this index in its block. room() > 0.
  std::uint32_t take(std::uint32_t event_index) {
    if (next_ - low_ == ring_.size()) grow();
    if (!listed_) list_block(event_index);
    ring_[next_ & (ring_.size() - 1)] = event_index;
    return static_cast<std::uint32_t>(next_++);
  }
  void settle(std::uint32_t serial);

  // Of an event that is not settled.
  const BlockFacts& facts(std::uint32_t serial) const;
  std::uint32_t event_index(std::uint32_t serial) const {
    return ring_[serial & (ring_.size() - 1)] & ~kSettled;
  }

  // Some event of this bus is unsettled, or behind one that is.
  bool waits(BusId bus) const;
  // While it waits: everything below is settled.
  LogPosition position(BusId bus) const;

 private:
  static constexpr std::size_t kEventsFirst = 1024;
  static constexpr std::uint32_t kSettled = std::uint32_t{1} << 31U;

  struct Entry {
    BlockFacts facts;
    std::uint64_t first = 0;  // serial
  };
  struct Bus {
    BusId id;
    LogPosition settled;       // below the first entry that is left
    std::uint32_t blocks = 0;  // entries of this bus
  };
  // Serials are handed out by their low bits, which are enough within the window.
  std::uint64_t widen(std::uint32_t serial) const {
    return low_ + static_cast<std::uint32_t>(serial - static_cast<std::uint32_t>(low_));
  }
  void grow();
  void list_block(std::uint32_t event_index);
  void advance();
  const Bus* find(BusId id) const;

  std::vector<std::uint32_t> ring_;  // index in the block, and kSettled; a power of two
  std::uint64_t low_ = 0;            // the oldest unsettled serial, or next_
  std::uint64_t next_ = 0;
  BlockFacts facts_;
  bool listed_ = false;  // the last entry is of the current block
  Fifo<Entry> entries_;  // blocks with events in the window, in order
  std::vector<Bus> buses_;
};

}  // namespace weir
