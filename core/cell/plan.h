// Plan: which stages sit on which thread. Placement is data, not structure: one core and sixty-four
// run the same stages. (The alternatives that were weighed are in README.md.)
#pragma once

#include <cstddef>
#include <vector>

namespace weir {

struct ThreadPlan {
  bool ingest = false;
  bool router = false;
  bool sequencer = false;
  bool writer = false;
};

struct Plan {
  std::vector<ThreadPlan> threads;  // [0] has the ingest and the sequencer
  std::size_t routers() const;
  std::size_t writers() const;
};

// The plan for so many threads (at least 1):
//   1    everything on one thread
//   2    receiving, ordering and writing on the first, and both route
//   3..  receiving and ordering on the first, one thread in eight (at least one) writes, the others
//        route
Plan plan_for(std::size_t threads);

}  // namespace weir
