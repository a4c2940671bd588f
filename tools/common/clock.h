// Clocks for the tools. Any thread. The time in a stamp is CLOCK_MONOTONIC, so that the load and
// the sink of one machine agree on it whatever the wall clock does; it means nothing elsewhere.
#pragma once

#include <cstdint>

namespace weir {

// CLOCK_MONOTONIC in nanoseconds.
std::int64_t monotonic_ns();
// User and system time of this process so far, in seconds.
double cpu_seconds();

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace weir
