#include "io/store/event_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/store/event_row.h"
#include "io/store/event_schema.h"

namespace weir {

SqlResult<std::unique_ptr<EventTable>> EventTable::open(SqlConnection connection, bool is_empty) {
  if (SqlStatus status = prepare_schema(connection, is_empty); !status) return status.error();
  std::unique_ptr<EventTable> table(new EventTable(std::move(connection)));
  if (SqlStatus status = table->prepare(); !status) return status.error();
  if (SqlStatus status = table->load_names(); !status) return status.error();
  const auto next = table->connection_.number(
      "SELECT max((SELECT next_id FROM meta), (SELECT coalesce(max(id), 0) + 1 FROM entry))");
  if (!next) return next.error();
  table->next_id_ = table->committed_next_id_ = static_cast<EntryId>(*next);
  const auto damaged = table->connection_.number("SELECT count(*) FROM entry WHERE kind=2");
  if (!damaged) return damaged.error();
  table->damaged_rows_ = static_cast<std::uint64_t>(*damaged);
  if (SqlStatus status = table->load_counts(); !status) return status.error();
  return table;
}

SqlStatus EventTable::load_counts() {
  const auto retries = connection_.number("SELECT count(*) FROM entry WHERE kind=0");
  if (!retries) return retries.error();
  const auto letters = connection_.number("SELECT count(*) FROM entry WHERE kind=1");
  if (!letters) return letters.error();
  counts_ = {.retries = static_cast<std::uint64_t>(*retries),
             .dead_letters = static_cast<std::uint64_t>(*letters)};
  committed_counts_ = counts_;
  return Done{};
}

SqlStatus EventTable::bound_due_times(WallTime latest) {
  SqlResult<SqlStatement> bound =
      connection_.prepare("UPDATE entry SET due=0 WHERE kind=0 AND due>?1 AND due<?2");
  if (!bound) return bound.error();
  return bound->bind(1, latest.since_epoch.count()).bind(2, kParked).run();
}

SqlStatus EventTable::prepare() {
  const std::string row = fmt::format("SELECT {} FROM entry ", kRowColumns);
  const std::string of_key = "kind=0 AND target=?1 AND order_key=?2 AND order_key<>x''";
  const std::pair<SqlStatement*, std::string> statements[] = {
      {&sql_.insert,
       "INSERT INTO entry "
       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
       "?20,?21)"},
      {&sql_.change,
       "UPDATE entry SET kind=?2, due=?3, attempts=?4, exhausted=?5, first_attempt=CASE "
       "first_attempt WHEN 0 THEN ?6 ELSE first_attempt END, last_attempt=?6, error_code=?7, "
       "error_message=?8 WHERE id=?1 AND kind=0"},
      {&sql_.remove, "DELETE FROM entry WHERE id=?1 AND kind=0"},
      {&sql_.row, row + "WHERE id=?1"},
      {&sql_.first_of_key, "SELECT min(id) FROM entry WHERE " + of_key},
      {&sql_.park, "UPDATE entry SET due=?2 WHERE id=?1 AND kind=0"},
      {&sql_.unpark, "UPDATE entry SET due=0 WHERE id=?1 AND due=?2"},
      {&sql_.due, row + "WHERE kind=0 AND target=?1 AND due<=?2 ORDER BY due, id"},
      {&sql_.key_run, row + "WHERE " + of_key + " ORDER BY id LIMIT ?3"},
      {&sql_.next_due,
       "SELECT min(due) FROM entry WHERE kind=0 AND target=?1 AND due>?2 AND due<?3"},
      {&sql_.keys,
       "SELECT order_key, count(*) FROM entry WHERE kind=0 AND target=?1 AND order_key<>x'' AND "
       "order_key>?2 GROUP BY order_key ORDER BY order_key LIMIT ?3"},
      {&sql_.name_add, "INSERT INTO name VALUES(?1, ?2)"},
      {&sql_.damage, "UPDATE entry SET kind=2 WHERE id=?1"},
      {&sql_.next_id, "UPDATE meta SET next_id=?1"},
      {&sql_.redrive,
       "UPDATE entry SET kind=0, due=0, attempts=0, exhausted=0, first_attempt=0, age_from=?2, "
       "target=CASE origin WHEN 0 THEN target ELSE origin END, origin=0, "
       "letter=x'' WHERE id=?1 AND kind=1"},
      {&sql_.drop, "DELETE FROM entry WHERE id=?1 AND kind=1"}};
  for (const auto& [statement, text] : statements) {
    SqlResult<SqlStatement> prepared = connection_.prepare(text);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return Done{};
}

SqlStatus EventTable::load_names() {
  SqlResult<SqlStatement> all = connection_.prepare("SELECT id, text FROM name");
  if (!all) return all.error();
  names_.clear();
  texts_.clear();
  for (;;) {
    const Result<bool, SqlError> row = all->step();
    if (!row) return row.error();
    if (!*row) return Done{};
    names_.emplace(all->text(1), all->number(0));
    texts_.emplace(all->number(0), all->text(1));
  }
}

SqlStatus EventTable::begin() {
  return connection_.run("BEGIN IMMEDIATE");
}

SqlStatus EventTable::commit() {
  if (next_id_ != committed_next_id_) {
    SqlStatus status = sql_.next_id.bind(1, static_cast<std::int64_t>(next_id_)).run();
    if (!status) return status;
  }
  if (SqlStatus status = connection_.run("COMMIT"); !status) return status;
  committed_next_id_ = next_id_;
  committed_counts_ = counts_;
  for (const EntryId id : released_) release(id);
  released_.clear();
  return Done{};
}

void EventTable::rollback() {
  if (connection_.in_transaction()) {
    // Fails only where SQLite has rolled back by itself.
    static_cast<void>(connection_.run("ROLLBACK"));
  }
  next_id_ = committed_next_id_;
  counts_ = committed_counts_;
  released_.clear();
  touched_keys_.clear();
  // The names that the transaction added are gone with it.
  static_cast<void>(load_names());
}

SqlResult<std::int64_t> EventTable::name_id(std::string_view text) {
  if (text.empty()) return 0;
  const auto known = names_.find(text);
  if (known != names_.end()) return known->second;
  const auto id = static_cast<std::int64_t>(names_.size()) + 1;
  if (SqlStatus status = sql_.name_add.bind(1, id).bind(2, text).run(); !status) {
    return status.error();
  }
  names_.emplace(text, id);
  texts_.emplace(id, text);
  return id;
}

std::string_view EventTable::name(std::int64_t id) const {
  const auto known = texts_.find(id);
  return known == texts_.end() ? std::string_view() : std::string_view(known->second);
}

SqlResult<EntryId> EventTable::put(const EventBatch& batch) {
  const EntryId first = next_id_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    StoredEvent event = batch.at(i);
    event.id = next_id_;
    if (SqlStatus status = insert(event); !status) return status.error();
    ++next_id_;
  }
  return first;
}

SqlStatus EventTable::take_over(const StoredEvent& event) {
  next_id_ = std::max(next_id_, event.id + 1);
  return insert(event);
}

SqlStatus EventTable::insert(const StoredEvent& event) {
  RowNames names;
  for (const auto& [text, id] :
       {std::pair{event.target, &names.target}, std::pair{event.from, &names.origin},
        std::pair{event.bus, &names.bus}}) {
    const SqlResult<std::int64_t> found = name_id(text);
    if (!found) return found.error();
    *id = *found;
  }
  const SqlResult<std::int64_t> due = due_of_new(event, names.target);
  if (!due) return due.error();
  bind_row(sql_.insert, event, names, *due);
  if (SqlStatus status = sql_.insert.run(); !status) return status;
  ++(event.kind == EntryKind::retry ? counts_.retries : counts_.dead_letters);
  return Done{};
}

SqlResult<std::int64_t> EventTable::due_of_new(const StoredEvent& event, std::int64_t target) {
  const std::int64_t due = event.due.since_epoch.count();
  if (event.kind != EntryKind::retry || event.order_key.empty()) return due;
  const SqlResult<EntryId> first = first_of({target, std::string(event.order_key)});
  if (!first) return first.error();
  return *first != 0 ? kParked : due;
}

SqlResult<std::uint64_t> EventTable::change(const EventBatch& batch) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const StoredEvent event = batch.at(i);
    if (SqlStatus status = note_key_of(event.id); !status) return status.error();
    if (SqlStatus status = update(event); !status) return status.error();
    const auto changed = static_cast<std::uint64_t>(connection_.changes());
    if (event.kind == EntryKind::dead_letter) {
      counts_.retries -= changed;
      counts_.dead_letters += changed;
    }
    count += changed;
    released_.push_back(event.id);
  }
  if (SqlStatus status = settle_keys(); !status) return status.error();
  return count;
}

