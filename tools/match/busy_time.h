// BusyTime: the wall time in which at least one thread was at work, whatever went on beside it.
//
// Threads: any. One short lock at each begin() and end(); work between them is a block or more.
#pragma once

#include <cstdint>
#include <mutex>

#include "tools/common/clock.h"

namespace weir {

class BusyTime {
 public:
  void begin() {
    const std::scoped_lock lock(mutex_);
    if (active_++ == 0) since_ns_ = monotonic_ns();
  }
  void end() {
    const std::scoped_lock lock(mutex_);
    if (--active_ == 0) total_ns_ += monotonic_ns() - since_ns_;
  }
  double seconds() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<double>(total_ns_) / kNsPerSecond;
  }

 private:
  mutable std::mutex mutex_;
  std::uint32_t active_ = 0;
  std::int64_t since_ns_ = 0;
  std::int64_t total_ns_ = 0;
};

}  // namespace weir
