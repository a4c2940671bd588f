#include "core/deliver/chunk_pool.h"

#include "core/base/check.h"

namespace weir {

ChunkPool::~ChunkPool() {
  WEIR_CHECK(taken_ == 0);
  while (top_ != nullptr) {
    Chunk* next = top_->next;
    delete top_;
    top_ = next;
  }
}

Chunk* ChunkPool::take() {
  ++taken_;
  if (top_ == nullptr) return new Chunk;  // default-initialised: its pages stay untouched
  Chunk* chunk = top_;
  top_ = chunk->next;
  --spare_;
  return chunk;
}

void ChunkPool::give_back(Chunk* chunk) {
  WEIR_CHECK(taken_ > 0);
  --taken_;
  if (spare_ >= spare_max_) {
    delete chunk;
    return;
  }
  chunk->next = top_;
  top_ = chunk;
  ++spare_;
}

}  // namespace weir
