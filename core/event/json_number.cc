#include "core/event/json_number.h"

#include "core/rule/json_scanner.h"
#include "core/rule/json_text.h"

namespace weir {

#ifdef __AVX2__
constinit const DigitBounds kDigitBounds = [] {
  DigitBounds bounds;
  bounds.zero.fill('0');
  bounds.nine.fill(9);
  return bounds;
}();
#endif

const char* number_end_slow(const char* p) {
  const char* start = p;
  const auto digits = [&p] {
    const char* from = p;
    while (is_digit(*p)) ++p;
    return p != from;
  };
  if (*p == '-') ++p;
  if (*p == '0') {
    ++p;
  } else if (!digits()) {
    return nullptr;
  }
  if (*p == '.') {
    ++p;
    if (!digits()) return nullptr;
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!digits()) return nullptr;
  }
  if (static_cast<std::size_t>(p - start) > kJsonNumberLengthMax) return nullptr;
  return ends_scalar(*p) ? p : nullptr;
}

}  // namespace weir