SqlStatus EventTable::update(const StoredEvent& event) {
  sql_.change.bind(1, static_cast<std::int64_t>(event.id))
      .bind(2, event.kind == EntryKind::retry ? kRowRetry : kRowDeadLetter)
      .bind(3, event.due.since_epoch.count())
      .bind(4, std::int64_t{event.attempts})
      .bind(5, static_cast<std::int64_t>(event.exhausted))
      .bind(6, event.last_attempt.since_epoch.count())
      .bind(7, event.error_code)
      .bind(8, event.error_message);
  return sql_.change.run();
}

SqlResult<std::uint64_t> EventTable::settle(std::span<const EntryId> ids) {
  std::uint64_t count = 0;
  for (const EntryId id : ids) {
    if (SqlStatus status = note_key_of(id); !status) return status.error();
    SqlStatus status = sql_.remove.bind(1, static_cast<std::int64_t>(id)).run();
    if (!status) return status.error();
    const auto removed = static_cast<std::uint64_t>(connection_.changes());
    counts_.retries -= removed;
    count += removed;
    released_.push_back(id);
  }
  if (SqlStatus status = settle_keys(); !status) return status.error();
  return count;
}

SqlStatus EventTable::note_key_of(EntryId id) {
  const auto known = taken_.find(id);
  if (known != taken_.end()) {
    if (known->second) touched_keys_[*known->second].push_back(id);
    return Done{};
  }
  SqlStatement& row = sql_.row.bind(1, static_cast<std::int64_t>(id));
  const Result<bool, SqlError> found = row.step();
  if (!found) return found.error();
  if (!*found) return Done{};
  const std::string_view key = row.text(16);
  if (!key.empty()) touched_keys_[{row.number(2), std::string(key)}].push_back(id);
  row.reset();
  return Done{};
}

