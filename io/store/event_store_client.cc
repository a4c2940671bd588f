#include "io/store/event_store_client.h"

#include <cerrno>

#include "io/store/event_store_thread.h"

namespace weir {

bool EventStoreClient::submit_batch(StoreOperation::Kind kind, std::unique_ptr<EventBatch>& batch,
                                    Token token) {
  const std::size_t bytes = batch->bytes();
  if (bytes_under_way_ > 0 && bytes_under_way_ + bytes > kBytesMax) return false;
  auto operation = std::make_unique<StoreOperation>();
  operation->kind = kind;
  operation->batch = std::move(batch);
  operation->bytes = bytes;
  operation->completion.token = token;
  submit(std::move(operation));
  return true;
}

void EventStoreClient::submit(std::unique_ptr<StoreOperation> operation) {
  operation->client = this;
  bytes_under_way_ += operation->bytes;
  if (thread_.submit(operation)) return;
  operation->completion.result = -ECANCELED;
  complete(std::move(operation->completion), operation->bytes);
}

bool EventStoreClient::put(std::unique_ptr<EventBatch>& batch, Token token) {
  return submit_batch(StoreOperation::Kind::put, batch, token);
}

bool EventStoreClient::change(std::unique_ptr<EventBatch>& batch, Token token) {
  return submit_batch(StoreOperation::Kind::change, batch, token);
}

void EventStoreClient::take_due(std::string_view target, WallTime now, std::size_t events_max,
                                std::size_t bytes_max, Token token) {
  auto operation = std::make_unique<StoreOperation>();
  operation->kind = StoreOperation::Kind::take_due;
  operation->target = target;
  operation->now = now;
  operation->count_max = events_max;
  operation->bytes_max = bytes_max;
  operation->completion.token = token;
  submit(std::move(operation));
}

void EventStoreClient::settle(std::span<const EntryId> ids, Token token) {
  auto operation = std::make_unique<StoreOperation>();
  operation->kind = StoreOperation::Kind::settle;
  operation->ids.assign(ids.begin(), ids.end());
  operation->completion.token = token;
  submit(std::move(operation));
}

void EventStoreClient::order_keys(std::string_view target, std::string_view after,
                                  std::size_t keys_max, Token token) {
  auto operation = std::make_unique<StoreOperation>();
  operation->kind = StoreOperation::Kind::order_keys;
  operation->target = target;
  operation->after = after;
  operation->count_max = keys_max;
  operation->completion.token = token;
  submit(std::move(operation));
}

std::uint64_t EventStoreClient::redrives() const {
  return thread_.redrives();
}

void EventStoreClient::complete(StoreCompletion completion, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    finished_.push_back({std::move(completion), bytes});
  }
  completed_.fetch_add();
}

void EventStoreClient::wake() {
  const std::uint64_t completed = completed_.read();
  if (completed == woken_for_) return;
  woken_for_ = completed;
  waker_.wake();
}

std::size_t EventStoreClient::reap(std::span<StoreCompletion> out) {
  if (completed_.read() == reaped_) return 0;  // as nearly always: no lock
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  while (count < out.size() && next_ < finished_.size()) {
    Finished& finished = finished_[next_++];
    bytes_under_way_ -= finished.bytes;
    out[count++] = std::move(finished.completion);
  }
  if (next_ == finished_.size()) {
    finished_.clear();
    next_ = 0;
  }
  reaped_ += count;
  return count;
}

}  // namespace weir
