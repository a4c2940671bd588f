#include "core/base/steady_clock.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(SteadyClock, FollowsTheMonotonicClockOnly) {
  const SteadyClock clock({.monotonic = {5s}, .wall = {1000s}});
  EXPECT_EQ(clock.at({5s}), WallTime{1000s});
  EXPECT_EQ(clock.at({7s}), WallTime{1002s});
  EXPECT_EQ(clock.monotonic({1002s}), MonotonicTime{7s});
  EXPECT_EQ(clock.monotonic({0s}), MonotonicTime{-995s});
  EXPECT_EQ(clock.monotonic({Nanoseconds::max()}), MonotonicTime::never());
}

TEST(SteadyClock, StandsAWallClockBehindTheMonotonicOne) {
  const SteadyClock clock({.monotonic = {1000s}, .wall = {10s}});
  EXPECT_EQ(clock.at({1001s}), WallTime{11s});
  EXPECT_EQ(clock.monotonic({11s}), MonotonicTime{1001s});
  EXPECT_EQ(clock.monotonic({Nanoseconds::max()}), MonotonicTime::never());
}

}  // namespace
}  // namespace weir
