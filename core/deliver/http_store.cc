#include "core/deliver/http_store.h"

#include <utility>

#include "core/base/check.h"

namespace weir {

void HttpStore::add(Gathered& gathered, const StoredEvent& event, const Waiting& record) {
  if (gathered.empty()) gathered.events = std::make_unique<EventBatch>();
  gathered.events->add(event);
  gathered.records.push_back(record);
  ++waiting_;
}

// The number of an operation in its token is its place in the list; places are used again.
Token HttpStore::next_token(Kind kind, std::vector<Waiting> records) {
  std::size_t place = 0;
  while (place < operations_.size() && operations_[place].open) ++place;
  if (place == operations_.size()) operations_.emplace_back();
  WEIR_CHECK(place <= 0xffff);
  operations_[place] = {.kind = kind, .records = std::move(records), .open = true};
  ++under_way_;
  return pack({.sink = sink_, .generation = static_cast<std::uint16_t>(place)});
}

void HttpStore::offer(Gathered& gathered, Kind kind) {
  if (gathered.empty()) return;
  const Token token = next_token(kind, {});
  const bool taken = kind == Kind::put ? store_->put(gathered.events, token)
                                       : store_->change(gathered.events, token);
  Operation& operation = operations_[unpack(token).generation];
  if (taken) {
    operation.records = std::move(gathered.records);
    gathered = {};
  } else {
    operation.open = false;
    --under_way_;
  }
}

void HttpStore::flush() {
  offer(put_, Kind::put);
  offer(change_, Kind::change);
  if (settled_.empty()) return;
  store_->settle(settled_, next_token(Kind::settle, {}));
  settled_.clear();
}

void HttpStore::take_due(std::string_view target, WallTime now, std::size_t events_max,
                         std::size_t bytes_max) {
  store_->take_due(target, now, events_max, bytes_max, next_token(Kind::take, {}));
}

void HttpStore::order_keys(std::string_view target, std::string_view after, std::size_t keys_max) {
  store_->order_keys(target, after, keys_max, next_token(Kind::keys, {}));
}

HttpStore::Done HttpStore::complete(StoreCompletion completion) {
  const std::size_t place = unpack(completion.token).generation;
  WEIR_CHECK(place < operations_.size() && operations_[place].open);
  Operation& operation = operations_[place];
  operation.open = false;
  --under_way_;
  waiting_ -= operation.records.size();
  Done done{.kind = operation.kind,
            .failed = completion.result < 0,
            .records = std::move(operation.records),
            .completion = std::move(completion)};
  operation.records.clear();
  return done;
}

}  // namespace weir
