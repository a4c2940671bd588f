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

std::optional<NumberKey> number_key(std::string_view text) {
  // Up to 15 digits and a power of ten up to 22 are exact in a double, before and after.
  const char* p = text.data();
  const char* end = p + text.size();
  const bool negative = *p == '-';
  if (negative) ++p;
  std::uint64_t mantissa = 0;
  int scale = 0;
  int digits = 0;
  for (; p < end && is_digit(*p); ++p, ++digits) {
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
    if (digits == 15) return key_by_shortest_form(text);
  }
  if (p < end && *p == '.') {
    for (++p; p < end && is_digit(*p); ++p, ++digits, --scale) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
      if (digits == 15) return key_by_shortest_form(text);
    }
  }
  if (p < end) return key_by_shortest_form(text);  // an exponent
  double value = static_cast<double>(mantissa);
  if (scale < 0) value /= kPowersOfTen[static_cast<std::size_t>(-scale)];
  return key_of(negative ? -value : value);
}

NumberKey number_key_lowest() {
  return key_of(std::numeric_limits<double>::lowest());
}
NumberKey number_key_largest() {
  return key_of(std::numeric_limits<double>::max());
}

}  // namespace weir
