// The real clocks. Read once per round of a loop and handed to the stages as `Now`.
#pragma once

#include "core/base/units.h"

namespace weir {

// CLOCK_MONOTONIC; the same origin in every thread and process of the machine.
MonotonicTime monotonic_now();
// CLOCK_REALTIME.
WallTime wall_now();
Now read_clock();

// Processor time used by the calling thread, and by all threads of the process.
Nanoseconds thread_cpu_time();
Nanoseconds process_cpu_time();

}  // namespace weir
