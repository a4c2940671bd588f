#include "core/cell/plan.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir {

std::size_t Plan::routers() const {
  return static_cast<std::size_t>(
      std::count_if(threads.begin(), threads.end(), [](const ThreadPlan& t) { return t.router; }));
}

std::size_t Plan::writers() const {
  return static_cast<std::size_t>(
      std::count_if(threads.begin(), threads.end(), [](const ThreadPlan& t) { return t.writer; }));
}

Plan plan_for(std::size_t threads) {
  WEIR_CHECK(threads >= 1);
  Plan plan;
  plan.threads.resize(threads);
  plan.threads[0] = {.ingest = true, .sequencer = true};
  if (threads <= 2) {
    plan.threads[0].writer = true;
    for (ThreadPlan& thread : plan.threads) thread.router = true;
    return plan;
  }
  const std::size_t writers = std::max<std::size_t>(1, threads / 8);
  for (std::size_t i = 1; i < threads; ++i) {
    plan.threads[i].writer = i <= writers;
    plan.threads[i].router = i > writers;
  }
  return plan;
}

}  // namespace weir
