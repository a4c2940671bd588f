#include "core/http/http_date.h"

#include <array>
#include <chrono>
#include <string_view>

namespace weir {
namespace {

void append_two(std::string& to, std::int64_t value) {
  to.push_back(static_cast<char>('0' + value / 10 % 10));
  to.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

std::string http_date(WallTime time) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.since_epoch);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::sys_days day(days);
  const std::chrono::year_month_day date(day);
  const std::int64_t second = (seconds - days).count();
  std::string text(kDays[std::chrono::weekday(day).c_encoding()]);
  text += ", ";
  append_two(text, static_cast<unsigned>(date.day()));
  text.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_two(text, static_cast<int>(date.year()) / 100);
  append_two(text, static_cast<int>(date.year()));
  text += ' ';
  append_two(text, second / 3600);
  text += ':';
  append_two(text, second / 60 % 60);
  text += ':';
  append_two(text, second % 60);
  return text + " GMT";
}

}  // namespace weir
