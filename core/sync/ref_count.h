// A count of the owners of a shared, immutable object. The last owner to release() frees it.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/check.h"

namespace weir {

class RefCount {
 public:
  // Before the object is shared: says how many owners there will be.
  void reset(std::uint32_t owners) { count_.store(owners, std::memory_order_relaxed); }
  void acquire(std::uint32_t owners = 1) { count_.fetch_add(owners, std::memory_order_relaxed); }
  // True for exactly one caller: the last owner, who then sees all writes of the others.
  [[nodiscard]] bool release() {
    const std::uint32_t before = count_.fetch_sub(1, std::memory_order_acq_rel);
    WEIR_CHECK(before > 0);
    return before == 1;
  }

 private:
  std::atomic<std::uint32_t> count_{0};
};

}  // namespace weir
