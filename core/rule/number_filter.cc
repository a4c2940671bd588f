#include "core/rule/number_filter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace weir::engine {

NumberFilter::Mark NumberFilter::mark_of(NumberKey key) {
  const double value = number_of(key);
  if (!std::isfinite(value)) return {~Key{0}, false};  // behind the largest: above all texts
  // Up to 309 digits before the point, or 1,074 behind it, of which the first twelve are wanted.
  std::array<char, 1200> text{};
  const auto [end, failure] =
      std::to_chars(text.data(), text.data() + text.size() - 16, value, std::chars_format::fixed);
  std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  PlainSpan span;
  span.negative = digits.front() == '-';
  if (span.negative) digits.remove_prefix(1);
  span.digits = digits.data();
  span.size = static_cast<std::uint32_t>(digits.size());
  span.whole = static_cast<std::uint32_t>(std::min(digits.find('.'), digits.size()));
  return {key_of(span), whole_in_key(span)};
}

}  // namespace weir::engine
