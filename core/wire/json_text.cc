#include "core/wire/json_text.h"

namespace weir {

char* write_json_escaped(std::string_view text, char* out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') {
      *out++ = c;
      continue;
    }
    *out++ = '\\';
    switch (c) {
      case '"':
      case '\\':
        *out++ = c;
        break;
      case '\n':
        *out++ = 'n';
        break;
      case '\r':
        *out++ = 'r';
        break;
      case '\t':
        *out++ = 't';
        break;
      default:
        *out++ = 'u';
        *out++ = '0';
        *out++ = '0';
        *out++ = kHex[byte >> 4U];
        *out++ = kHex[byte & 15U];
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string escaped(text.size() * kJsonEscapeMax, '\0');
  const char* end = write_json_escaped(text, escaped.data());
  escaped.resize(static_cast<std::size_t>(end - escaped.data()));
  return escaped;
}

}  // namespace weir
