#include "io/ring/clock.h"

#include <ctime>

namespace weir {
namespace {

Nanoseconds read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

}  // namespace

MonotonicTime monotonic_now() {
  return {read(CLOCK_MONOTONIC)};
}
WallTime wall_now() {
  return {read(CLOCK_REALTIME)};
}
Now read_clock() {
  return {monotonic_now(), wall_now()};
}
Nanoseconds thread_cpu_time() {
  return read(CLOCK_THREAD_CPUTIME_ID);
}
Nanoseconds process_cpu_time() {
  return read(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace weir
