// BlockSource: the log of one bus as a stream of blocks, from any record on. What reads the
// segments implements it (LogReader), and tests do from memory.
//
// Threads: one, that of the CatchUp. Errors: damage is told as `missed`, in its place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/units.h"
#include "core/block/block.h"

namespace weir {

class BlockSource {
 public:
  struct Item {
    enum class Kind : std::uint8_t {
      nothing,  // not yet: it is being read, or is not durable
      block,    // the next record; the taker has the one reference to it
      missed    // the records up to `next` are damaged or gone
    };
    Kind kind = Kind::nothing;
    Block* block = nullptr;
    std::uint64_t next = 0;
  };

  virtual ~BlockSource() = default;
  // The next item is about this record. What was read ahead is dropped, if it is not the same.
  virtual void seek(std::uint64_t sequence) = 0;
  // Nobody wants more for now: nothing is read, and no memory kept that can be spared.
  virtual void stop() = 0;
  // Moves its operations on; returns how much happened.
  virtual std::size_t poll(const Now& now) = 0;
  // When poll() is to be called though nothing completes.
  virtual MonotonicTime next_deadline() const { return MonotonicTime::never(); }
  virtual Item next() = 0;
};

}  // namespace weir
