// Histogram: durations in nanoseconds, kept to within 1 % whatever their size, in fixed memory.
//
// Buckets are linear inside each power of two (128 of them), as in HdrHistogram: a value below 128
// has a bucket of its own, a larger one shares it with values that agree in the top eight bits.
// Not thread-safe. record() costs a few instructions and never allocates.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace weir {

class Histogram {
 public:
  // Negative values (two clocks that disagree) count as zero.
  void record(std::int64_t value_ns, std::uint64_t times = 1) {
    const std::uint64_t value = value_ns > 0 ? static_cast<std::uint64_t>(value_ns) : 0;
    counts_[index_of(value)] += times;
    count_ += times;
    if (value > max_) max_ = value;
  }
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  // The smallest recorded size that at least `fraction` of the values do not exceed (the upper edge
  // of its bucket, never above max). Zero when nothing was recorded.
  std::uint64_t quantile(double fraction) const;

 private:
  static constexpr unsigned kBits = 7;
  static constexpr std::size_t kPerPower = std::size_t{1} << kBits;
  static constexpr std::size_t kBuckets = kPerPower * (64 - kBits + 1);

  static std::size_t index_of(std::uint64_t value) {
    if (value < kPerPower) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (shift + 1) * kPerPower + static_cast<std::size_t>((value >> shift) - kPerPower);
  }
  static std::uint64_t upper_edge(std::size_t index);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace weir
