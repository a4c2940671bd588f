// Writing JSON strings: what every renderer of this folder shares.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// The most bytes one byte of text becomes inside a JSON string (\u00XX).
inline constexpr unsigned kJsonEscapeMax = 6;

// Appends the text as it stands inside JSON quotes: quotes, backslashes and control bytes escaped,
// all else as it is. Writes at most kJsonEscapeMax bytes a byte.
char* write_json_escaped(std::string_view text, char* out);
std::string json_escaped(std::string_view text);

// Copies in steps of 32 bytes: may read up to 31 bytes behind the text and write as many behind the
// returned end. For short texts a third of the cost of memcpy with an unknown length.
inline char* copy_padded(const char* text, std::size_t length, char* out) {
  const char* from = text;
  char* to = out;
  __builtin_memcpy(to, from, 32);
  for (std::size_t done = 32; done < length; done += 32) {
    from += 32;
    to += 32;
    __builtin_memcpy(to, from, 32);
  }
  return out + length;
}

}  // namespace weir
