#include "core/wire/dead_letter.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "core/wire/json_text.h"
#include "core/wire/utf8.h"

namespace weir {
namespace {

// Messages of peers may be any bytes; JSON has text only.
std::string text_of(std::string_view bytes) {
  if (is_utf8(bytes)) return json_escaped(bytes);
  std::string text(bytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return json_escaped(text);
}

void append_text(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(",\"").append(name).append("\":\"").append(text_of(value)).append("\"");
}

void append_time(std::string& out, std::string_view name, WallTime time) {
  if (time != WallTime{}) append_text(out, name, format_time(time));
}

void append_rules(std::string& out, std::string_view rules) {
  if (rules.empty()) return;
  out += ",\"rules\":[";
  for (std::size_t begin = 0; begin <= rules.size();) {
    const std::size_t end = std::min(rules.find('\n', begin), rules.size());
    if (begin > 0) out += ',';
    out.append("\"").append(text_of(rules.substr(begin, end - begin))).append("\"");
    begin = end + 1;
  }
  out += ']';
}

}  // namespace

std::string format_time(WallTime time) {
  using std::chrono::floor;
  const std::chrono::sys_time<Nanoseconds> point(time.since_epoch);
  const auto day = floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<std::chrono::milliseconds>(point - day));
  std::array<char, 48> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

void append_dead_letter(std::string& out, const StoredEvent& letter, bool with_event) {
  const std::size_t begin = out.size();
  out += '{';
  if (letter.id != 0) out.append(",\"id\":").append(std::to_string(letter.id));
  append_text(out, "target", letter.target);
  append_text(out, "from", letter.from);
  append_text(out, "bus", letter.bus);
  append_text(out, "event_id", letter.event_id);
  append_rules(out, letter.rules);
  append_text(out, "order_key", letter.order_key);
  append_text(out, "error_code", letter.error_code);
  append_text(out, "error_message", letter.error_message);
  out.append(",\"attempts\":").append(std::to_string(letter.attempts));
  append_text(out, "exhausted_condition", to_string(letter.exhausted));
  append_time(out, "accepted", letter.accepted);
  append_time(out, "first_attempt", letter.first_attempt);
  append_time(out, "last_attempt", letter.last_attempt);
  if (!letter.letter.empty()) out.append(",\"letter\":").append(letter.letter);
  if (with_event) out.append(",\"event\":").append(letter.event);
  out += '}';
  out.erase(begin + 1, 1);  // the first comma
}

StoredEvent forwarded_letter(const StoredEvent& letter, std::string_view to, WallTime now,
                             std::string& scratch) {
  scratch.clear();
  StoredEvent first = letter;
  first.id = 0;
  append_dead_letter(scratch, first, false);
  StoredEvent entry = letter;
  entry.id = 0;
  entry.kind = EntryKind::retry;
  entry.from = letter.target;
  entry.target = to;
  entry.letter = scratch;
  entry.order_key = {};
  entry.attempts = 0;
  entry.exhausted = Exhausted::none;
  entry.age_from = now;
  entry.first_attempt = {};
  entry.last_attempt = {};
  entry.due = {};
  return entry;
}

std::string_view text_of_entry(const StoredEvent& entry, std::string& scratch) {
  if (entry.letter.empty()) return entry.event;
  scratch.assign(entry.letter.substr(0, entry.letter.size() - 1));
  scratch.append(",\"event\":").append(entry.event).append("}");
  return scratch;
}

}  // namespace weir
