// SteadyClock: the wall clock as it was at the start, moved on by the monotonic clock. Ages of
// events and due times of retries are told by it, so that a jump of the wall clock neither expires
// nor stalls anything, and they still mean something after a restart.
#pragma once

#include "core/base/units.h"

namespace weir {

class SteadyClock {
 public:
  SteadyClock() = default;
  explicit SteadyClock(const Now& start)
      : offset_(start.wall.since_epoch - start.monotonic.since_start) {}

  WallTime at(MonotonicTime time) const { return {time.since_start + offset_}; }
  // When it will be (or was) that time; never() where it lies too far ahead.
  MonotonicTime monotonic(WallTime time) const {
    if (time.since_epoch >= Nanoseconds::max() - std::chrono::abs(offset_)) {
      return MonotonicTime::never();
    }
    return {time.since_epoch - offset_};
  }

 private:
  Nanoseconds offset_{0};
};

}  // namespace weir
