// BlockScan: finds tokens 64 bytes at a time with AVX-512, after the first stage of simdjson
// (https://arxiv.org/abs/1902.08318). What it adds: the tokens' first bytes, compressed beside
// their positions, and line ends as tokens, so that a walk reads one dense array instead of the
// text.
#pragma once

#if defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__PCLMUL__)
#define WEIR_BLOCK_SCAN 1

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "core/event/structural_index.h"

namespace weir {

class BlockScan {
 public:
  BlockScan(StructuralIndex& out, std::string_view text, StructuralIndex::LineEnds line_ends)
      : out_(out),
        text_(text),
        line_ends_(line_ends == StructuralIndex::LineEnds::tokens ? ~std::uint64_t{0} : 0) {}

  // False for a raw control character in a string, or a string left open.
  bool run() {
    Carry carry;  // a local, and all of the loop inline, so that it lives in registers
    std::size_t at = 0;
    for (; at + 64 <= text_.size(); at += 64) {
      block(_mm512_loadu_si512(text_.data() + at), at, carry);
    }
    if (at < text_.size()) {
      const __mmask64 rest = (std::uint64_t{1} << (text_.size() - at)) - 1;
      block(_mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), rest, text_.data() + at), at, carry);
    }
    out_.count_ = carry.count;
    all_ascii_ = _mm512_movepi8_mask(carry.high) == 0;
    return carry.control_in_string == 0 && carry.in_string == 0;
  }
  bool all_ascii() const { return all_ascii_; }

 private:
  struct Carry {
    std::size_t count = 0;
    std::uint64_t in_string = 0;  // all bits: the block begins inside a string
    std::uint64_t scalar = 0;     // bit 0: it begins behind a byte of a number or literal
    std::uint64_t escape = 0;     // bit 0: it begins behind a backslash
    std::uint64_t control_in_string = 0;
    __m512i high = _mm512_setzero_si512();  // all bytes together
  };
  struct Escaped {
    std::uint64_t bytes = 0;
    std::uint64_t carry = 0;
  };

  // For the forms with a mask, of ones: g++ 12 falsely finds the plain ones uninitialised (GCC bug
  // 105593).
  static constexpr __mmask16 kAll16 = 0xFFFF;

  static std::uint64_t equal(__m512i bytes, char c) {
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
  }
  // Bit i: the sum of the bits up to i.
  static std::uint64_t running_parity(std::uint64_t bits) {
    const __m128i all = _mm_set1_epi8(static_cast<char>(0xFF));
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), all, 0)));
  }
  // A byte by its low half; 0x80 stands for none, and no byte below 0x80 equals it.
  static __m512i by_low_half(char at_0, char at_9, char at_a, char at_b, char at_c, char at_d) {
    constexpr char kNo = static_cast<char>(0x80);
    return _mm512_maskz_broadcast_i32x4(
        kAll16, _mm_setr_epi8(at_0, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, at_9, at_a, at_b, at_c,
                              at_d, kNo, kNo));
  }

  [[gnu::always_inline]] void block(__m512i bytes, std::size_t at, Carry& carry) {
    constexpr char kNo = static_cast<char>(0x80);
    const std::uint64_t backslash = equal(bytes, '\\');
    std::uint64_t quote = equal(bytes, '"');
    if ((backslash | carry.escape) != 0) {
      const Escaped found = escaped(backslash, at, carry.escape);
      quote &= ~found.bytes;
      carry.escape = found.carry;
    }
    const std::uint64_t in_string = running_parity(quote) ^ carry.in_string;
    carry.in_string = 0 - (in_string >> 63U);
    const std::uint64_t space = _mm512_cmpeq_epi8_mask(
        bytes, _mm512_shuffle_epi8(by_low_half(' ', '\t', '\n', kNo, kNo, '\r'), bytes));
    // With bit 5 set both brackets are braces; the two control characters that become a colon and a
    // comma are tokens that no grammar accepts.
    const __m512i raised = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    const std::uint64_t punctuation = _mm512_cmpeq_epi8_mask(
        raised, _mm512_shuffle_epi8(by_low_half(kNo, kNo, ':', '{', ',', '}'), raised));
    const std::uint64_t scalar = ~(punctuation | space);
    const std::uint64_t unquoted = scalar & ~quote;
    const std::uint64_t follows = (unquoted << 1U) | carry.scalar;
    carry.scalar = unquoted >> 63U;
    const std::uint64_t line_end = equal(bytes, '\n') & line_ends_;
    // Of a string only the opening quote is a token.
    const std::uint64_t inside = in_string ^ quote;
    const std::uint64_t tokens = (punctuation | line_end | (scalar & ~follows)) & ~inside;
    carry.control_in_string |= in_string & _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20));
    carry.high = _mm512_or_si512(carry.high, bytes);
    emit(tokens, bytes, at, carry.count);
  }

  [[gnu::always_inline]] void emit(std::uint64_t tokens, __m512i bytes, std::size_t at,
                                   std::size_t& total) {
    const auto count = static_cast<std::size_t>(std::popcount(tokens));
    char* to_bytes = out_.bytes_.get() + total;
    std::uint32_t* to_positions = out_.positions_.get() + total;
    const __m512i kept = _mm512_maskz_compress_epi8(tokens, bytes);
    const __m512i offsets = _mm512_maskz_compress_epi8(tokens, _mm512_load_si512(kOffsets.data()));
    const __m256i base = _mm256_set1_epi32(static_cast<int>(at));
    const auto store = [&](std::size_t first, __m128i eight) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_positions + first),
                          _mm256_add_epi32(base, _mm256_cvtepu8_epi32(eight)));
    };
    const auto store_sixteen = [&](std::size_t first, __m128i sixteen) {
      store(first, sixteen);
      store(first + 8, _mm_srli_si128(sixteen, 8));
    };
    // Half a register at a time: stores that cross a line of the cache are what this loop waits
    // for.
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_bytes),
                        _mm512_maskz_extracti64x4_epi64(0xF, kept, 0));
    store_sixteen(0, _mm512_maskz_extracti32x4_epi32(0xF, offsets, 0));
    if (count > 16) {
      store_sixteen(16, _mm512_maskz_extracti32x4_epi32(0xF, offsets, 1));
      if (count > 32) [[unlikely]] {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_bytes + 32),
                            _mm512_maskz_extracti64x4_epi64(0xF, kept, 1));
        store_sixteen(32, _mm512_maskz_extracti32x4_epi32(0xF, offsets, 2));
        store_sixteen(48, _mm512_maskz_extracti32x4_epi32(0xF, offsets, 3));
      }
    }
    total += count;
  }

  // The bytes behind a backslash that is not itself escaped.
  [[gnu::noinline]] Escaped escaped(std::uint64_t backslash, std::size_t at, std::uint64_t carry) {
    Escaped out{carry, 0};
    for (std::uint64_t left = backslash & ~carry; left != 0;) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      out_.add_escape(text_, at + bit);
      if (bit == 63) {
        out.carry = 1;
        break;
      }
      const std::uint64_t next = std::uint64_t{2} << bit;
      out.bytes |= next;
      left &= left - 1;
      left &= ~next;
    }
    return out;
  }

  alignas(64) static constexpr std::array<std::uint8_t, 64> kOffsets = [] {
    std::array<std::uint8_t, 64> offsets{};
    for (unsigned i = 0; i < 64; ++i) offsets[i] = static_cast<std::uint8_t>(i);
    return offsets;
  }();

  StructuralIndex& out_;
  std::string_view text_;
  std::uint64_t line_ends_;
  bool all_ascii_ = true;
};

}  // namespace weir
#endif
