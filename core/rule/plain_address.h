// Reads the IPv4 addresses that nearly all are, without a branch that depends on their digits.
// Pure functions, any thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "core/rule/number.h"

namespace weir {

// Four parts of one to three digits, none above 255. False for all else, whatever it is.
#ifdef WEIR_WIDE_DIGITS
// By the digits of the parts less one, two bits each, the first lowest: which bytes the digits and
// the point behind them take when each part stands to the right in four bytes; 0 for four digits.
using V4Layouts = std::array<std::uint16_t, 256>;
inline constexpr V4Layouts kV4Layouts = [] {
  V4Layouts layouts{};
  for (unsigned i = 0; i < layouts.size(); ++i) {
    for (unsigned part = 0; part < 4; ++part) {
      const unsigned digits = ((i >> (2 * part)) & 3U) + 1;
      if (digits == 4) {
        layouts[i] = 0;
        break;
      }
      layouts[i] |= static_cast<std::uint16_t>(((0xFU << (3 - digits)) & 0xFU) << (4 * part));
    }
  }
  return layouts;
}();

inline bool parse_plain_v4(std::string_view text, std::uint32_t& out) {
  const auto size = static_cast<unsigned>(text.size());
  if (text.size() < 7 || text.size() > 15) return false;
  const auto all = static_cast<__mmask16>((1U << size) - 1);
  const __m128i bytes = _mm_maskz_loadu_epi8(all, text.data());
  const __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const unsigned digits = _mm_mask_cmple_epu8_mask(all, values, _mm_set1_epi8(9));
  const unsigned points = _mm_mask_cmpeq_epi8_mask(all, bytes, _mm_set1_epi8('.'));
  if ((digits | points) != all || std::popcount(points) != 3) return false;
  unsigned left = points;
  const auto first = static_cast<unsigned>(std::countr_zero(left));
  left &= left - 1;
  const auto second = static_cast<unsigned>(std::countr_zero(left));
  left &= left - 1;
  const auto third = static_cast<unsigned>(std::countr_zero(left));
  // Digits of each part, less one; far above 3 where there is none.
  const unsigned a = first - 1;
  const unsigned b = second - first - 2;
  const unsigned c = third - second - 2;
  const unsigned d = size - third - 2;
  if ((a | b | c | d) > 3) return false;
  const __mmask16 layout = kV4Layouts[a | b << 2U | c << 4U | d << 6U];
  const __m128i laid_out = _mm_maskz_expand_epi8(layout, values);
  const __m128i weights = _mm_set1_epi32(100 | 10 << 8 | 1 << 16);
  const __m128i parts = _mm_madd_epi16(_mm_maddubs_epi16(laid_out, weights), _mm_set1_epi16(1));
  if (layout == 0 || _mm_cmpgt_epi32_mask(parts, _mm_set1_epi32(255)) != 0) return false;
  const __m128i reversed = _mm_shuffle_epi8(parts, _mm_set1_epi32(0x0004080C));
  out = static_cast<std::uint32_t>(_mm_cvtsi128_si32(reversed));
  return true;
}
#else
inline bool parse_plain_v4(std::string_view, std::uint32_t&) {
  return false;
}
#endif

}  // namespace weir
