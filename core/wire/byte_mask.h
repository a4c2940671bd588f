// ByteMask: which of 64 bytes have a property, as the bits of one word. The step that every scanner
// of this folder shares: AVX-512 or AVX2 where the build has them, plain loops elsewhere. All
// variants agree (tests/unit/wire/byte_mask_test.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace weir {

// The largest number of bytes behind a text that code of this folder may read (never use).
inline constexpr std::size_t kWirePadding = 64;

namespace plain {

// The same operations without any special instruction.
class ByteMask {
 public:
  explicit ByteMask(const char* bytes) { std::memcpy(bytes_.data(), bytes, 64); }
  std::uint64_t equal(char c) const {
    return collect([c](unsigned char b) { return b == static_cast<unsigned char>(c); });
  }
  // Bytes below `limit`, read as unsigned; limit <= 128.
  std::uint64_t below(unsigned char limit) const {
    return collect([limit](unsigned char b) { return b < limit; });
  }
  std::uint64_t not_ascii() const {
    return collect([](unsigned char b) { return b >= 0x80; });
  }
  std::uint64_t digits() const {
    return collect([](unsigned char b) { return b >= '0' && b <= '9'; });
  }

 private:
  template <typename Property>
  std::uint64_t collect(Property property) const {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < 64; ++i) mask |= std::uint64_t{property(bytes_[i])} << i;
    return mask;
  }
  std::array<unsigned char, 64> bytes_;
};

}  // namespace plain

#if defined(__AVX512BW__)

class ByteMask {
 public:
  explicit ByteMask(const char* bytes) : bytes_(_mm512_loadu_si512(bytes)) {}
  std::uint64_t equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes_, _mm512_set1_epi8(c)); }
  std::uint64_t below(unsigned char limit) const {
    return _mm512_cmplt_epu8_mask(bytes_, _mm512_set1_epi8(static_cast<char>(limit)));
  }
  std::uint64_t not_ascii() const { return _mm512_movepi8_mask(bytes_); }
  std::uint64_t digits() const {
    const __m512i from_zero = _mm512_sub_epi8(bytes_, _mm512_set1_epi8('0'));
    return _mm512_cmplt_epu8_mask(from_zero, _mm512_set1_epi8(10));
  }

 private:
  __m512i bytes_;
};

#elif defined(__AVX2__)

class ByteMask {
 public:
  explicit ByteMask(const char* bytes)
      : low_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes))),
        high_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32))) {}
  std::uint64_t equal(char c) const {
    const __m256i all = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(low_, all), _mm256_cmpeq_epi8(high_, all));
  }
  std::uint64_t below(unsigned char limit) const {
    const __m256i last = _mm256_set1_epi8(static_cast<char>(limit - 1));
    return join(_mm256_cmpeq_epi8(_mm256_min_epu8(low_, last), low_),
                _mm256_cmpeq_epi8(_mm256_min_epu8(high_, last), high_));
  }
  std::uint64_t not_ascii() const { return join(low_, high_); }
  std::uint64_t digits() const {
    const __m256i zero = _mm256_set1_epi8('0');
    const __m256i nine = _mm256_set1_epi8(9);
    const __m256i low = _mm256_sub_epi8(low_, zero);
    const __m256i high = _mm256_sub_epi8(high_, zero);
    return join(_mm256_cmpeq_epi8(_mm256_min_epu8(low, nine), low),
                _mm256_cmpeq_epi8(_mm256_min_epu8(high, nine), high));
  }

 private:
  static std::uint64_t join(__m256i low, __m256i high) {
    const auto low_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(low));
    const auto high_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(high));
    return low_bits | (std::uint64_t{high_bits} << 32U);
  }
  __m256i low_;
  __m256i high_;
};

#else

using plain::ByteMask;

#endif

// The lowest `count` bits; count <= 64.
inline std::uint64_t low_bits(std::size_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

}  // namespace weir
