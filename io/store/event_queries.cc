// What an EventTable gives out: retries that are due, the keys that wait, and how much of what.
#include <algorithm>

#include "core/port/event_store.h"
#include "io/store/event_row.h"
#include "io/store/event_schema.h"
#include "io/store/event_table.h"

namespace weir {

bool EventTable::read_row(const SqlStatement& row, EventBatch& out) {
  const RowNames names = read_names_of_row(row);
  StoredEvent event;
  const bool sound = read_row_into(row, name(names.bus), event);
  event.target = name(names.target);
  event.from = name(names.origin);
  if (!sound || event.target.empty()) {
    StoredEvent& damaged = damaged_.emplace_back();
    damaged.id = event.id;
    damaged.kind = event.kind;
    return false;
  }
  out.add(event);
  return true;
}

// Where that fails it is done the next time: until then they are read again and passed over.
void EventTable::set_damaged_aside() {
  while (!damaged_.empty()) {
    const StoredEvent& row = damaged_.back();
    if (!sql_.damage.bind(1, static_cast<std::int64_t>(row.id)).run()) break;
    --(row.kind == EntryKind::retry ? counts_.retries : counts_.dead_letters);
    committed_counts_ = counts_;
    ++damaged_rows_;
    damaged_.pop_back();
  }
  damaged_.clear();
}

// The first entries of one key.
SqlStatus EventTable::take_run(const Key& key, std::size_t events_max, std::size_t bytes_max,
                               EventBatch& out) {
  const std::size_t room = events_max - out.size();
  SqlStatement& run = sql_.key_run.bind(1, key.target)
                          .bind(2, std::string_view(key.text))
                          .bind(3, static_cast<std::int64_t>(room));
  bool more = true;
  while (more) {
    const Result<bool, SqlError> row = run.step();
    if (!row) return row.error();
    if (!*row) return Done{};
    const auto id = static_cast<EntryId>(run.number(0));
    // Behind a damaged one the others go on in their order.
    if (read_row(run, out)) mark_taken(id, &key);
    more = out.bytes() < bytes_max;
  }
  run.reset();
  return Done{};
}

SqlResult<EventTable::Taken> EventTable::take_due(std::string_view target, WallTime now,
                                                  std::size_t events_max, std::size_t bytes_max) {
  Taken taken{std::make_unique<EventBatch>(), StoreCompletion::never()};
  if (SqlStatus status = take_due_into(taken, target, now, events_max, bytes_max); !status) {
    for (std::size_t i = 0; i < taken.events->size(); ++i) release(taken.events->at(i).id);
    sql_.due.reset();
    sql_.key_run.reset();
    return status.error();
  }
  return taken;
}

SqlStatus EventTable::take_due_into(Taken& taken, std::string_view target, WallTime now,
                                    std::size_t events_max, std::size_t bytes_max) {
  const auto known = names_.find(target);
  if (known == names_.end()) return Done{};
  SqlStatement& due = sql_.due.bind(1, known->second).bind(2, now.since_epoch.count());
  bool more = false;
  for (;;) {
    const Result<bool, SqlError> row = due.step();
    if (!row) return row.error();
    if (!*row) break;
    const auto id = static_cast<EntryId>(due.number(0));
    const Key key{known->second, std::string(due.text(16))};
    if (taken_.contains(id) || taken_keys_.contains(key)) continue;
    if (taken.events->size() >= events_max || taken.events->bytes() >= bytes_max) {
      more = true;
      due.reset();
      break;
    }
    if (key.text.empty()) {
      if (read_row(due, *taken.events)) mark_taken(id, nullptr);
    } else if (SqlStatus run = take_run(key, events_max, bytes_max, *taken.events); !run) {
      return run;
    }
  }
  set_damaged_aside();
  if (more) {
    taken.next_due = {};
    return Done{};
  }
  SqlStatement& next =
      sql_.next_due.bind(1, known->second).bind(2, now.since_epoch.count()).bind(3, kParked);
  const Result<bool, SqlError> row = next.step();
  if (!row) return row.error();
  if (*row && next.number(0) != 0) taken.next_due = {Nanoseconds(next.number(0))};
  next.reset();
  return Done{};
}

SqlResult<std::unique_ptr<EventBatch>> EventTable::order_keys(std::string_view target,
                                                              std::string_view after,
                                                              std::size_t keys_max) {
  auto keys = std::make_unique<EventBatch>();
  const auto known = names_.find(target);
  if (known == names_.end()) return keys;
  SqlStatement& all =
      sql_.keys.bind(1, known->second).bind(2, after).bind(3, static_cast<std::int64_t>(keys_max));
  for (;;) {
    const Result<bool, SqlError> row = all.step();
    if (!row) return row.error();
    if (!*row) return keys;
    StoredEvent key;
    key.kind = EntryKind::retry;
    key.target = target;
    key.order_key = all.text(0);
    key.attempts = static_cast<std::uint32_t>(std::min<std::int64_t>(all.number(1), UINT32_MAX));
    keys->add(key);
  }
}

SqlResult<std::vector<TargetTotals>> EventTable::totals() {
  SqlResult<SqlStatement> all = connection_.prepare(
      "SELECT target, 0, count(*), min(accepted) FROM entry WHERE kind=0 GROUP BY target UNION ALL "
      "SELECT target, 1, count(*), 0 FROM entry WHERE kind=1 GROUP BY target");
  if (!all) return all.error();
  std::map<std::string, TargetTotals, std::less<>> by_name;
  for (;;) {
    const Result<bool, SqlError> row = all->step();
    if (!row) return row.error();
    if (!*row) break;
    const std::string target(name(all->number(0)));
    TargetTotals& totals = by_name[target];
    totals.target = target;
    const auto count = static_cast<std::uint64_t>(all->number(2));
    if (all->number(1) == 0) {
      totals.retries += count;
      totals.oldest_retry = {Nanoseconds(all->number(3))};
    } else {
      totals.dead_letters += count;
    }
  }
  std::vector<TargetTotals> result;
  for (auto& [target, totals] : by_name) result.push_back(std::move(totals));
  return result;
}

}  // namespace weir
