#include "core/deliver/output_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/random.h"

namespace weir {
namespace {

constexpr std::uint64_t kPayload = Chunk::kPayload;

std::string text_of(const OutputQueue& queue, std::uint64_t from, std::uint64_t to) {
  std::string text;
  while (from < to) {
    const auto piece = queue.contiguous(from, to);
    text.append(piece.data(), piece.size());
    from += piece.size();
  }
  return text;
}

TEST(OutputQueue, KeepsBytesOverChunkEdgesAndForgetsWholeChunks) {
  ChunkPool pool(8 * kChunkBytes);
  OutputQueue queue(pool);
  std::string all;
  Random random(7);
  while (all.size() < 3 * kPayload) {
    const std::string piece(1 + random.below(5000), static_cast<char>('a' + random.below(26)));
    queue.append(piece.data(), piece.size());
    all += piece;
  }
  EXPECT_EQ(queue.end(), all.size());
  EXPECT_EQ(queue.contiguous(kPayload - 3, kPayload + 3).size(), 3U);
  EXPECT_EQ(text_of(queue, 0, all.size()), all);
  EXPECT_EQ(pool.taken(), 4U);
  queue.forget_below(kPayload - 1);
  EXPECT_EQ(pool.taken(), 4U);
  queue.forget_below(2 * kPayload);
  EXPECT_EQ(pool.taken(), 2U);
  EXPECT_EQ(text_of(queue, 2 * kPayload, all.size()), all.substr(2 * kPayload));
  queue.forget_below(all.size());
  EXPECT_EQ(pool.taken(), 0U);
  queue.append("xyz", 3);
  EXPECT_EQ(text_of(queue, all.size(), all.size() + 3), "xyz");
}

TEST(OutputQueue, RoomIsWhatTheBudgetLeaves) {
  ChunkPool pool(0);
  OutputQueue queue(pool);
  EXPECT_EQ(queue.room(2), 2 * kPayload);
  queue.append("abc", 3);
  EXPECT_EQ(queue.room(2), 2 * kPayload - 3);
  const std::string large(3 * kPayload, 'x');
  queue.append(large.data(), large.size());  // oversized: four chunks
  EXPECT_EQ(queue.room(2), 0U);
  EXPECT_EQ(queue.room(4), kPayload - 3);
  queue.forget_below(queue.end());
  EXPECT_EQ(queue.room(2), 2 * kPayload);
}

TEST(OutputQueue, FindsLineEndsOverChunkEdges) {
  ChunkPool pool(0);
  OutputQueue queue(pool);
  std::string all(2 * kPayload + 100, 'x');
  for (const std::uint64_t at : {std::uint64_t{0}, kPayload - 1, kPayload, 2 * kPayload + 50}) {
    all[at] = '\n';
  }
  queue.append(all.data(), all.size());
  EXPECT_EQ(queue.behind_last_newline(0, kPayload - 1), 1U);
  EXPECT_EQ(queue.behind_last_newline(0, kPayload), kPayload);
  EXPECT_EQ(queue.behind_last_newline(0, 2 * kPayload + 10), kPayload + 1);
  EXPECT_EQ(queue.behind_last_newline(kPayload + 1, 2 * kPayload + 10), kPayload + 1);
  EXPECT_EQ(queue.behind_first_newline(1, all.size()), kPayload);
  EXPECT_EQ(queue.behind_first_newline(kPayload + 1, all.size()), 2 * kPayload + 51);
  EXPECT_EQ(queue.behind_first_newline(2 * kPayload + 51, all.size()), all.size());
  EXPECT_EQ(queue.count_newlines(0, all.size()), 4U);
  EXPECT_EQ(queue.count_newlines(1, 2 * kPayload + 50), 2U);
}

TEST(ChunkPool, GivesTheWarmestChunkFirstAndKeepsOnlySoManySpare) {
  ChunkPool pool(2 * kChunkBytes);
  Chunk* a = pool.take();
  Chunk* b = pool.take();
  Chunk* c = pool.take();
  pool.give_back(a);
  pool.give_back(b);
  pool.give_back(c);  // one too many
  EXPECT_EQ(pool.spare(), 2U);
  EXPECT_EQ(pool.take(), b);
  EXPECT_EQ(pool.take(), a);
  pool.give_back(a);
  pool.give_back(b);
}

}  // namespace
}  // namespace weir
