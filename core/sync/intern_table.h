// InternTable<T>: one immutable copy of each different value, bounded, for values that many threads
// meet now and then (the layouts of files and connections). Whoever holds a pointer needs no lock;
// only intern() takes it.
//
// Threads: any. Lifetime: pointers are valid as long as the table. Errors: null when it is full.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {

template <typename T>
class InternTable {
 public:
  explicit InternTable(std::size_t values_max) : values_max_(values_max) {}
  InternTable(const InternTable&) = delete;
  InternTable& operator=(const InternTable&) = delete;

  // The copy for which same(copy) is true, else `value` as a new one. Null if that is one too many.
  template <typename Same>
  const T* intern(T value, Same same) {
    const std::lock_guard lock(mutex_);
    for (const auto& known : values_) {
      if (same(*known)) return known.get();
    }
    if (values_.size() >= values_max_) return nullptr;
    values_.push_back(std::make_unique<const T>(std::move(value)));
    return values_.back().get();
  }

 private:
  const std::size_t values_max_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<const T>> values_;
};

}  // namespace weir
