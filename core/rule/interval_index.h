// IntervalIndex: which of many closed intervals hold a key. For numeric ranges and address blocks.
//
// Immutable after build. A look-up is one binary search over the ends, then as many steps as
// intervals hold the key (plus the logarithm, once so many intervals overlap that listing them per
// gap would cost more than linear memory; then a segment tree takes over).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "core/rule/byte_trie.h"
#include "core/rule/sorted_count.h"

namespace weir::engine {

template <typename Key>
class IntervalIndex {
 public:
  struct Entry {
    Key first;
    Key last;
    std::optional<Key> behind;  // the key after `last`; none when `last` is the greatest
    std::uint32_t id = kNone;
  };

  void build(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      if (entry.last < entry.first) continue;
      ends_.push_back(entry.first);
      if (entry.behind) ends_.push_back(*entry.behind);
    }
    std::ranges::sort(ends_);
    ends_.erase(std::unique(ends_.begin(), ends_.end()), ends_.end());
    ends_.shrink_to_fit();
    const std::size_t gaps = ends_.size();
    std::size_t listed = 0;
    for (const Entry& entry : entries) {
      if (!(entry.last < entry.first)) listed += range_of(entry).second - range_of(entry).first;
    }
    tree_ = listed > 8 * gaps + 64;
    std::vector<std::vector<std::uint32_t>> lists(tree_ ? 2 * gaps : gaps);
    for (const Entry& entry : entries) {
      if (entry.last < entry.first) continue;
      auto [begin, end] = range_of(entry);
      if (!tree_) {
        for (; begin < end; ++begin) lists[begin].push_back(entry.id);
        continue;
      }
      for (begin += gaps, end += gaps; begin < end; begin /= 2, end /= 2) {
        if (begin % 2 == 1) lists[begin++].push_back(entry.id);
        if (end % 2 == 1) lists[--end].push_back(entry.id);
      }
    }
    list_begin_.reserve(lists.size() + 1);
    for (const auto& list : lists) {
      list_begin_.push_back(static_cast<std::uint32_t>(ids_.size()));
      ids_.insert(ids_.end(), list.begin(), list.end());
    }
    list_begin_.push_back(static_cast<std::uint32_t>(ids_.size()));
    ids_.shrink_to_fit();
  }

  bool empty() const { return ends_.empty(); }
  std::size_t memory_bytes() const {
    return ends_.capacity() * sizeof(Key) + (list_begin_.capacity() + ids_.capacity()) * 4;
  }

  // The ends of the intervals, ascending: their first keys and those behind their last.
  const std::vector<Key>& ends() const { return ends_; }

  template <typename Found>
  void find(const Key& key, Found&& found) const {
    if (ends_.empty() || key < ends_.front()) return;
    find_in_gap(gap_of(key), found);
  }

  // A number for the intervals that hold the key, or kNone where there are none. It is the same for
  // all keys from one end to the next.
  std::uint32_t gap_at(const Key& key) const {
    bool held = false;
    find(key, [&held](std::uint32_t) { held = true; });
    return held ? static_cast<std::uint32_t>(gap_of(key)) : kNone;
  }
  template <typename Found>
  void find_in_gap(std::size_t gap, Found&& found) const {
    if (!tree_) {
      report(gap, found);
      return;
    }
    for (gap += ends_.size(); gap > 0; gap /= 2) report(gap, found);
  }

 private:
  // The last end that is not above the key, without a branch that depends on data.
  std::size_t gap_of(const Key& key) const {
    if constexpr (std::is_integral_v<Key>) {
      return count_not_above(ends_.data(), ends_.size(), key) - 1;
    }
    const Key* base = ends_.data();
    for (std::size_t left = ends_.size(); left > 1;) {
      const std::size_t half = left / 2;
      base = key < base[half] ? base : base + half;
      left -= half;
    }
    return static_cast<std::size_t>(base - ends_.data());
  }
  std::pair<std::size_t, std::size_t> range_of(const Entry& entry) const {
    const auto at = [this](const Key& key) {
      return static_cast<std::size_t>(std::ranges::lower_bound(ends_, key) - ends_.begin());
    };
    return {at(entry.first), entry.behind ? at(*entry.behind) : ends_.size()};
  }
  template <typename Found>
  void report(std::size_t list, Found&& found) const {
    for (std::uint32_t i = list_begin_[list]; i < list_begin_[list + 1]; ++i) found(ids_[i]);
  }

  std::vector<Key> ends_;
  bool tree_ = false;
  std::vector<std::uint32_t> list_begin_;
  std::vector<std::uint32_t> ids_;
};

}  // namespace weir::engine
