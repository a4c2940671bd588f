// Units of time and size, and their text forms in configuration and messages ("100ms", "4MiB").
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

using Nanoseconds = std::chrono::nanoseconds;
using namespace std::chrono_literals;  // NOLINT: units are read everywhere

// A reading of the monotonic clock. All waits and deadlines use it (a jump of the wall clock must
// neither expire nor stall anything).
struct MonotonicTime {
  Nanoseconds since_start{0};
  auto operator<=>(const MonotonicTime&) const = default;
  friend MonotonicTime operator+(MonotonicTime t, Nanoseconds d) { return {t.since_start + d}; }
  friend Nanoseconds operator-(MonotonicTime a, MonotonicTime b) {
    return a.since_start - b.since_start;
  }
  static constexpr MonotonicTime never() { return {Nanoseconds::max()}; }
};

// Nanoseconds since 1970-01-01 UTC, for what people and events see.
struct WallTime {
  Nanoseconds since_epoch{0};
  auto operator<=>(const WallTime&) const = default;
};

struct Now {
  MonotonicTime monotonic;
  WallTime wall;
};

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// "512", "64KiB", "4MiB", "2GiB", "5MB", "100kB", "1B": a whole number and an optional unit.
Result<std::uint64_t> parse_size(std::string_view text);
// "10us", "100ms", "5s", "1m", "1h", "7d": a whole number and a unit.
Result<Nanoseconds> parse_duration(std::string_view text);
// The largest unit that divides it exactly, as parse_size reads it back.
std::string format_size(std::uint64_t bytes);
std::string format_duration(Nanoseconds duration);

}  // namespace weir
