// Finds the end of a JSON number, for text with 64 readable bytes behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace weir {

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

inline const char* number_end(const char* p) {
#ifdef __AVX2__
  const char* start = p;
  p += *p == '-';
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i shifted = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
  const __m256i digits = _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, _mm256_set1_epi8(9)), shifted);
  const std::uint64_t others =
      ~std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(digits))};
  const auto whole = static_cast<unsigned>(__builtin_ctzll(others));
  if (whole == 0 || whole > 30 || (*p == '0' && whole > 1)) return number_end_slow(start);
  const char* end = p + whole;
  if (ends_scalar(*end)) return end;
  if (*end != '.') return number_end_slow(start);
  const auto fraction = static_cast<unsigned>(__builtin_ctzll(others >> (whole + 1)));
  end += 1 + fraction;
  if (fraction == 0 || whole + 1 + fraction >= 32 || !ends_scalar(*end)) {
    return number_end_slow(start);
  }
  return end;
#else
  return number_end_slow(p);
#endif
}

}  // namespace weir
