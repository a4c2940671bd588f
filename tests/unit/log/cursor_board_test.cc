#include "core/log/cursor_board.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

LogPosition at(std::uint64_t sequence, std::uint32_t event = 0) {
  return {.sequence = sequence, .event = event};
}

TEST(CursorBoardTest, ACursorStandsAtItsPlaceOrFollowsItsWriter) {
  CursorBoard board;
  const auto passed = board.passed(BusId{0}, 0, at(5));
  const auto cursor = board.open(BusId{0}, TargetId{3}, 0, at(2, 7));
  EXPECT_EQ(cursor->read(), at(2, 7));
  passed->set(at(6));
  EXPECT_EQ(cursor->read(), at(2, 7));
  cursor->set(at(6));
  cursor->follow();
  passed->set(at(9));
  EXPECT_EQ(cursor->read(), at(9));
  cursor->set(at(9));
  passed->set(at(10));
  EXPECT_EQ(cursor->read(), at(9));
}

TEST(CursorBoardTest, EachTargetFollowsItsOwnWriter) {
  CursorBoard board;
  board.passed(BusId{0}, 0, at(1))->set(at(4));
  board.passed(BusId{0}, 1, at(1))->set(at(8));
  board.passed(BusId{1}, 0, at(1))->set(at(16));
  const auto a = board.open(BusId{0}, TargetId{0}, 0, at(1));
  const auto b = board.open(BusId{0}, TargetId{1}, 1, at(1));
  const auto c = board.open(BusId{1}, TargetId{0}, 0, at(1));
  for (const auto& cursor : {a, b, c}) cursor->follow();
  EXPECT_EQ(a->read(), at(4));
  EXPECT_EQ(b->read(), at(8));
  EXPECT_EQ(c->read(), at(16));
}

TEST(CursorBoardTest, AKnownCursorStaysWhereItIsAndReadersSeeNewOnes) {
  CursorBoard board;
  CursorBoard::Reader reader(board);
  EXPECT_TRUE(reader.get().empty());
  board.passed(BusId{0}, 0, at(1));
  const auto first = board.open(BusId{0}, TargetId{0}, 0, at(3));
  EXPECT_EQ(board.open(BusId{0}, TargetId{0}, 0, at(9)), first);
  EXPECT_EQ(first->read(), at(3));
  board.open(BusId{0}, TargetId{1}, 0, at(1));
  ASSERT_EQ(reader.get().size(), 2U);
  EXPECT_EQ(reader.get()[1]->target(), TargetId{1});
  EXPECT_EQ(board.passed(BusId{0}, 0, at(50))->read(), at(1));
}

TEST(CursorBoardTest, AForgottenTargetBeginsAnewAndOthersStay) {
  CursorBoard board;
  CursorBoard::Reader reader(board);
  board.passed(BusId{0}, 0, at(1));
  board.passed(BusId{1}, 0, at(1));
  const auto other = board.open(BusId{0}, TargetId{1}, 0, at(2));
  board.open(BusId{0}, TargetId{0}, 0, at(3));
  board.open(BusId{1}, TargetId{0}, 0, at(4));
  EXPECT_FALSE(board.forget(TargetId{2}));
  EXPECT_TRUE(board.forget(TargetId{0}));
  EXPECT_FALSE(board.forget(TargetId{0}));
  ASSERT_EQ(reader.get().size(), 1U);
  EXPECT_EQ(reader.get()[0], other);
  EXPECT_EQ(board.open(BusId{0}, TargetId{0}, 0, at(9))->read(), at(9));
}

}  // namespace
}  // namespace weir
