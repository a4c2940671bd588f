// RuleSorter: puts the rules that matched in order. Events that meet hundreds of rules get them as
// a few ascending runs; where they lie close, one bit a rule is faster than comparing. Threads:
// one.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/ids.h"

namespace weir::engine {

class RuleSorter {
 public:
  // Sorts what stands in `out` from `first` on; all different.
  void sort(std::vector<RuleIndex>& out, std::size_t first) {
    if (out.size() < first + 2) return;
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(first);
    if (std::is_sorted(begin, out.end())) return;
    const std::size_t count = out.size() - first;
    const auto [low, high] = std::minmax_element(begin, out.end());
    const std::size_t base = *low / kBits;
    const std::size_t words = *high / kBits - base + 1;
    if (count < kFew || words > kWordsPerRule * count) {
      std::sort(begin, out.end());
      return;
    }
    if (bits_.size() < words) bits_.resize(words);
    for (auto rule = begin; rule != out.end(); ++rule) {
      bits_[*rule / kBits - base] |= std::uint64_t{1} << (*rule % kBits);
    }
    auto next = begin;
    for (std::size_t w = 0; w < words; ++w) {
      for (std::uint64_t left = bits_[w]; left != 0; left &= left - 1) {
        *next++ = static_cast<RuleIndex>((base + w) * kBits +
                                         static_cast<unsigned>(std::countr_zero(left)));
      }
      bits_[w] = 0;
    }
  }

 private:
  static constexpr std::size_t kBits = 64;
  static constexpr std::size_t kFew = 32;
  static constexpr std::size_t kWordsPerRule = 4;
  std::vector<std::uint64_t> bits_;  // all zero between calls
};

}  // namespace weir::engine
