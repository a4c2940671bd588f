#include "core/rule/json_text.h"

#include <bit>

namespace weir {
namespace {

std::uint32_t hex4(const char* digits) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value * 16 + static_cast<std::uint32_t>(hex_value(digits[i]));
  return value;
}

char* put(std::uint32_t c, char* out) {
  const auto byte = [&out](std::uint32_t b) { *out++ = static_cast<char>(b); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0U | (c >> 6U));
    byte(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    byte(0xE0U | (c >> 12U));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  } else {
    byte(0xF0U | (c >> 18U));
    byte(0x80U | ((c >> 12U) & 0x3FU));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  }
  return out;
}

// How many of eight bytes, from the first in memory on, come before one that is `c`; 8: none is.
int bytes_before(std::uint64_t bytes, char c) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  const std::uint64_t others = bytes ^ (kOnes * static_cast<unsigned char>(c));
  // The lowest bit set is of the first that is `c`; higher ones may be of others.
  return std::countr_zero((others - kOnes) & ~others & (kOnes << 7U)) / 8;
}

char plain_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // quote, backslash, slash
  }
}

}  // namespace

char* unescape_json(std::string_view raw, char* out) {
  const char* p = raw.data();
  const char* end = p + raw.size();
  while (p < end) {
    if (end - p >= 8) {
      // Eight bytes at a time as far as no escape begins. What is written has not grown, so there
      // is room for them where there is room for the rest of the text.
      const std::uint64_t bytes = load_u64(p);
      std::memcpy(out, &bytes, sizeof bytes);
      const int plain = bytes_before(bytes, '\\');
      p += plain;
      out += plain;
      if (plain == 8) continue;
    }
    if (*p != '\\') {
      *out++ = *p++;
      continue;
    }
    if (p[1] != 'u') {
      *out++ = plain_escape(p[1]);
      p += 2;
      continue;
    }
    std::uint32_t c = hex4(p + 2);
    p += 6;
    if (c >= 0xD800 && c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
      const std::uint32_t low = hex4(p + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
        p += 6;
      }
    }
    out = put(c, out);
  }
  return out;
}

std::string unescape_json(std::string_view raw) {
  std::string text(raw.size(), '\0');
  const char* end = unescape_json(raw, text.data());
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

void append_code_point(std::uint32_t code_point, std::string& out) {
  char bytes[4];
  const char* end = put(code_point, bytes);
  out.append(bytes, static_cast<std::size_t>(end - bytes));
}

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const std::uint32_t first = byte(at);
  if (first < 0x80) {
    at += 1;
    return first;
  }
  if (first < 0xE0) {
    const std::uint32_t c = ((first & 0x1FU) << 6U) | (byte(at + 1) & 0x3FU);
    at += 2;
    return c;
  }
  if (first < 0xF0) {
    const std::uint32_t c =
        ((first & 0x0FU) << 12U) | ((byte(at + 1) & 0x3FU) << 6U) | (byte(at + 2) & 0x3FU);
    at += 3;
    return c;
  }
  const std::uint32_t c = ((first & 0x07U) << 18U) | ((byte(at + 1) & 0x3FU) << 12U) |
                          ((byte(at + 2) & 0x3FU) << 6U) | (byte(at + 3) & 0x3FU);
  at += 4;
  return c;
}

std::size_t utf8_sequence_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t count) {
    if (text.size() <= count) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      if ((byte(i) & 0xC0U) != 0x80U) return false;
    }
    return true;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return follows(1) ? 2 : 0;
  if (first < 0xF0) {
    if (!follows(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) >= 0xA0) return 0;  // surrogates
    return 3;
  }
  if (first > 0xF4 || !follows(3)) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) >= 0x90) return 0;
  return 4;
}

bool utf16_less(std::string_view a, std::string_view b) {
  // Bytes order like code points; UTF-16 differs only where code points above U+FFFF, written as
  // surrogates, come before U+E000..U+FFFF.
  const std::size_t shared = a.size() < b.size() ? a.size() : b.size();
  for (std::size_t i = 0; i < shared; ++i) {
    const auto x = static_cast<unsigned char>(a[i]);
    const auto y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0)) return x >= 0xF0;
    return x < y;
  }
  return a.size() < b.size();
}

}  // namespace weir
