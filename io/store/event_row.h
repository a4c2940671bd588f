// One row of `entry`: its columns in the order every statement reads them, and its checksum
// (internal to io/store).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/port/event_batch.h"
#include "io/store/sql.h"

namespace weir {

inline constexpr std::string_view kRowColumns =
    "id, kind, target, origin, bus, due, attempts, exhausted, hops, accepted, age_from, "
    "first_attempt, last_attempt, checksum, event_id, rules, order_key, error_code, error_message, "
    "letter, event";

// All but target, origin and bus, which are ids of names. False: the checksum is another one.
struct RowNames {
  std::int64_t target = 0;
  std::int64_t origin = 0;
  std::int64_t bus = 0;
};
RowNames read_names_of_row(const SqlStatement& row);
bool read_row_into(const SqlStatement& row, std::string_view bus, StoredEvent& event);

// Over the event and what never changes about it: id, bus, event id, rules, order key, acceptance.
std::int64_t checksum_of(const StoredEvent& event);

// Binds a new row for the statement INSERT INTO entry VALUES(?1 .. ?21).
void bind_row(SqlStatement& insert, const StoredEvent& event, const RowNames& names,
              std::int64_t due);

}  // namespace weir
