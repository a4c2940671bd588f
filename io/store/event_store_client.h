// EventStoreClient: one stage's door to the EventStoreThread (internal to io/store).
//
// Threads: the stage's; complete() on the store's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/port/event_store.h"
#include "core/sync/counter.h"

namespace weir {

class EventStoreThread;
class EventStoreClient;

struct StoreOperation {
  enum class Kind : std::uint8_t { put, change, settle, take_due, order_keys };
  Kind kind = Kind::put;
  EventStoreClient* client = nullptr;
  std::unique_ptr<EventBatch> batch;
  std::vector<EntryId> ids;
  std::string target;
  std::string after;
  WallTime now;
  std::size_t count_max = 0;
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;  // of the client's allowance
  StoreCompletion completion;

  bool writes() const { return kind <= Kind::settle; }
};

class EventStoreClient : public EventStore {
 public:
  // What may be under way: one batch more than fits is refused, unless nothing is.
  static constexpr std::size_t kBytesMax = 8U << 20U;

  EventStoreClient(EventStoreThread& thread, Waker& waker) : thread_(thread), waker_(waker) {}

  bool put(std::unique_ptr<EventBatch>& batch, Token token) override;
  bool change(std::unique_ptr<EventBatch>& batch, Token token) override;
  void take_due(std::string_view target, WallTime now, std::size_t events_max,
                std::size_t bytes_max, Token token) override;
  void settle(std::span<const EntryId> ids, Token token) override;
  void order_keys(std::string_view target, std::string_view after, std::size_t keys_max,
                  Token token) override;
  std::uint64_t redrives() const override;
  std::size_t reap(std::span<StoreCompletion> out) override;

  void complete(StoreCompletion completion, std::size_t bytes);
  // If anything was completed since the last time. The store's thread.
  void wake();

 private:
  bool submit_batch(StoreOperation::Kind kind, std::unique_ptr<EventBatch>& batch, Token token);
  void submit(std::unique_ptr<StoreOperation> operation);

  EventStoreThread& thread_;
  Waker& waker_;
  std::size_t bytes_under_way_ = 0;

  SharedCounter completed_;
  std::uint64_t woken_for_ = 0;
  std::uint64_t reaped_ = 0;
  std::mutex mutex_;
  struct Finished {
    StoreCompletion completion;
    std::size_t bytes = 0;
  };
  std::vector<Finished> finished_;  // in order; the first `next_` are reaped
  std::size_t next_ = 0;
};

}  // namespace weir
