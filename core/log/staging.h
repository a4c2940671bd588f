// Staging: the fixed set of aligned buffers between records and the disk. Bytes go in at the end of
// the newest; whole buffers go out in order, and each is free again once it is written and
// everything before it is.
//
// Memory: buffers x bytes, each taken when it is first needed; the one used last is used first.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "core/log/aligned_memory.h"

namespace weir {

class Staging {
 public:
  struct Buffer {
    AlignedMemory memory;
    std::size_t used = 0;
    std::size_t written = 0;
    std::uint64_t segment = 0;  // serial
    std::uint64_t offset = 0;   // of its first byte in the segment's file
    bool submitted = false;
    bool done = false;
  };

  Staging(std::size_t buffers, std::size_t bytes);

  // Where the next bytes of this segment go, which stand at `offset`; empty when all buffers are in
  // use. Then advance() by how many were put there.
  std::span<char> room(std::uint64_t segment, std::uint64_t offset);
  void advance(std::size_t bytes) { buffers_[order_.back()].used += bytes; }

  // The next buffer to be written, of this segment: a full one, or with `partial` any. -1: none.
  int next_to_write(std::uint64_t segment, bool partial) const;
  Buffer& operator[](std::size_t index) { return buffers_[index]; }
  // A buffer is written; frees what can be.
  void done(std::size_t index);
  // Behind which offset of the segment nothing is known to be written; `none` where no buffer of it
  // is left.
  std::uint64_t written_to(std::uint64_t segment, std::uint64_t none) const;
  // Forgets what is there. Nothing may be under way.
  void clear();

 private:
  void release(std::size_t index);
  const std::size_t bytes_;
  std::vector<Buffer> buffers_;
  std::vector<std::size_t> free_;
  std::deque<std::size_t> order_;  // in use, oldest first
};

}  // namespace weir
