// EventTable: retries and dead letters in one SQLite file, with the operations of an EventStore as
// synchronous calls, and those that people need.
//
// Changes happen between begin() and commit(); rollback() also takes back what is remembered in
// memory: what was taken, the names, the next id. Each row carries a checksum over the event and
// what does not change about it; a row that fails it is marked as damaged and never given out.
//
// Threads: one at a time. Memory: SQLite's page cache (16 MiB), and 100 bytes for each retry that
// is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/port/event_batch.h"
#include "io/store/sql.h"

namespace weir {

template <typename T>
using SqlResult = Result<T, SqlError>;

// Which dead letters a command is about. Ids, when there are any, decide alone.
struct LetterFilter {
  std::vector<EntryId> ids;
  std::string target;  // empty: any
  WallTime since;      // of the last attempt, or of the acceptance where there was none
};

struct TargetTotals {
  std::string target;
  std::uint64_t retries = 0;
  std::uint64_t dead_letters = 0;
  WallTime oldest_retry;  // accepted
};

class EventTable {
 public:
  static SqlResult<std::unique_ptr<EventTable>> open(SqlConnection connection, bool is_empty);

  SqlStatus begin();
  SqlStatus commit();
  void rollback();

  // The id of the first; of a batch, all entries or none (then roll back).
  SqlResult<EntryId> put(const EventBatch& batch);
  // As put(), ids and due times as they are: for taking over from another file.
  SqlStatus take_over(const StoredEvent& event);
  SqlResult<std::uint64_t> change(const EventBatch& batch);
  SqlResult<std::uint64_t> settle(std::span<const EntryId> ids);

  struct Taken {
    std::unique_ptr<EventBatch> events;
    WallTime next_due;
  };
  SqlResult<Taken> take_due(std::string_view target, WallTime now, std::size_t events_max,
                            std::size_t bytes_max);
  SqlResult<std::unique_ptr<EventBatch>> order_keys(std::string_view target, std::string_view after,
                                                    std::size_t keys_max);

  // Dead letters after the id `after`, ascending; without events they are cheap.
  SqlResult<std::unique_ptr<EventBatch>> letters(const LetterFilter& filter, EntryId after,
                                                 std::size_t letters_max, bool with_events);
  // A step of removing them or giving them back to their targets: at most `letters_max` after the
  // id `after`, which moves on. How many.
  SqlResult<std::uint64_t> drop(const LetterFilter& filter, EntryId& after,
                                std::size_t letters_max);
  SqlResult<std::uint64_t> redrive(const LetterFilter& filter, EntryId& after, WallTime now,
                                   std::size_t letters_max);

  SqlResult<std::vector<TargetTotals>> totals();
  std::uint64_t damaged_rows() const { return damaged_rows_; }
  // What waits, kept as it changes.
  struct Counts {
    std::uint64_t retries = 0;
    std::uint64_t dead_letters = 0;
  };
  Counts counts() const { return committed_counts_; }
  // Due times that lie beyond `latest` come from a wall clock that was wrong: they become due.
  SqlStatus bound_due_times(WallTime latest);
  // Gives pages nobody uses back to the file system, a few at a time; false when there are none.
  bool shrink();
  SqlConnection& connection() { return connection_; }

 private:
  explicit EventTable(SqlConnection connection) : connection_(std::move(connection)) {}
  struct Statements {
    SqlStatement insert, change, remove, row, first_of_key, park, unpark, due, key_run, next_due,
        keys, name_add, damage, next_id, redrive, drop;
  };
  struct Key {
    std::int64_t target = 0;
    std::string text;
    auto operator<=>(const Key&) const = default;
  };

  SqlStatus prepare();
  SqlStatus load_names();
  SqlStatus load_counts();
  SqlResult<std::int64_t> name_id(std::string_view text);
  std::string_view name(std::int64_t id) const;
  SqlStatus insert(const StoredEvent& event);
  SqlResult<std::int64_t> due_of_new(const StoredEvent& event, std::int64_t target);
  SqlStatus update(const StoredEvent& event);
  // Of each key only the first entry has a due time, the others are parked. These note whose first
  // may have changed, and which entries may have a due time now, and set that right.
  SqlStatus note_key_of(EntryId id);
  SqlStatus settle_key(const Key& key, std::span<const EntryId> ids);
  SqlStatus settle_keys();
  SqlResult<EntryId> first_of(const Key& key);  // 0: none
  // Adds the row to `out` unless it is damaged; what it is damaged by is noted.
  bool read_row(const SqlStatement& row, EventBatch& out);
  void set_damaged_aside();
  SqlStatus take_due_into(Taken& taken, std::string_view target, WallTime now,
                          std::size_t events_max, std::size_t bytes_max);
  SqlStatus take_run(const Key& key, std::size_t events_max, std::size_t bytes_max,
                     EventBatch& out);
  void mark_taken(EntryId id, const Key* key);
  void release(EntryId id);
  SqlResult<std::vector<EntryId>> letter_ids(const LetterFilter& filter, EntryId after,
                                             std::size_t letters_max);
  SqlStatus redrive_one(EntryId id, WallTime now);

  SqlConnection connection_;
  Statements sql_;
  std::map<std::string, std::int64_t, std::less<>> names_;
  std::unordered_map<std::int64_t, std::string> texts_;
  EntryId next_id_ = 1;
  EntryId committed_next_id_ = 1;

  std::unordered_map<EntryId, std::optional<Key>> taken_;
  std::map<Key, std::size_t> taken_keys_;  // how many of each
  std::vector<EntryId> released_;          // by the transaction under way
  std::map<Key, std::vector<EntryId>> touched_keys_;
  Counts counts_;
  Counts committed_counts_;
  std::vector<StoredEvent> damaged_;  // found, not marked yet: ids and kinds
  std::uint64_t damaged_rows_ = 0;
};

}  // namespace weir
