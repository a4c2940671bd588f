// EventStore: where events wait that cannot be delivered now (the retry log of a target) or at all
// (the built-in dead-letter store). What it has acknowledged survives a crash.
//
// Like a Port: operations return at once, each ends in exactly one StoreCompletion with the
// caller's token, taken with reap(). A stage has an EventStore of its own and is its only user; all
// of them lead to the same store, and their operations are carried out in the order of each caller.
// io/store implements it with SQLite on a thread of its own, tests/sim by a seeded simulation.
//
// Errors: a full or failing disk is not the caller's affair. A write that fails is tried again
// until it succeeds, its completion comes late, and until then the event counts as unsettled. A
// completion with a negative result (an errno) says that the store was closed or that the operation
// made no sense; then nothing is stored.
//
// Threads: all calls from the one thread that polls the stage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/port/event_batch.h"
#include "core/port/port.h"

namespace weir {

struct StoreCompletion {
  Token token = 0;
  // put: the id of the first entry, the others follow it; settle, change: how many entries were
  // there; take_due, order_keys: how many came.
  std::int64_t result = 0;
  std::unique_ptr<EventBatch> events = {};  // take_due, order_keys
  // take_due: when the next retry of that target is due; never() when none waits. Those that were
  // taken do not count.
  WallTime next_due = {};
  static constexpr WallTime never() { return {Nanoseconds::max()}; }
};

class EventStore {
 public:
  virtual ~EventStore() = default;

  // False: too much is under way, nothing was done, `batch` is untouched; offer it again after a
  // completion. Else the batch is the store's.
  //
  // Adds entries, ids 0. A retry with an order key waits behind the earlier ones of its key, in the
  // order of the ids, whatever its due time.
  [[nodiscard]] virtual bool put(std::unique_ptr<EventBatch>& batch, Token token) = 0;
  // Overwrites what has changed about entries that were taken, found by their ids: kind, attempts,
  // error, exhausted, last_attempt, due. They count as not taken from then on. Only `id` and these
  // are read.
  [[nodiscard]] virtual bool change(std::unique_ptr<EventBatch>& batch, Token token) = 0;

  // Takes retries of a target that are due: at most `events_max` events and about `bytes_max`
  // bytes, in the order of their due times. What was taken is not given out again until change()
  // says what became of it, or the process ends. Of an order key either nothing comes, or its
  // entries from the first on in the order of their ids, and no more of the key until all those
  // were settled or changed.
  virtual void take_due(std::string_view target, WallTime now, std::size_t events_max,
                        std::size_t bytes_max, Token token) = 0;
  // These entries are done; they are removed.
  virtual void settle(std::span<const EntryId> ids, Token token) = 0;
  // The order keys that have retries, for a target that begins: at most `keys_max`, in byte order
  // after `after`. In the batch `order_key` is set and `attempts` says how many entries wait.
  virtual void order_keys(std::string_view target, std::string_view after, std::size_t keys_max,
                          Token token) = 0;

  // Grows whenever retries became due at once (a redrive, another target's dead letters):
  // take_due() anew then.
  virtual std::uint64_t redrives() const = 0;

  // Takes finished operations; returns how many were written to `out`.
  virtual std::size_t reap(std::span<StoreCompletion> out) = 0;
};

}  // namespace weir
