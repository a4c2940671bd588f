// The handshake between a thread that may go to sleep and those that hand it work.
//
// Sleeper:  prepare();  poll all inputs once more;  if still nothing, wait in the kernel;  awake().
// Producer: hand the work over;  if (needs_wake()) wake the sleeper by its Waker.
// Either the producer sees the raised flag, or the sleeper's second look sees the work: the two
// sequentially consistent fences forbid that both miss (Dekker's pattern).
#pragma once

#include <atomic>

namespace weir {

class SleepGate {
 public:
  void prepare() {
    asleep_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void awake() { asleep_.store(false, std::memory_order_relaxed); }

  // True for at most one producer per sleep.
  [[nodiscard]] bool needs_wake() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!asleep_.load(std::memory_order_relaxed)) return false;
    return asleep_.exchange(false, std::memory_order_acq_rel);
  }

 private:
  std::atomic<bool> asleep_{false};
};

}  // namespace weir
