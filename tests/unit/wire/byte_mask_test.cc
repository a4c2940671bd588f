#include "core/wire/byte_mask.h"

#include <gtest/gtest.h>

#include <array>

#include "core/base/random.h"
#include "core/wire/utf8.h"

namespace weir {
namespace {

TEST(ByteMask, TheBuildsVariantAgreesWithThePlainOne) {
  Random random(7);
  std::array<char, 64> bytes{};
  for (int round = 0; round < 2000; ++round) {
    const std::uint64_t spread = round % 2 == 0 ? 256 : 64;
    for (char& byte : bytes) byte = static_cast<char>(random.below(spread));
    const ByteMask fast(bytes.data());
    const plain::ByteMask slow(bytes.data());
    EXPECT_EQ(fast.digits(), slow.digits());
    EXPECT_EQ(fast.not_ascii(), slow.not_ascii());
    EXPECT_EQ(fast.below(0x20), slow.below(0x20));
    for (const char c : {' ', '"', '\\', '\n', '\x80', '\xff', '\0'}) {
      EXPECT_EQ(fast.equal(c), slow.equal(c));
    }
  }
}

TEST(ByteMask, LowBitsCountsUpToAllOfThem) {
  EXPECT_EQ(low_bits(0), 0U);
  EXPECT_EQ(low_bits(1), 1U);
  EXPECT_EQ(low_bits(63), ~std::uint64_t{0} >> 1U);
  EXPECT_EQ(low_bits(64), ~std::uint64_t{0});
  EXPECT_EQ(low_bits(1000), ~std::uint64_t{0});
}

TEST(Utf8, TakesWhatTheStandardTakes) {
  for (const std::string_view sound :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\x89", "\xed\x9f\xbf",
        "\xf4\x8f\xbf\xbf", "12345678\xc3\xa9", "1234567\xc3\xa9"}) {
    EXPECT_TRUE(is_utf8(sound)) << sound;
  }
}

TEST(Utf8, RefusesOverlongSurrogateCutAndOutOfRange) {
  for (const std::string_view bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe2(\xac",
        "12345678\x80", "1234567\xc3"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace weir
