#include "core/rule/number.h"

#include <array>
#include <bit>
#include <charconv>
#include <limits>

#include "core/rule/json_text.h"

namespace weir {
namespace {

NumberKey key_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

constexpr std::array kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// A decimal as its significant digits (no zero at either end) and the power of ten of the first.
struct Decimal {
  std::array<char, 20> digits{};
  std::size_t count = 0;
  bool too_long = false;  // more digits than any double's shortest form has
  std::int64_t first_exponent = 0;
};

std::int64_t read_exponent(const char* p, const char* end) {
  const bool negative = *p == '-';
  if (*p == '-' || *p == '+') ++p;
  std::int64_t exponent = 0;
  for (; p < end; ++p) {
    if (exponent < 1'000'000'000) exponent = exponent * 10 + (*p - '0');
  }
  return negative ? -exponent : exponent;
}

Decimal decimal_of(std::string_view text) {
  Decimal out;
  const char* p = text.data();
  const char* end = p + text.size();
  if (*p == '-') ++p;
  std::int64_t position = -1;  // of the latest digit, counted from the first significant one
  std::int64_t integer_digits = 0;
  std::int64_t leading_fraction_zeros = 0;
  std::int64_t pending_zeros = 0;
  bool in_fraction = false;
  std::int64_t exponent = 0;
  for (; p < end; ++p) {
    if (*p == '.') {
      in_fraction = true;
      continue;
    }
    if (!is_digit(*p)) {
      exponent = read_exponent(p + 1, end);
      break;
    }
    if (position < 0 && *p == '0') {
      if (in_fraction) ++leading_fraction_zeros;
      continue;
    }
    ++position;
    if (!in_fraction) ++integer_digits;
    if (*p == '0') {
      ++pending_zeros;
      continue;
    }
    for (; pending_zeros > 0; --pending_zeros) {
      if (out.count < out.digits.size()) out.digits[out.count] = '0';
      ++out.count;
    }
    if (out.count < out.digits.size()) out.digits[out.count] = *p;
    ++out.count;
  }
  out.too_long = out.count > out.digits.size();
  out.first_exponent =
      exponent + (integer_digits > 0 ? integer_digits - 1 : -1 - leading_fraction_zeros);
  return out;
}

std::optional<NumberKey> key_by_shortest_form(std::string_view text) {
  const Decimal given = decimal_of(text);
  if (given.count == 0) return key_of(0.0);
  if (given.too_long) return std::nullopt;
  double value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || value == 0) return std::nullopt;
  std::array<char, 40> shortest{};
  const auto [end, unused] = std::to_chars(shortest.data(), shortest.data() + shortest.size(),
                                           value, std::chars_format::scientific);
  const Decimal printed = decimal_of(
      std::string_view(shortest.data(), static_cast<std::size_t>(end - shortest.data())));
  const bool same = printed.count == given.count &&
                    printed.first_exponent == given.first_exponent &&
                    std::string_view(printed.digits.data(), printed.count) ==
                        std::string_view(given.digits.data(), given.count);
  if (!same) return std::nullopt;
  return key_of(value);
}

}  // namespace

namespace {

constexpr std::uint64_t kZeros = 0x3030303030303030U;

// Eight digits at once, the first in the lowest byte; the way of
// https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/
std::uint64_t eight_digits(std::uint64_t word) {
  word -= kZeros;
  word = word * 10 + (word >> 8U);
  constexpr std::uint64_t kMask = 0x000000FF000000FFU;
  constexpr std::uint64_t kMul1 = 100 + (1'000'000ULL << 32U);
  constexpr std::uint64_t kMul2 = 1 + (10'000ULL << 32U);
  return ((word & kMask) * kMul1 + ((word >> 16U) & kMask) * kMul2) >> 32U;
}

bool all_digits(std::uint64_t word) {
  return ((word & 0xF0F0F0F0F0F0F0F0U) |
          (((word + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U) >> 4U)) == 0x3333333333333333U;
}

// The last `count` (up to eight) bytes of eight, behind zeros. Reads only those.
std::uint64_t right_aligned(const char* p, std::size_t count) {
  if (count == 8) return load_u64(p);
  if (count >= 4) {
    const auto gap = static_cast<unsigned>(8 * (8 - count));
    const std::uint64_t first = (std::uint64_t{load_u32(p)} << gap) & 0xFFFFFFFFU;
    return (std::uint64_t{load_u32(p + count - 4)} << 32U) | first |
           (kZeros & ((std::uint64_t{1} << gap) - 1));
  }
  std::uint64_t word = kZeros;
  for (std::size_t i = 0; i < count; ++i) {
    word = (word >> 8U) | (std::uint64_t{static_cast<unsigned char>(p[i])} << 56U);
  }
  return word;
}

// The value of up to 16 digits; false if a byte is none.
bool digits_value(const char* p, std::size_t count, std::uint64_t& out) {
  if (count > 16) return false;
  std::uint64_t upper = 0;
  if (count > 8) {
    const std::uint64_t word = right_aligned(p, count - 8);
    if (!all_digits(word)) return false;
    upper = eight_digits(word) * 100'000'000U;
    p += count - 8;
    count = 8;
  }
  const std::uint64_t word = right_aligned(p, count);
  if (!all_digits(word)) return false;
  out = upper + eight_digits(word);
  return true;
}

}  // namespace

NumberReading read_number(std::string_view text) {
  using Kind = NumberReading::Kind;
  const char* p = text.data();
  const char* end = p + text.size();
  const bool negative = *p == '-';
  if (negative) ++p;
  auto digits = static_cast<std::size_t>(end - p);
  std::uint64_t mantissa = 0;
  std::size_t scale = 0;
  if (digits > 16 || !digits_value(p, digits, mantissa)) {
    // Not a short integer: digits, a point and more digits, or something for the careful way.
    const char* point = p;
    std::uint64_t whole = 0;
    for (; point < end && is_digit(*point); ++point) {
      whole = whole * 10 + static_cast<std::uint64_t>(*point - '0');
      if (point - p == 10) return {};
    }
    if (point == end || *point != '.') return {};
    scale = static_cast<std::size_t>(end - point - 1);
    std::uint64_t fraction = 0;
    digits = static_cast<std::size_t>(point - p) + scale;
    if (digits > 19 || !digits_value(point + 1, scale, fraction)) return {};
    static constexpr std::array<std::uint64_t, 17> kTens = [] {
      std::array<std::uint64_t, 17> tens{1};
      for (std::size_t i = 1; i < tens.size(); ++i) tens[i] = tens[i - 1] * 10;
      return tens;
    }();
    mantissa = whole * kTens[scale] + fraction;  // up to 19 digits fit
  }
  // Up to 15 digits, and powers of ten up to 22, are exact in a double, before and after.
  double value = static_cast<double>(mantissa);
  if (scale > 0) value /= kPowersOfTen[scale];
  const NumberKey key = key_of(negative ? -value : value);
  if (digits <= 15) return {Kind::exact, key, key};
  // Two roundings, each of half a unit in the last place; four leaves room where the unit changes.
  return {Kind::between, key - 4, key + 4};
}

std::optional<NumberKey> number_key(std::string_view text) {
  const NumberReading reading = read_number(text);
  if (reading.kind == NumberReading::Kind::exact) return reading.low;
  return key_by_shortest_form(text);
}

NumberKey number_key_lowest() {
  return key_of(std::numeric_limits<double>::lowest());
}
NumberKey number_key_largest() {
  return key_of(std::numeric_limits<double>::max());
}

}  // namespace weir
