#include "core/cell/plan.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Plan, EveryNumberOfThreadsHasAllRolesAndNoIdleThread) {
  for (std::size_t threads = 1; threads <= 128; ++threads) {
    const Plan plan = plan_for(threads);
    ASSERT_EQ(plan.threads.size(), threads);
    EXPECT_TRUE(plan.threads[0].ingest && plan.threads[0].sequencer);
    EXPECT_GE(plan.routers(), 1U);
    EXPECT_GE(plan.writers(), 1U);
    for (const ThreadPlan& thread : plan.threads) {
      EXPECT_TRUE(thread.ingest || thread.router || thread.writer);
    }
  }
}

}  // namespace
}  // namespace weir
