#include "core/base/units.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Units, SizesReadWithAndWithoutUnit) {
  EXPECT_EQ(*parse_size("512"), 512U);
  EXPECT_EQ(*parse_size("4MiB"), 4 * kMiB);
  EXPECT_EQ(*parse_size("5MB"), 5000000U);
  EXPECT_EQ(*parse_size("2GiB"), 2 * kGiB);
}

TEST(Units, BadSizesAreRefused) {
  for (const char* bad : {"", "MiB", "4 MiB", "-1", "1.5MiB", "4mib", "99999999999GiB"}) {
    EXPECT_FALSE(parse_size(bad).ok()) << bad;
  }
}

TEST(Units, DurationsNeedAUnit) {
  EXPECT_EQ(*parse_duration("100ms"), 100ms);
  EXPECT_EQ(*parse_duration("7d"), 7 * 24h);
  EXPECT_FALSE(parse_duration("100").ok());
  EXPECT_FALSE(parse_duration("10 s").ok());
}

TEST(Units, FormattingReadsBack) {
  for (const std::uint64_t size : {std::uint64_t{1}, 4 * kMiB, std::uint64_t{1000}, 3 * kKiB + 1}) {
    EXPECT_EQ(*parse_size(format_size(size)), size);
  }
  EXPECT_EQ(format_duration(100ms), "100ms");
  EXPECT_EQ(format_duration(90s), "90s");
}

}  // namespace
}  // namespace weir
