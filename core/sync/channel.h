// Channel<T>: the hand-off between threads. A bounded multi-producer multi-consumer queue of small
// values (pointers to blocks, messages), in batches.
//
// Built on moodycamel::ConcurrentQueue used as its author says: explicit tokens, bulk calls, sized
// beforehand. Items of one producer keep their order; items of different producers do not, and the
// queue is not linearizable: whoever needs an order over producers restores it from sequence
// numbers. push() fails only when the queue is at its limit (or under contention at that limit);
// the caller keeps the item and offers it again at its next poll. Nothing blocks, nothing is
// dropped.
//
// Threads: a Producer or Consumer object belongs to one thread at a time; the Channel outlives
// both.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <cstddef>
#include <span>
#include <utility>

#include "core/base/check.h"

namespace weir {

template <typename T>
class Channel {
 public:
  // `capacity`: items that always fit, whoever pushes them. `producers`: how many Producer objects
  // may exist over the channel's life.
  Channel(std::size_t capacity, std::size_t producers)
      : capacity_(capacity),
        queue_(capacity + (producers + 1) * kBlockItems, producers, producers) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  class Producer {
   public:
    explicit Producer(Channel& channel)
        : queue_(channel.queue_), capacity_(channel.capacity_), token_(channel.queue_) {}
    [[nodiscard]] bool push(T item) {
      // moodycamel leaves the memory that a producer once used with that producer. One that ran far
      // ahead would keep all of it, and the others could never push again: so nobody may.
      if (queue_.size_approx() >= capacity_) return false;
      return queue_.try_enqueue(token_, std::move(item));
    }

   private:
    moodycamel::ConcurrentQueue<T>& queue_;
    const std::size_t capacity_;
    moodycamel::ProducerToken token_;
  };

  class Consumer {
   public:
    explicit Consumer(Channel& channel) : queue_(channel.queue_), token_(channel.queue_) {}
    // Takes up to out.size() items; returns how many.
    std::size_t pop(std::span<T> out) {
      return queue_.try_dequeue_bulk(token_, out.data(), out.size());
    }

   private:
    moodycamel::ConcurrentQueue<T>& queue_;
    moodycamel::ConsumerToken token_;
  };

  // For threads without a Producer of their own, where refusal is no option (returning to a pool):
  // finds the calling thread's sub-queue, may allocate the first time.
  void push_from_any_thread(T item) { WEIR_CHECK(queue_.enqueue(std::move(item))); }

  // An estimate, for gauges and for deciding whether to look; exact only when all is quiet.
  std::size_t size_approx() const { return queue_.size_approx(); }

 private:
  static constexpr std::size_t kBlockItems =
      32;  // moodycamel's block size: each producer may waste one
  const std::size_t capacity_;
  moodycamel::ConcurrentQueue<T> queue_;
};

}  // namespace weir
