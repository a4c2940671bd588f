#include "io/run/pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace weir {
namespace {

TEST(Pieces, EachIsDoneOnceAndBeforeTheReturn) {
  for (const std::size_t count : {0U, 1U, 2U, 1000U}) {
    std::vector<int> done(count, 0);
    run_pieces(count, [&](std::size_t i) { ++done[i]; });
    EXPECT_EQ(std::ranges::count(done, 1), static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace
}  // namespace weir
