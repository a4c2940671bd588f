// OutputQueue: the byte stream of one target, kept in chunks from a shared pool. Bytes have the
// offset at which they stand in the whole stream since the target began; they are appended at the
// end and forgotten from the front, chunk by chunk.
//
// Budget: at most `chunks_max` chunks, less where the caller asks room() before it appends; an
// append itself never fails, so that one oversized item can pass an untouched budget.
// An empty queue holds no chunk.
//
// Threads: the Writer's only. What contiguous() returned stays in place until it is forgotten.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/deliver/chunk_pool.h"

namespace weir {

class OutputQueue {
 public:
  explicit OutputQueue(ChunkPool& pool) : pool_(pool) {}
  ~OutputQueue() { clear(); }
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;

  std::uint64_t end() const { return end_; }
  std::uint64_t memory_bytes() const { return chunks_.size() * kChunkBytes; }
  // Bytes that can be appended before more than `chunks_max` chunks are in use.
  std::uint64_t room(std::uint64_t chunks_max) const;

  void append(const char* bytes, std::uint64_t count) {
    if (count <= tail_left_) [[likely]] {
      std::memcpy(tail_, bytes, count);
      tail_ += count;
      tail_left_ -= count;
      end_ += count;
      return;
    }
    append_over_chunks(bytes, count);
  }
  void append(char byte) { append(&byte, 1); }
  // Lets the stream go on `count` bytes further without storing them; the queue is empty.
  void skip(std::uint64_t count) {
    WEIR_CHECK(chunks_.empty());
    end_ += count;
    first_ = end_;
  }
  bool empty() const { return chunks_.empty(); }

  // The longest piece that begins at `from`, ends at most at `to` and lies in one chunk.
  std::span<const char> contiguous(std::uint64_t from, std::uint64_t to) const;
  // Forgets what lies below `offset`: whole chunks, and all of them at the end.
  void forget_below(std::uint64_t offset);
  // Forgets everything; the stream goes on at end().
  void clear();

  char at(std::uint64_t offset) const { return contiguous(offset, offset + 1)[0]; }

  // Of [from, to): the offset behind the last newline, or `from` without one.
  std::uint64_t behind_last_newline(std::uint64_t from, std::uint64_t to) const;
  // Of [from, to): the offset behind the first newline, or `to` without one.
  std::uint64_t behind_first_newline(std::uint64_t from, std::uint64_t to) const;
  std::uint64_t count_newlines(std::uint64_t from, std::uint64_t to) const;

 private:
  void append_over_chunks(const char* bytes, std::uint64_t count);

  ChunkPool& pool_;
  std::vector<Chunk*> chunks_;
  std::uint64_t first_ = 0;  // offset of the first byte of chunks_[0]
  std::uint64_t end_ = 0;
  char* tail_ = nullptr;
  std::uint64_t tail_left_ = 0;
};

}  // namespace weir
