#include "core/rule/number.h"

#include <algorithm>
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

// All exact.
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

// The digits as one whole number, and the power of ten that it is to be divided by.
struct Scaled {
  std::uint64_t whole = 0;
  int scale = 0;
};
Scaled scaled(const PlainNumber& number) {
  if (number.count < 17) return {number.digits, 16 - number.exponent};
  return {number.digits * 10 + number.seventeenth, 17 - number.exponent};
}

constexpr int kScaleMax = static_cast<int>(kPowersOfTen.size()) - 1;

// One rounding, or two where there are 17 digits. `scale` within kScaleMax either way.
double nearly(const Scaled& number) {
  const auto whole = static_cast<double>(number.whole);
  return number.scale >= 0 ? whole / kPowersOfTen[static_cast<std::size_t>(number.scale)]
                           : whole * kPowersOfTen[static_cast<std::size_t>(-number.scale)];
}

enum class Comparable : std::uint8_t { no, yes, unclear };

// Whether a number of 16 or 17 digits is the shortest form of the double nearest to it, which is
// close to `value` and becomes it. In whole numbers: a unit in the last place of the double is
// `ten`, one in the last place of the digits is `unit`. Unclear: outside the range of this, or a
// tie.
Comparable settle(const Scaled& number, double& value) {
  __extension__ using Signed = __int128;
  const auto bits = std::bit_cast<std::uint64_t>(value);
  constexpr std::uint64_t kHidden = std::uint64_t{1} << 52U;
  const int shift = 1075 - static_cast<int>(bits >> 52U);
  if (number.scale < 0 || number.scale > 19 || shift <= 0 || shift > 70) return Comparable::unclear;
  static constexpr std::array<std::uint64_t, 20> kTens = [] {
    std::array<std::uint64_t, 20> tens{1};
    for (std::size_t i = 1; i < tens.size(); ++i) tens[i] = tens[i - 1] * 10;
    return tens;
  }();
  const Signed ten = kTens[static_cast<std::size_t>(number.scale)];
  const Signed unit = Signed{1} << shift;
  std::uint64_t fraction = (bits & (kHidden - 1)) | kHidden;
  Signed off = Signed{number.whole} * unit - Signed{fraction} * ten;  // from the double
  for (; 2 * off > ten; off -= ten) ++fraction;
  for (; 2 * off < -ten; off += ten) --fraction;
  const auto size = [](Signed n) { return n < 0 ? -n : n; };
  if (2 * size(off) == ten || fraction <= kHidden || fraction >= 2 * kHidden) {
    return Comparable::unclear;
  }
  // What has fewer digits has a zero at the end. The next such numbers above and below:
  const auto digit = static_cast<int>(number.whole % 10);
  for (const Signed other : {off - digit * unit, off + (10 - digit) * unit}) {
    if (2 * size(other) == ten) return Comparable::unclear;
    if (2 * size(other) < ten) return Comparable::no;
  }
  if (2 * size(off) == unit) return Comparable::unclear;
  if (2 * size(off) > unit) return Comparable::no;  // another with as many digits is closer
  value = std::bit_cast<double>((bits >> 52U << 52U) | (fraction & (kHidden - 1)));
  return Comparable::yes;
}

}  // namespace

double number_of(NumberKey key) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return std::bit_cast<double>((key & kSign) != 0 ? key ^ kSign : ~key);
}

bool read_plain_bytewise(std::string_view text, PlainNumber& out) {
  out = {};
  std::size_t at = 0;
  out.negative = text[0] == '-';
  if (out.negative) ++at;
  const std::size_t first = at;
  std::size_t point = text.size();
  std::size_t zeros = 0;  // that may turn out to be significant
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && point == text.size()) {
      point = at;
      continue;
    }
    if (!is_digit(c)) return false;
    const bool whole = point == text.size();
    if (out.count == 0 && c == '0') {
      out.exponent -= whole ? 0 : 1;
      continue;
    }
    out.exponent += whole ? 1 : 0;
    ++zeros;
    if (c == '0') continue;
    if (out.count <= 17) {
      for (; zeros > 1 && out.count < 16; --zeros, ++out.count) out.digits *= 10;
      const auto digit = static_cast<unsigned>(c - '0');
      if (out.count < 16) out.digits = out.digits * 10 + digit;
      if (out.count == 16) out.seventeenth = zeros == 1 ? digit : 0;
    }
    out.count += static_cast<unsigned>(std::min<std::size_t>(zeros, 1000));
    zeros = 0;
  }
  for (unsigned i = out.count; i > 0 && i < 16; ++i) out.digits *= 10;
  // Digits at both ends and beside the point; a leading zero stands alone.
  const std::size_t whole = std::min(point, text.size()) - first;
  return whole > 0 && (text[first] != '0' || whole == 1) && point + 1 != text.size();
}

std::optional<NumberKey> number_key(const PlainNumber& number, std::string_view text) {
  if (number.count == 0) return key_of(0.0);
  // No shortest form has more digits.
  if (number.count > 17) return std::nullopt;
  const Scaled parts = scaled(number);
  if (parts.scale > kScaleMax || parts.scale < -kScaleMax) return key_by_shortest_form(text);
  double value = nearly(parts);
  // Up to 15 digits are exact in a double, zeros behind them included, and so are the powers of
  // ten: there was one rounding, to the nearest, and every such number is comparable.
  if (number.count > 15) {
    const Comparable comparable = settle(parts, value);
    if (comparable == Comparable::unclear) return key_by_shortest_form(text);
    if (comparable == Comparable::no) return std::nullopt;
  }
  return key_of(number.negative ? -value : value);
}

std::optional<NumberKey> number_key(std::string_view text) {
  PlainNumber number;
  return read_plain(text, number) ? number_key(number, text) : key_by_shortest_form(text);
}

NumberKey number_key_lowest() {
  return key_of(std::numeric_limits<double>::lowest());
}
NumberKey number_key_largest() {
  return key_of(std::numeric_limits<double>::max());
}

}  // namespace weir
