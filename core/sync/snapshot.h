// Snapshot<T>: an immutable value that one thread replaces now and then and many threads read
// often. A reader pays one atomic load per look and takes the lock only when there is something
// new.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace weir {

template <typename T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  // Any thread. The old value lives until its last reader has moved on.
  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }

  // One per reading thread.
  class Reader {
   public:
    explicit Reader(const Snapshot& snapshot) : snapshot_(snapshot) { refresh(); }
    // The newest value; stays valid until the next call of get().
    const T& get() {
      if (snapshot_.version_.load(std::memory_order_acquire) != seen_) refresh();
      return *value_;
    }
    const std::shared_ptr<const T>& hold() {
      get();
      return value_;
    }

   private:
    void refresh() {
      const std::lock_guard lock(snapshot_.mutex_);
      seen_ = snapshot_.version_.load(std::memory_order_relaxed);
      value_ = snapshot_.current_;
    }
    const Snapshot& snapshot_;
    std::uint64_t seen_ = 0;
    std::shared_ptr<const T> value_;
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace weir
