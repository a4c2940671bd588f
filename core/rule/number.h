// Numbers by exact value: a JSON number literal becomes a key that orders like the numbers, if the
// literal is comparable (pattern-language: converting it to a binary64 and printing that in its
// shortest form gives the same mathematical value). Pure functions, any thread, no allocation.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#if defined(__AVX512VBMI2__) && defined(__AVX512VL__) && defined(__AVX512BW__)
#define WEIR_WIDE_DIGITS 1
#include <immintrin.h>
#endif

namespace weir {

using NumberKey = std::uint64_t;

// `text` must be a JSON number. Empty when it is not comparable.
std::optional<NumberKey> number_key(std::string_view text);
// A JSON number without an exponent, as its significant digits (no zero at either end).
struct PlainNumber {
  bool negative = false;
  unsigned count = 0;        // of the digits; beyond 17 nothing more is told
  std::uint64_t digits = 0;  // the first sixteen, with zeros behind them where there are fewer
  unsigned seventeenth = 0;
  int exponent = 0;  // the number is 0.DIGITS times ten to this
};
// False if `text` is no such number; any text may be asked about.
inline bool read_plain(std::string_view text, PlainNumber& out);
// What read_plain() does where there is no AVX-512, or with more than 32 bytes.
bool read_plain_bytewise(std::string_view text, PlainNumber& out);

std::optional<NumberKey> number_key(const PlainNumber& number, std::string_view text);

// The double with this key; also of those beyond the largest and below the lowest finite one.
double number_of(NumberKey key);
// Keys of the lowest and the largest finite double.
NumberKey number_key_lowest();
NumberKey number_key_largest();

#ifdef WEIR_WIDE_DIGITS

// The value of sixteen digits, the first in the lowest byte.
inline std::uint64_t sixteen_digits(__m128i values) {
  const __m128i pairs = _mm_maddubs_epi16(values, _mm_set1_epi16(10 | 1 << 8));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
  const __m128i packed = _mm_packus_epi32(fours, fours);
  const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(10'000 | 1 << 16));
  const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  return (both & 0xFFFFFFFFU) * 100'000'000U + (both >> 32U);
}

inline bool read_plain(std::string_view text, PlainNumber& out) {
  const auto size = static_cast<unsigned>(text.size());
  if (size - 1 > 30) [[unlikely]]
    return size > 0 && read_plain_bytewise(text, out);
  const std::uint32_t all = (1U << size) - 1;
  const __m256i bytes = _mm256_maskz_loadu_epi8(all, text.data());
  const __m256i values = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
  const std::uint32_t digits = _mm256_mask_cmple_epu8_mask(all, values, _mm256_set1_epi8(9));
  const std::uint32_t nonzero = _mm256_mask_test_epi8_mask(digits, values, values);
  const bool negative = text[0] == '-';
  const std::uint32_t begin = negative ? 2 : 1;  // the bit of the first byte that must be a digit
  const std::uint32_t point = all & ~digits & (0 - begin);
  const auto point_at = point == 0 ? size : static_cast<unsigned>(std::countr_zero(point));
  // One point at most, digits at both ends, and a leading zero alone.
  const std::uint32_t ends = begin | ((all + 1) >> 1U);
  const bool leading_zero = (nonzero & begin) == 0 && (digits & (begin << 1U)) != 0;
  if ((ends & ~digits) != 0 || leading_zero || size < begin) return false;
  if (point != 0 && ((point & (point - 1)) != 0 || text[point_at] != '.')) return false;
  out.negative = negative;
  if (nonzero == 0) [[unlikely]] {
    out.count = 0;
    out.digits = 0;
    out.exponent = 0;
    return true;
  }
  const auto first = static_cast<unsigned>(std::countr_zero(nonzero));
  const auto last = 31U - static_cast<unsigned>(std::countl_zero(nonzero));
  const std::uint32_t kept = digits & (~0U << first) & (~0U >> (31U - last));
  out.count = static_cast<unsigned>(std::popcount(kept));
  const __m256i packed = _mm256_maskz_compress_epi8(kept, values);
  out.digits = sixteen_digits(_mm256_castsi256_si128(packed));
  out.seventeenth = static_cast<unsigned>(_mm256_extract_epi8(packed, 16)) & 0xFFU;
  out.exponent = static_cast<int>(point_at) - static_cast<int>(first) + (first > point_at ? 1 : 0);
  return true;
}

#else

inline bool read_plain(std::string_view text, PlainNumber& out) {
  return !text.empty() && read_plain_bytewise(text, out);
}

#endif

}  // namespace weir
