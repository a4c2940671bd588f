#include "tools/common/histogram.h"

#include <algorithm>
#include <cmath>

namespace weir {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::upper_edge(std::size_t index) {
  if (index < kPerPower) return index;
  const std::size_t shift = index / kPerPower - 1;
  const std::uint64_t low = static_cast<std::uint64_t>(index % kPerPower + kPerPower) << shift;
  return low + ((std::uint64_t{1} << shift) - 1);
}

std::uint64_t Histogram::quantile(double fraction) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(fraction * static_cast<double>(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(upper_edge(i), max_);
  }
  return max_;
}

}  // namespace weir
