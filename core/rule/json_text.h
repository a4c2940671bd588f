// The text between the quotes of a JSON string, and the orders and hashes of text the engine uses.
//
// Unescaped text is UTF-8, except that an unpaired surrogate escape becomes the three bytes UTF-8
// would give it (WTF-8), so that it equals itself and nothing else. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir {

// `raw` must hold sound escapes. Writes at most raw.size() bytes; returns the end.
char* unescape_json(std::string_view raw, char* out);
std::string unescape_json(std::string_view raw);

// Appends the encoding of any code point, surrogates included.
void append_code_point(std::uint32_t code_point, std::string& out);
// Decodes the code point at `text[at]` of sound (W)UTF-8 and moves `at` behind it.
std::uint32_t next_code_point(std::string_view text, std::size_t& at);
// Length of the sound UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t utf8_sequence_length(std::string_view text);

// Order by UTF-16 code units, in which the fields of a rule are tried.
bool utf16_less(std::string_view a, std::string_view b);

inline std::uint64_t load_u64(const char* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}
inline std::uint32_t load_u32(const char* from) {
  std::uint32_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Keyed multiply-mix hash in the manner of wyhash (https://github.com/wangyi-fudan/wyhash, public
// domain): without the key nobody can prepare values that collide. Reads no byte outside the text.
__extension__ using Wide = unsigned __int128;
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}
inline std::uint64_t hash_text(std::string_view text, std::uint64_t key) {
  constexpr std::uint64_t kOdd1 = 0xa0761d6478bd642fU;
  constexpr std::uint64_t kOdd2 = 0xe7037ed1a0b428dbU;
  const char* p = text.data();
  std::size_t n = text.size();
  std::uint64_t seed = key ^ (n * kOdd2);
  while (n > 16) {
    seed = mix(load_u64(p) ^ kOdd1 ^ key, load_u64(p + 8) ^ seed);
    p += 16;
    n -= 16;
  }
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (n >= 8) {
    a = load_u64(p);
    b = load_u64(p + n - 8);
  } else if (n >= 4) {
    a = load_u32(p);
    b = load_u32(p + n - 4);
  } else if (n > 0) {
    a = (std::uint64_t{static_cast<unsigned char>(p[0])} << 16U) |
        (std::uint64_t{static_cast<unsigned char>(p[n >> 1U])} << 8U) |
        static_cast<unsigned char>(p[n - 1]);
  }
  return mix(mix(a ^ kOdd1 ^ key, b ^ seed), kOdd2 ^ key);
}
inline std::uint64_t hash_number(std::uint64_t value, std::uint64_t key) {
  return mix(value ^ 0xa0761d6478bd642fU ^ key, key ^ 0xe7037ed1a0b428dbU);
}

// memcmp() without the call for the short texts that most values are. Reads only those bytes.
inline bool same_text(const char* a, const char* b, std::size_t n) {
  if (n > 16) return std::memcmp(a, b, n) == 0;
  if (n >= 8) {
    return ((load_u64(a) ^ load_u64(b)) | (load_u64(a + n - 8) ^ load_u64(b + n - 8))) == 0;
  }
  if (n >= 4) {
    return ((load_u32(a) ^ load_u32(b)) | (load_u32(a + n - 4) ^ load_u32(b + n - 4))) == 0;
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline char ascii_lower(char c) {
  return static_cast<unsigned char>(c - 'A') < 26 ? static_cast<char>(c + ('a' - 'A')) : c;
}
inline int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace weir
