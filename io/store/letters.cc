// What people do with dead letters: look, give back, drop. In steps, so that the store's own work
// goes on in between.
#include <fmt/format.h>

#include <algorithm>

#include "io/store/event_row.h"
#include "io/store/event_schema.h"
#include "io/store/event_table.h"

namespace weir {
namespace {

// The columns of a row with nothing in place of the event.
std::string columns(bool with_events) {
  if (with_events) return std::string(kRowColumns);
  std::string_view most = kRowColumns;
  most.remove_suffix(std::string_view("event").size());
  return std::string(most) + "x''";
}

}  // namespace

SqlResult<std::unique_ptr<EventBatch>> EventTable::letters(const LetterFilter& filter,
                                                           EntryId after, std::size_t letters_max,
                                                           bool with_events) {
  auto letters = std::make_unique<EventBatch>();
  const SqlResult<std::vector<EntryId>> ids = letter_ids(filter, after, letters_max);
  if (!ids) return ids.error();
  SqlResult<SqlStatement> row =
      connection_.prepare(fmt::format("SELECT {} FROM entry WHERE id=?1", columns(with_events)));
  if (!row) return row.error();
  for (const EntryId id : *ids) {
    const Result<bool, SqlError> found = row->bind(1, static_cast<std::int64_t>(id)).step();
    if (!found) return found.error();
    if (!*found) continue;
    if (with_events) {
      read_row(*row, *letters);
    } else {
      const RowNames names = read_names_of_row(*row);
      StoredEvent event;
      // Its checksum needs the event.
      static_cast<void>(read_row_into(*row, name(names.bus), event));
      event.target = name(names.target);
      event.from = name(names.origin);
      letters->add(event);
    }
    row->reset();
  }
  set_damaged_aside();
  return letters;
}

SqlResult<std::vector<EntryId>> EventTable::letter_ids(const LetterFilter& filter, EntryId after,
                                                       std::size_t letters_max) {
  std::vector<EntryId> ids;
  std::string where = "kind=1 AND id>?1";
  std::int64_t target = 0;
  if (!filter.ids.empty()) {
    where += " AND id IN (";
    for (const EntryId id : filter.ids) where += fmt::format("{},", id);
    where.back() = ')';
  } else if (!filter.target.empty()) {
    const auto known = names_.find(filter.target);
    if (known == names_.end()) return ids;
    target = known->second;
    where += " AND target=?2";
  }
  const bool by_time = filter.ids.empty() && filter.since.since_epoch.count() > 0;
  if (by_time) where += " AND max(last_attempt, accepted)>=?3";
  SqlResult<SqlStatement> all =
      connection_.prepare(fmt::format("SELECT id FROM entry WHERE {} ORDER BY id LIMIT ?4", where));
  if (!all) return all.error();
  all->bind(1, static_cast<std::int64_t>(after)).bind(4, static_cast<std::int64_t>(letters_max));
  if (target != 0) all->bind(2, target);
  if (by_time) all->bind(3, filter.since.since_epoch.count());
  for (;;) {
    const Result<bool, SqlError> row = all->step();
    if (!row) return row.error();
    if (!*row) return ids;
    ids.push_back(static_cast<EntryId>(all->number(0)));
  }
}

SqlResult<std::uint64_t> EventTable::drop(const LetterFilter& filter, EntryId& after,
                                          std::size_t letters_max) {
  const SqlResult<std::vector<EntryId>> ids = letter_ids(filter, after, letters_max);
  if (!ids) return ids.error();
  for (const EntryId id : *ids) {
    SqlStatus status = sql_.drop.bind(1, static_cast<std::int64_t>(id)).run();
    if (!status) return status.error();
    --counts_.dead_letters;
    after = id;
  }
  return ids->size();
}

SqlResult<std::uint64_t> EventTable::redrive(const LetterFilter& filter, EntryId& after,
                                             WallTime now, std::size_t letters_max) {
  const SqlResult<std::vector<EntryId>> ids = letter_ids(filter, after, letters_max);
  if (!ids) return ids.error();
  for (const EntryId id : *ids) {
    if (SqlStatus status = redrive_one(id, now); !status) return status.error();
    after = id;
  }
  if (SqlStatus status = settle_keys(); !status) return status.error();
  return ids->size();
}

// Back to the target it came from, which for a dead letter that another target could not take
// either is the one before. Its tries and its age begin anew. Of its order key it is the first now:
// the one that was waits behind it.
SqlStatus EventTable::redrive_one(EntryId id, WallTime now) {
  SqlStatement& row = sql_.row.bind(1, static_cast<std::int64_t>(id));
  const Result<bool, SqlError> found = row.step();
  if (!found) return found.error();
  if (!*found) return Done{};
  const RowNames names = read_names_of_row(row);
  const Key key{names.origin == 0 ? names.target : names.origin, std::string(row.text(16))};
  row.reset();
  if (!key.text.empty()) {
    const SqlResult<EntryId> first = first_of(key);
    if (!first) return first.error();
    auto& ids = touched_keys_[key];
    if (*first != 0) ids.push_back(*first);
    ids.push_back(id);
  }
  SqlStatus status =
      sql_.redrive.bind(1, static_cast<std::int64_t>(id)).bind(2, now.since_epoch.count()).run();
  if (!status) return status;
  ++counts_.retries;
  --counts_.dead_letters;
  return Done{};
}

}  // namespace weir
