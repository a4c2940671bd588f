// HttpStore: what an HTTP target gives to the EventStore, and what of its records is settled by it.
//
// Events of one round go in one batch. A record counts as settled only when the store has
// acknowledged it, so that its place in the log is free no sooner.
//
// Threads: the Writer's only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/deliver/sink.h"
#include "core/port/event_store.h"

namespace weir {

class HttpStore {
 public:
  enum class Fate : std::uint8_t { deferred, dead_lettered };
  // One record that waits for the store's word.
  struct Waiting {
    std::uint32_t serial = 0;
    bool in_window = false;
    Fate fate = Fate::deferred;
    EntryId replaces = 0;   // an entry that goes once this one is there
    std::uint64_t key = 0;  // hash of the order key
  };
  enum class Kind : std::uint8_t { put, change, settle, take, keys };
  // What the store has done.
  struct Done {
    Kind kind = Kind::put;
    bool failed = false;           // the store is closed
    std::vector<Waiting> records;  // put, change
    StoreCompletion completion;
  };

  HttpStore(EventStore* store, std::uint32_t sink) : store_(store), sink_(sink) {}

  bool available() const { return store_ != nullptr; }
  EventStore& store() { return *store_; }

  void put(const StoredEvent& event, const Waiting& record) { add(put_, event, record); }
  void change(const StoredEvent& event, const Waiting& record) { add(change_, event, record); }
  void settle(EntryId entry) { settled_.push_back(entry); }
  void take_due(std::string_view target, WallTime now, std::size_t events_max,
                std::size_t bytes_max);
  void order_keys(std::string_view target, std::string_view after, std::size_t keys_max);
  // Hands over what the round brought, and what the store could not take before.
  void flush();
  Done complete(StoreCompletion completion);

  // Something waits to be taken by the store.
  bool gathered() const { return !put_.empty() || !change_.empty(); }
  // Records that wait for the store's word.
  std::uint64_t waiting() const { return waiting_; }
  // The store is behind: nothing more should fail until it has taken what there is.
  bool full() const { return bytes_of(put_) + bytes_of(change_) > kGatheredBytesMax; }

 private:
  struct Gathered {
    std::unique_ptr<EventBatch> events;
    std::vector<Waiting> records;
    bool empty() const { return events == nullptr; }
  };
  static constexpr std::size_t kGatheredBytesMax = std::size_t{4} << 20U;
  static std::size_t bytes_of(const Gathered& gathered) {
    return gathered.empty() ? 0 : gathered.events->bytes();
  }
  void add(Gathered& gathered, const StoredEvent& event, const Waiting& record);
  void offer(Gathered& gathered, Kind kind);
  Token next_token(Kind kind, std::vector<Waiting> records);

  struct Operation {
    Kind kind;
    std::vector<Waiting> records;
    bool open;
  };
  EventStore* store_;
  std::uint32_t sink_;
  Gathered put_;
  Gathered change_;
  std::vector<EntryId> settled_;
  std::vector<Operation> operations_;  // by the token's generation
  std::size_t under_way_ = 0;
  std::uint64_t waiting_ = 0;
};

}  // namespace weir
