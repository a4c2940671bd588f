// ChunkPool: the memory of all output of one Writer, in pieces of one size. What came back last is
// given out first, so that in steady state the same warm pieces go round; what is spare beyond a
// limit goes back to the system, so that a burst does not stay resident.
//
// Threads: the Writer's only. Lifetime: longer than every queue that took from it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/units.h"

namespace weir {

inline constexpr std::uint64_t kChunkBytes =
    256 * kKiB;  // one send: large sends are what makes TCP cheap

struct Chunk {
  Chunk* next = nullptr;  // in the pool
  static constexpr std::uint64_t kPayload = kChunkBytes - sizeof(Chunk*);
  char bytes[kPayload];
};
static_assert(sizeof(Chunk) == kChunkBytes);

class ChunkPool {
 public:
  explicit ChunkPool(std::uint64_t spare_bytes_max) : spare_max_(spare_bytes_max / kChunkBytes) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  Chunk* take();
  void give_back(Chunk* chunk);
  std::size_t spare() const { return spare_; }
  std::size_t taken() const { return taken_; }

 private:
  Chunk* top_ = nullptr;
  std::size_t spare_ = 0;
  std::size_t spare_max_;
  std::size_t taken_ = 0;
};

}  // namespace weir