SqlStatus EventTable::settle_keys() {
  for (const auto& [key, ids] : touched_keys_) {
    if (SqlStatus status = settle_key(key, ids); !status) return status;
  }
  touched_keys_.clear();
  return Done{};
}

SqlStatus EventTable::settle_key(const Key& key, std::span<const EntryId> ids) {
  const SqlResult<EntryId> first = first_of(key);
  if (!first) return first.error();
  if (*first == 0) return Done{};
  for (const EntryId id : ids) {
    if (id == *first) continue;
    SqlStatus status = sql_.park.bind(1, static_cast<std::int64_t>(id)).bind(2, kParked).run();
    if (!status) return status;
  }
  return sql_.unpark.bind(1, static_cast<std::int64_t>(*first)).bind(2, kParked).run();
}

SqlResult<EntryId> EventTable::first_of(const Key& key) {
  SqlStatement& first = sql_.first_of_key.bind(1, key.target).bind(2, std::string_view(key.text));
  const Result<bool, SqlError> row = first.step();
  if (!row) return row.error();
  const EntryId id = *row ? static_cast<EntryId>(first.number(0)) : 0;
  first.reset();
  return id;
}

void EventTable::mark_taken(EntryId id, const Key* key) {
  taken_.emplace(id, key == nullptr ? std::nullopt : std::optional<Key>(*key));
  if (key != nullptr) ++taken_keys_[*key];
}

void EventTable::release(EntryId id) {
  const auto known = taken_.find(id);
  if (known == taken_.end()) return;
  if (known->second) {
    const auto key = taken_keys_.find(*known->second);
    if (--key->second == 0) taken_keys_.erase(key);
  }
  taken_.erase(known);
}

bool EventTable::shrink() {
  constexpr std::int64_t kFreePagesKept = 1024;
  const auto free_pages = connection_.number("PRAGMA freelist_count");
  if (!free_pages || *free_pages <= kFreePagesKept) return false;
  return connection_.run("PRAGMA incremental_vacuum(1024)").ok();
}

}  // namespace weir
