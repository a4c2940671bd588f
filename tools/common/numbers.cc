#include "tools/common/numbers.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <span>

namespace weir {
namespace {

struct Scale {
  const char* unit;
  double size;
};

std::string scaled(double amount, std::span<const Scale> scales) {
  std::size_t i = 0;
  while (i + 1 < scales.size() && amount >= scales[i + 1].size) ++i;
  if (i == 0) return fmt::format("{:.0f} {}", amount, scales[0].unit);
  return fmt::format("{:.1f} {}", amount / scales[i].size, scales[i].unit);
}

constexpr std::array kByteScales = {Scale{"B", 1.0}, Scale{"kB", 1e3}, Scale{"MB", 1e6},
                                    Scale{"GB", 1e9}, Scale{"TB", 1e12}};
constexpr std::array kTimeScales = {Scale{"ns", 1.0}, Scale{"us", 1e3}, Scale{"ms", 1e6},
                                    Scale{"s", 1e9}};

}  // namespace

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string human_bytes(double bytes) {
  return scaled(bytes, kByteScales);
}

std::string human_duration(std::uint64_t duration_ns) {
  return scaled(static_cast<double>(duration_ns), kTimeScales);
}

}  // namespace weir
