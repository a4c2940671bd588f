// How many of ascending keys are not above one. Pure functions, any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace weir::engine {

// At most this many bytes of keys are compared all at once: four registers.
inline constexpr std::size_t kComparedAtOnce = 256;

// Of `size` keys, few enough to compare all.
inline std::size_t count_few_not_above(const std::uint64_t* keys, std::size_t size,
                                       std::uint64_t key) {
  std::size_t count = 0;
#ifdef __AVX512F__
  const __m512i all = _mm512_set1_epi64(static_cast<long long>(key));
  for (std::size_t i = 0; i < size; i += 8) {
    const auto wanted = static_cast<__mmask8>(size - i >= 8 ? 0xFF : (1U << (size - i)) - 1);
    const __m512i some = _mm512_maskz_loadu_epi64(wanted, keys + i);
    count += static_cast<std::size_t>(
        std::popcount<unsigned>(_mm512_mask_cmple_epu64_mask(wanted, some, all)));
  }
#else
  for (std::size_t i = 0; i < size; ++i) count += keys[i] <= key ? 1 : 0;
#endif
  return count;
}
inline std::size_t count_few_not_above(const std::uint32_t* keys, std::size_t size,
                                       std::uint32_t key) {
  std::size_t count = 0;
#ifdef __AVX512F__
  const __m512i all = _mm512_set1_epi32(static_cast<int>(key));
  for (std::size_t i = 0; i < size; i += 16) {
    const auto wanted = static_cast<__mmask16>(size - i >= 16 ? 0xFFFF : (1U << (size - i)) - 1);
    const __m512i some = _mm512_maskz_loadu_epi32(wanted, keys + i);
    count += static_cast<std::size_t>(
        std::popcount<unsigned>(_mm512_mask_cmple_epu32_mask(wanted, some, all)));
  }
#else
  for (std::size_t i = 0; i < size; ++i) count += keys[i] <= key ? 1 : 0;
#endif
  return count;
}

// Without a branch that depends on the keys.
template <typename Key>
std::size_t count_not_above(const Key* keys, std::size_t size, const Key& key) {
  constexpr std::size_t kFew = kComparedAtOnce / sizeof(Key);
  const Key* base = keys;  // what stands before it is not above the key
  std::size_t left = size;
  while (left > kFew) {
    const std::size_t half = left / 2;
    base = key < base[half] ? base : base + half;
    left -= half;
  }
  return static_cast<std::size_t>(base - keys) + count_few_not_above(base, left, key);
}

}  // namespace weir::engine
