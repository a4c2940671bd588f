#include "core/base/log_position.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

TEST(LogPosition, PacksInItsOwnOrder) {
  const std::vector<LogPosition> ascending = {
      {0, 0}, {1, 0}, {1, 7}, {1, LogPosition::kEventMax}, {2, 0}, {LogPosition::kSequenceMax, 3}};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(LogPosition::unpack(ascending[i].pack()), ascending[i]);
    if (i == 0) continue;
    EXPECT_LT(ascending[i - 1], ascending[i]);
    EXPECT_LT(ascending[i - 1].pack(), ascending[i].pack());
  }
}

}  // namespace
}  // namespace weir
