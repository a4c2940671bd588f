// Watermark: a number that one thread raises or sets and any thread reads. Who reads a value also
// sees all that its writer did before it published that value; this is what tells it from a
// Counter.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

class Watermark {
 public:
  explicit Watermark(std::uint64_t first = 0) : value_(first) {}
  void publish(std::uint64_t value) { value_.store(value, std::memory_order_release); }
  std::uint64_t read() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_;
};

}  // namespace weir
