// Fifo<T>: a first-in first-out list of small values that allocates only when it grows, and gives a
// large memory back once it is empty.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/check.h"

namespace weir {

template <typename T>
class Fifo {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  T& front() { return items_[head_]; }
  const T& front() const { return items_[head_]; }
  T& back() { return items_[(head_ + count_ - 1) & (items_.size() - 1)]; }
  // The i-th from the front.
  T& operator[](std::size_t i) { return items_[(head_ + i) & (items_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return items_[(head_ + i) & (items_.size() - 1)]; }

  void push(const T& item) {
    if (count_ == items_.size()) grow();
    items_[(head_ + count_) & (items_.size() - 1)] = item;
    ++count_;
  }
  void pop() {
    WEIR_DCHECK(count_ > 0);
    head_ = (head_ + 1) & (items_.size() - 1);
    if (--count_ == 0 && items_.size() > kKeptItemsMax) clear();
  }
  void clear() {
    std::vector<T>().swap(items_);
    head_ = 0;
    count_ = 0;
  }

 private:
  static constexpr std::size_t kKeptItemsMax = 1024;
  void grow() {
    std::vector<T> larger(items_.empty() ? 8 : items_.size() * 2);
    for (std::size_t i = 0; i < count_; ++i) larger[i] = (*this)[i];
    items_.swap(larger);
    head_ = 0;
  }
  std::vector<T> items_;  // a power of two of them, or none
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

}  // namespace weir
