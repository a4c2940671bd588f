// Counters that one thread writes and any thread may read: no lock, no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

// Written by one thread only; readers see some recent value, and the final one after a join or a
// hand-off from the writing thread.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A counter that several threads add to, once per block or rarer.
class SharedCounter {
 public:
  // Returns the value before the addition.
  std::uint64_t fetch_add(std::uint64_t n = 1) {
    return value_.fetch_add(n, std::memory_order_acq_rel);
  }
  // Returns the value after the subtraction.
  std::uint64_t subtract(std::uint64_t n = 1) {
    return value_.fetch_sub(n, std::memory_order_acq_rel) - n;
  }
  std::uint64_t read() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A one-way or two-way switch between threads.
class Flag {
 public:
  void raise() { value_.store(true, std::memory_order_release); }
  void lower() { value_.store(false, std::memory_order_release); }
  bool up() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> value_{false};
};

}  // namespace weir
