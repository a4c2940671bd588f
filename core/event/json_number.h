// Finds the end of a JSON number, for text with 64 readable bytes behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/rule/number_filter.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace weir {

using engine::PlainSpan;

// Bytes that may follow a number or a literal: white space, comma, closing brace or bracket.
inline constexpr std::array<bool, 256> kEndsScalar = [] {
  std::array<bool, 256> ends{};
  for (const char c : {' ', '\t', '\n', '\r', ',', ']', '}'}) {
    ends[static_cast<unsigned char>(c)] = true;
  }
  return ends;
}();
inline bool ends_scalar(char c) {
  return kEndsScalar[static_cast<unsigned char>(c)];
}

// The byte behind the number at `p`, or null if there is no sound number or it does not end there.
const char* number_end_slow(const char* p);

#ifdef __AVX2__
// In memory, since g++ otherwise makes them anew for each number.
struct DigitBounds {
  alignas(32) std::array<char, 32> zero;
  alignas(32) std::array<char, 32> nine;
};
extern const DigitBounds kDigitBounds;

// Which of 32 bytes are digits.
inline std::uint32_t digits_of(const char* p) {
  const auto load = [](const char* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  };
  const __m256i values = _mm256_sub_epi8(load(p), load(kDigitBounds.zero.data()));
  const __m256i nine = load(kDigitBounds.nine.data());
  return static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(values, nine), values)));
}
#endif

// The number at `p` with the first byte `c`, if it is digits, perhaps with a sign and a point, and
// ends `gap` bytes on, where the next token stands: nearly every number.
inline bool plain_number(const char* p, char c, std::uint32_t gap, PlainSpan& out) {
#ifdef __AVX2__
  if (gap >= 32) [[unlikely]]
    return false;
  const bool negative = c == '-';
  const std::uint32_t digits = digits_of(p) >> std::uint32_t{negative};
  const std::uint32_t size = gap - std::uint32_t{negative};
  const char* from = p + negative;
  const std::uint32_t all = (std::uint32_t{1} << size) - 1;
  const std::uint32_t others = all & ~digits;
  // Digits at both ends, of which a leading zero stands alone.
  const std::uint32_t ends = std::uint32_t{1} | ((all + 1) >> 1U);
  const bool leading_zero = *from == '0' && (digits & all & 2) != 0;
  if ((ends & ~digits) != 0 || size == 0 || leading_zero) return false;
  out = {from, size, size, negative};
  if (others == 0) return true;
  out.whole = static_cast<std::uint32_t>(__builtin_ctz(others));
  return (others & (others - 1)) == 0 && from[out.whole] == '.';
#else
  static_cast<void>(p), static_cast<void>(c), static_cast<void>(gap), static_cast<void>(out);
  return false;
#endif
}
// The byte behind any number, or null, as number_end_slow() says.
inline const char* number_end(const char* p, char c, std::uint32_t gap) {
  PlainSpan plain;
  return plain_number(p, c, gap, plain) ? p + gap : number_end_slow(p);
}

}  // namespace weir
