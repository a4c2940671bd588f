#include "core/rule/number_filter.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace weir::engine {

NumberFilter::Mark NumberFilter::mark_of(NumberKey key) {
  const double value = number_of(key);
  if (!std::isfinite(value)) return {~Key{0}, false};  // behind the largest: above all texts
  // The digits of the shortest form, which is what comparable numbers are spelled by. All digits of
  // the double would be others: 1e23 is less than a one with 23 zeros.
  std::array<char, 32> shortest{};
  const auto [end, failure] = std::to_chars(shortest.data(), shortest.data() + shortest.size(),
                                            value, std::chars_format::scientific);
  std::string_view text(shortest.data(), static_cast<std::size_t>(end - shortest.data()));
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t e = text.find('e');
  std::string_view power = text.substr(e + 1);
  if (power.front() == '+') power.remove_prefix(1);
  int exponent = 0;
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  std::size_t whole = 1;
  if (exponent < 0) {
    digits.insert(0, static_cast<std::size_t>(-exponent), '0');
  } else {
    whole += static_cast<std::size_t>(exponent);
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  }
  if (digits.size() > whole) digits.insert(whole, 1, '.');
  PlainSpan span;
  span.negative = negative;
  span.size = static_cast<std::uint32_t>(digits.size());
  span.whole = static_cast<std::uint32_t>(whole);
  digits.append(16, '0');
  span.digits = digits.data();
  return {key_of(span), whole_in_key(span)};
}

}  // namespace weir::engine
