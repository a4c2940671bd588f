#include "core/block/block.h"

#include <gtest/gtest.h>

#include <cstring>

namespace weir {
namespace {

TEST(BlockPool, GivesEachBlockOnceAndTakesItBack) {
  BlockPool pool(3, 64, 1024, 2);
  BlockPool::User user(pool);
  Block* a = user.take();
  Block* b = user.take();
  Block* c = user.take();
  ASSERT_TRUE(a != nullptr && b != nullptr && c != nullptr);
  EXPECT_EQ(user.take(), nullptr);
  EXPECT_EQ(pool.free_blocks(), 0U);
  b->refs.reset(2);
  b->release();
  EXPECT_EQ(user.take(), nullptr);
  b->release();
  EXPECT_EQ(user.take(), b);
  user.put_back(b);
  EXPECT_EQ(pool.free_blocks(), 1U);
}

TEST(Block, TextMayBeginInTheHeadroomAndIsPadded) {
  BlockPool pool(1, 64, 1024, 1);
  BlockPool::User user(pool);
  Block* block = user.take();
  std::memcpy(block->mutable_begin() + 60, "abcdefgh", 8);
  block->set_bounds(60, 68);
  EXPECT_EQ(block->text(), "abcdefgh");
  EXPECT_EQ(block->text().data()[8 + kBlockPadding - 1], '\n');
  user.put_back(block);
}

TEST(Block, DropsItsOriginsWhenItGoes) {
  BlockPool pool(1, 64, 1024, 1);
  BlockPool::User user(pool);
  auto* origin = new Origin;
  origin->refs.reset(2);  // ours and the span's
  Block* block = user.take();
  block->spans.push_back({.origin = origin});
  block->refs.reset(1);
  block->release();
  EXPECT_TRUE(origin->refs.release());
  delete origin;
}

}  // namespace
}  // namespace weir
