#include "core/deliver/output_queue.h"

#include <algorithm>

namespace weir {

std::uint64_t OutputQueue::room(std::uint64_t chunks_max) const {
  const std::uint64_t spare = chunks_max > chunks_.size() ? chunks_max - chunks_.size() : 0;
  // Over its limit (an oversized item, or a budget made smaller) the rest of the tail is no room.
  return spare * Chunk::kPayload + (chunks_.size() <= chunks_max ? tail_left_ : 0);
}

void OutputQueue::append_over_chunks(const char* bytes, std::uint64_t count) {
  while (count > 0) {
    if (tail_left_ == 0) {
      if (chunks_.empty()) first_ = end_;
      chunks_.push_back(pool_.take());
      tail_ = chunks_.back()->bytes;
      tail_left_ = Chunk::kPayload;
    }
    const std::uint64_t piece = std::min(count, tail_left_);
    std::memcpy(tail_, bytes, piece);
    tail_ += piece;
    tail_left_ -= piece;
    end_ += piece;
    bytes += piece;
    count -= piece;
  }
}

std::span<const char> OutputQueue::contiguous(std::uint64_t from, std::uint64_t to) const {
  WEIR_CHECK(from >= first_ && from < to && to <= end_ && !chunks_.empty());
  const std::uint64_t index = (from - first_) / Chunk::kPayload;
  const std::uint64_t at = (from - first_) % Chunk::kPayload;
  return {chunks_[index]->bytes + at, std::min(to - from, Chunk::kPayload - at)};
}

void OutputQueue::forget_below(std::uint64_t offset) {
  WEIR_CHECK(offset <= end_);
  if (offset == end_) {
    clear();
    return;
  }
  std::size_t gone = 0;
  while (first_ + Chunk::kPayload <= offset) {
    pool_.give_back(chunks_[gone++]);
    first_ += Chunk::kPayload;
  }
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(gone));
}

void OutputQueue::clear() {
  for (Chunk* chunk : chunks_) pool_.give_back(chunk);
  chunks_.clear();
  first_ = end_;
  tail_ = nullptr;
  tail_left_ = 0;
}

std::uint64_t OutputQueue::behind_last_newline(std::uint64_t from, std::uint64_t to) const {
  while (to > from) {
    // The piece that ends at `to` and lies in one chunk.
    const std::uint64_t chunk_begin = to - 1 - (to - 1 - first_) % Chunk::kPayload;
    const std::uint64_t begin = std::max(from, chunk_begin);
    const std::span<const char> piece = contiguous(begin, to);
    const void* found = memrchr(piece.data(), '\n', piece.size());
    if (found != nullptr) {
      return begin + static_cast<std::uint64_t>(static_cast<const char*>(found) - piece.data()) + 1;
    }
    to = begin;
  }
  return from;
}

std::uint64_t OutputQueue::behind_first_newline(std::uint64_t from, std::uint64_t to) const {
  while (from < to) {
    const std::span<const char> piece = contiguous(from, to);
    const void* found = std::memchr(piece.data(), '\n', piece.size());
    if (found != nullptr) {
      return from + static_cast<std::uint64_t>(static_cast<const char*>(found) - piece.data()) + 1;
    }
    from += piece.size();
  }
  return to;
}

std::uint64_t OutputQueue::count_newlines(std::uint64_t from, std::uint64_t to) const {
  std::uint64_t count = 0;
  while (from < to) {
    const std::span<const char> piece = contiguous(from, to);
    count += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    from += piece.size();
  }
  return count;
}

}  // namespace weir
