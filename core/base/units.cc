#include "core/base/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first within each family, so that formatting finds the largest divisor.
constexpr std::array kSizeUnits = {Unit{"TiB", 1024 * kGiB},   Unit{"GiB", kGiB},
                                   Unit{"MiB", kMiB},          Unit{"KiB", kKiB},
                                   Unit{"TB", 1000000000000U}, Unit{"GB", 1000000000U},
                                   Unit{"MB", 1000000U},       Unit{"kB", 1000U},
                                   Unit{"KB", 1000U},          Unit{"B", 1U}};
constexpr std::array kDurationUnits = {Unit{"d", 86400000000000U},
                                       Unit{"h", 3600000000000U},
                                       Unit{"m", 60000000000U},
                                       Unit{"s", 1000000000U},
                                       Unit{"ms", 1000000U},
                                       Unit{"us", 1000U},
                                       Unit{"ns", 1U}};

Result<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                     bool unit_needed, std::string_view example) {
  const auto bad = [&] {
    return Error{"'" + std::string(text) + "' is not " + std::string(example)};
  };
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{}) return bad();
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (unit.empty() && !unit_needed) return number;
  for (const Unit& candidate : units) {
    if (candidate.name != unit) continue;
    const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (number > most / candidate.factor) return bad();
    return number * candidate.factor;
  }
  return bad();
}

std::string format_quantity(std::uint64_t amount, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (amount != 0 && amount % unit.factor == 0) {
      return std::to_string(amount / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(amount) + std::string(units.back().name);
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits, false, "a size such as 64KiB, 4MiB or 1GiB");
}

Result<Nanoseconds> parse_duration(std::string_view text) {
  const auto amount =
      parse_quantity(text, kDurationUnits, true, "a time such as 10us, 100ms, 5s, 1m, 1h or 7d");
  if (!amount) return amount.error();
  return Nanoseconds(static_cast<std::int64_t>(*amount));
}

std::string format_size(std::uint64_t bytes) {
  return format_quantity(bytes, kSizeUnits);
}

std::string format_duration(Nanoseconds duration) {
  return format_quantity(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

}  // namespace weir
