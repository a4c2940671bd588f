#include "core/http/retry_after.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr std::string_view kDateShape = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// Saturates: what is beyond a day is all the same.
std::int64_t number(std::string_view digits) {
  constexpr std::int64_t kEnough = 86'400;
  std::int64_t value = 0;
  for (const char c : digits) value = std::min(value * 10 + (c - '0'), kEnough);
  return value;
}

// Seconds since 1970 of an IMF-fixdate; -1 if it is none.
std::int64_t parse_date(std::string_view text) {
  if (text.size() != kDateShape.size() || !text.ends_with(" GMT")) return -1;
  if (text[4] != ' ' || text[19] != ':' || text[22] != ':') return -1;
  const std::string_view day = text.substr(5, 2);
  const std::string_view year = text.substr(12, 4);
  const std::string_view hour = text.substr(17, 2);
  const std::string_view minute = text.substr(20, 2);
  const std::string_view second = text.substr(23, 2);
  for (const std::string_view part : {day, year, hour, minute, second}) {
    if (!all_digits(part)) return -1;
  }
  const auto* const month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return -1;
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(number(year))),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(number(day))));
  if (!date.ok() || number(hour) > 23 || number(minute) > 59 || number(second) > 60) return -1;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + number(hour) * 3600 + number(minute) * 60 + number(second);
}

}  // namespace

RetryAfter parse_retry_after(std::string_view value, WallTime now) {
  if (value.starts_with('-') && all_digits(value.substr(1))) return {.given = true, .never = true};
  if (all_digits(value)) {
    const Nanoseconds wait = std::chrono::seconds(number(value));
    return {.given = true, .wait = std::min(wait, kRetryAfterMost)};
  }
  const std::int64_t date = parse_date(value);
  if (date < 0) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.since_epoch).count();
  // Compared in seconds first: a date far ahead does not fit into nanoseconds.
  const std::int64_t ahead = std::clamp<std::int64_t>(date - seconds, 0, 86'400);
  const Nanoseconds wait = std::chrono::seconds(ahead);
  return {.given = true, .wait = std::min(wait, kRetryAfterMost)};
}

}  // namespace weir
