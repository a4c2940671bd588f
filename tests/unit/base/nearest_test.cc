#include "core/base/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir {
namespace {

TEST(Nearest, DistanceCountsSlipsOfTheFinger) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("targets", "targets"), 0U);
  EXPECT_EQ(edit_distance("tragets", "targets"), 1U);
  EXPECT_EQ(edit_distance("patern", "pattern"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  constexpr std::array<std::string_view, 4> words = {"max_records", "max_bytes", "max_wait", "tcp"};
  EXPECT_EQ(nearest("max_recods", words), "max_records");
  EXPECT_EQ(nearest("MAX_WAIT", words), "max_wait");
  EXPECT_EQ(nearest("tpc", words), "tcp");
  EXPECT_EQ(nearest("zebra", words), "");
  EXPECT_EQ(nearest("xyz", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(10000, 'm'), words), "");
}

}  // namespace
}  // namespace weir
