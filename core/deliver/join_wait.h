// JoinWait: how long a Writer may keep the next live block waiting for a lagging target that is
// nearly there. Without it a target could stay a few blocks behind for ever, because new ones pass
// while the last ones are read. The wait is short and takes a bounded share of the time, so that
// the live targets hardly notice.
#pragma once

#include "core/base/units.h"

namespace weir {

class JoinWait {
 public:
  static constexpr std::uint64_t kNearRecords = 16;  // 2 MiB: read in a millisecond or so
  static constexpr Nanoseconds kMost = 5ms;
  static constexpr int kRests = 50;  // as long as the wait was, before the next one

  // True: no live block now. `near`: there is such a target.
  bool holds(bool near, const Now& now) {
    if (!holding()) {
      if (!near || now.monotonic < not_before_) return false;
      began_ = now.monotonic;
      return true;
    }
    if (near && now.monotonic < deadline()) return true;
    not_before_ = now.monotonic + (now.monotonic - began_) * kRests;
    began_ = MonotonicTime::never();
    return false;
  }
  bool holding() const { return began_ != MonotonicTime::never(); }
  MonotonicTime deadline() const { return holding() ? began_ + kMost : MonotonicTime::never(); }

 private:
  MonotonicTime began_ = MonotonicTime::never();
  MonotonicTime not_before_{Nanoseconds::min()};
};

}  // namespace weir
