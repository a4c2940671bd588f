// The handshake between a thread that may go to sleep and those that hand it work.
//
// Sleeper:  prepare();  poll all inputs once more;  if still nothing and
//           still_asleep(), wait in the kernel;  awake().
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
  // False once a producer has called its wake-up. A sleeper whose second look takes wake-ups (a
  // ring's poll does) must ask before it waits: the one it has taken may have been the only one,
  // and with the flag down nobody makes another.
  bool still_asleep() const { return asleep_.load(std::memory_order_relaxed); }
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
