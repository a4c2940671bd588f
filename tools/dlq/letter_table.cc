#include "tools/dlq/letter_table.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/base/units.h"

namespace weir {
namespace {

constexpr std::string_view kFormat = "{:>10}  {:<24}  {:<20}  {:>8}  {:<16}  {}\n";

// Control characters and escapes of terminals must not get out of a message of a peer.
std::string printable(std::string text, std::size_t most) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text.size() <= most) return text;
  std::size_t length = most - 3;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return text.substr(0, length) + "...";
}

}  // namespace

std::string letter_heading() {
  return fmt::format(kFormat, "ID", "LAST ATTEMPT", "TARGET", "ATTEMPTS", "ERROR", "MESSAGE");
}

std::string letter_row(std::string_view json) {
  const auto letter = nlohmann::json::parse(json, nullptr, false);
  if (!letter.is_object()) return "";
  const auto text = [&](const char* key, std::size_t most) {
    return printable(letter.value(key, ""), most);
  };
  const std::string time = letter.contains("last_attempt") ? "last_attempt" : "accepted";
  return fmt::format(kFormat, letter.value("id", std::uint64_t{0}), text(time.c_str(), 24),
                     text("target", 20), letter.value("attempts", 0U), text("error_code", 16),
                     text("error_message", 60));
}

Result<std::int64_t> parse_since(std::string_view text, std::int64_t now) {
  if (const auto ago = parse_duration(text)) return std::max<std::int64_t>(0, now - ago->count());
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  int end = 0;
  const std::string whole(text);
  const int read = std::sscanf(whole.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day,
                               &hour, &minute, &second, &end);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  const bool sound = read == 6 && static_cast<std::size_t>(end) == whole.size() && date.ok() &&
                     year >= 1970 && year < 2262 && hour < 24 && minute < 60 && second < 60;
  if (!sound) {
    return Error{
        fmt::format("'{}' is no time, write 90s, 24h or 7d for that long ago, or "
                    "2026-11-26T08:00:00Z",
                    text)};
  }
  const auto time = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second);
  return Nanoseconds(time).count();
}

}  // namespace weir
