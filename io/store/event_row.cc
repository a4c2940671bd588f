#include "io/store/event_row.h"

#include <isa-l/crc64.h>

#include <array>
#include <cstring>

#include "io/store/event_schema.h"

namespace weir {
namespace {

std::int64_t nanoseconds(WallTime time) {
  return time.since_epoch.count();
}

WallTime wall_time(std::int64_t nanoseconds_since_epoch) {
  return {Nanoseconds(nanoseconds_since_epoch)};
}

// A number from the file that must fit the smaller type; damage to it does no harm beyond its
// value.
template <typename T>
T narrow(std::int64_t value) {
  return static_cast<T>(value);
}

std::uint64_t add(std::uint64_t crc, std::string_view bytes) {
  const std::uint64_t length = bytes.size();
  crc = crc64_ecma_refl(crc, reinterpret_cast<const unsigned char*>(&length), sizeof length);
  return crc64_ecma_refl(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace

RowNames read_names_of_row(const SqlStatement& row) {
  return {.target = row.number(2), .origin = row.number(3), .bus = row.number(4)};
}

bool read_row_into(const SqlStatement& row, std::string_view bus, StoredEvent& event) {
  event.id = static_cast<EntryId>(row.number(0));
  event.kind = row.number(1) == kRowRetry ? EntryKind::retry : EntryKind::dead_letter;
  event.bus = bus;
  event.due = wall_time(row.number(5));
  event.attempts = narrow<std::uint32_t>(row.number(6));
  event.exhausted = narrow<Exhausted>(row.number(7));
  event.hops = narrow<std::uint8_t>(row.number(8));
  event.accepted = wall_time(row.number(9));
  event.age_from = wall_time(row.number(10));
  event.first_attempt = wall_time(row.number(11));
  event.last_attempt = wall_time(row.number(12));
  event.event_id = row.text(14);
  event.rules = row.text(15);
  event.order_key = row.text(16);
  event.error_code = row.text(17);
  event.error_message = row.text(18);
  event.letter = row.text(19);
  event.event = row.text(20);
  return row.number(13) == checksum_of(event);
}

std::int64_t checksum_of(const StoredEvent& event) {
  std::uint64_t crc = 0;
  const std::array<std::uint64_t, 2> numbers = {
      event.id, static_cast<std::uint64_t>(event.accepted.since_epoch.count())};
  crc = add(crc, {reinterpret_cast<const char*>(numbers.data()), sizeof numbers});
  crc = add(crc, event.bus);
  crc = add(crc, event.event_id);
  crc = add(crc, event.rules);
  crc = add(crc, event.order_key);
  crc = add(crc, event.event);
  return static_cast<std::int64_t>(crc);
}

void bind_row(SqlStatement& insert, const StoredEvent& event, const RowNames& names,
              std::int64_t due) {
  insert.bind(1, static_cast<std::int64_t>(event.id))
      .bind(2, event.kind == EntryKind::retry ? kRowRetry : kRowDeadLetter)
      .bind(3, names.target)
      .bind(4, names.origin)
      .bind(5, names.bus)
      .bind(6, due)
      .bind(7, std::int64_t{event.attempts})
      .bind(8, static_cast<std::int64_t>(event.exhausted))
      .bind(9, std::int64_t{event.hops})
      .bind(10, nanoseconds(event.accepted))
      .bind(11, nanoseconds(event.age_from))
      .bind(12, nanoseconds(event.first_attempt))
      .bind(13, nanoseconds(event.last_attempt))
      .bind(14, checksum_of(event))
      .bind(15, event.event_id)
      .bind(16, event.rules)
      .bind(17, event.order_key)
      .bind(18, event.error_code)
      .bind(19, event.error_message)
      .bind(20, event.letter)
      .bind(21, event.event);
}

}  // namespace weir
