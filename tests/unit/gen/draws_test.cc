#include "tools/gen/draws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace weir {
namespace {

TEST(Draws, WeightedIndexKeepsTheWeights) {
  const std::vector<std::uint32_t> weights = {0, 1, 2, 3, 4, 90};
  const WeightedIndex index(weights);
  Random random(1);
  std::vector<int> counts(weights.size());
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) ++counts[index.draw(random)];
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(counts[i], kDraws / 100 * static_cast<int>(weights[i]), 500) << i;
  }
  EXPECT_EQ(counts[0], 0);
}

TEST(Draws, WeightedIndexTakesOneWeight) {
  const std::vector<std::uint32_t> weights = {7};
  Random random(1);
  EXPECT_EQ(WeightedIndex(weights).draw(random), 0U);
}

TEST(Draws, LogNormalHasItsMedianAndSpread) {
  Random random(2);
  std::vector<std::uint64_t> draws;
  for (int i = 0; i < 100001; ++i) draws.push_back(draw_log_normal(random, 2560, 512));
  std::ranges::sort(draws);
  EXPECT_NEAR(static_cast<double>(draws[50000]), 1024, 40);
  EXPECT_NEAR(static_cast<double>(draws[84134]), 4096, 250);  // one deviation up
  EXPECT_NEAR(static_cast<double>(draws[15866]), 256, 20);    // and down
  EXPECT_GE(draw_log_normal(random, 0, 100000), 1U);
}

TEST(Draws, FewTalkersTalkMost) {
  const WeightedIndex index = few_talkers(1000);
  Random random(3);
  int first_ten = 0;
  for (int i = 0; i < 100000; ++i) first_ten += index.draw(random) < 10 ? 1 : 0;
  EXPECT_GT(first_ten, 25000);
}

TEST(Draws, AddressesAreWellFormed) {
  Random random(4);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(private_address(random, 3).starts_with("10.3."));
    EXPECT_EQ(std::ranges::count(public_address(random), '.'), 3);
    EXPECT_EQ(std::ranges::count(ipv6_address(random, "2600:1:2:3"), ':'), 7);
    EXPECT_EQ(uuid(random).size(), 36U);
  }
}

TEST(LineBuffer, CutsWhatDoesNotFit) {
  LineBuffer line;
  for (int i = 0; i < 20000; ++i) line.add_all("text", std::uint64_t{7});
  line.add('x');
  EXPECT_EQ(line.view().size(), 8192U);
  line.clear();
  line.add_number(18446744073709551615U);
  line.add_two_digits(7);
  line.add_hex(0xabc, 4);
  line.add_time(0);
  EXPECT_EQ(line.view(), "18446744073709551615070abc1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace weir
