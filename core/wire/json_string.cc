#include "core/wire/json_string.h"

#include <cstddef>
#include <cstdint>

namespace weir {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hex digits at `at`, or -1.
int read_unit(std::string_view raw, std::size_t at) {
  if (raw.size() < at + 4) return -1;
  int unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_value(raw[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(std::uint32_t point, std::string& text) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0U | (point >> 6U));
    put(0x80U | (point & 0x3fU));
  } else if (point < 0x10000) {
    put(0xe0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3fU));
    put(0x80U | (point & 0x3fU));
  } else {
    put(0xf0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3fU));
    put(0x80U | ((point >> 6U) & 0x3fU));
    put(0x80U | (point & 0x3fU));
  }
}

// The escape \uHHHH whose digits begin at `at`, with the second half of a pair. Returns the
// position behind it, 0 if it is not sound.
std::size_t unescape_unicode(std::string_view raw, std::size_t at, std::string& text) {
  const int first = read_unit(raw, at);
  if (first < 0) return 0;
  at += 4;
  auto point = static_cast<std::uint32_t>(first);
  if (point >= 0xdc00 && point <= 0xdfff) return 0;
  if (point >= 0xd800 && point <= 0xdbff) {
    if (raw.substr(at, 2) != "\\u") return 0;
    const int second = read_unit(raw, at + 2);
    if (second < 0xdc00 || second > 0xdfff) return 0;
    point = 0x10000 + ((point - 0xd800) << 10U) + (static_cast<std::uint32_t>(second) - 0xdc00);
    at += 6;
  }
  append_utf8(point, text);
  return at;
}

char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
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
      return '\0';
  }
}

}  // namespace

bool unescape_json(std::string_view raw, std::string& text) {
  text.clear();
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t backslash = raw.find('\\', at);
    text.append(raw.substr(at, backslash - at));
    if (backslash == std::string_view::npos) break;
    at = backslash + 1;
    if (at == raw.size()) return false;
    const char kind = raw[at++];
    if (kind == 'u') {
      at = unescape_unicode(raw, at, text);
      if (at == 0) return false;
    } else {
      const char plain = simple_escape(kind);
      if (plain == '\0') return false;
      text += plain;
    }
  }
  return true;
}

std::size_t string_end(std::string_view json, std::size_t quote) {
  std::size_t at = quote + 1;
  while (true) {
    at = json.find_first_of("\"\\", at);
    if (at == std::string_view::npos || json[at] == '"') return at;
    at += 2;
  }
}

std::optional<std::string_view> find_string_member(std::string_view json, std::string_view name) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::size_t depth = 0;
  bool key_next = false;  // a string here, at depth 1, is a key
  for (std::size_t at = 0; at < json.size(); ++at) {
    at = json.find_first_of("\"{}[],", at);
    if (at == std::string_view::npos) break;
    const char c = json[at];
    if (c == '{' || c == '[') {
      key_next = ++depth == 1 && c == '{';
    } else if (c == '}' || c == ']') {
      if (depth-- <= 1) break;
    } else if (c == ',') {
      key_next = depth == 1;
    } else {
      const std::size_t end = string_end(json, at);
      if (end == std::string_view::npos) break;
      const bool found = key_next && json.substr(at + 1, end - at - 1) == name;
      key_next = false;
      at = end;
      if (!found) continue;
      const std::size_t colon = json.find_first_not_of(kBlanks, end + 1);
      if (colon == std::string_view::npos || json[colon] != ':') break;
      const std::size_t open = json.find_first_not_of(kBlanks, colon + 1);
      if (open == std::string_view::npos || json[open] != '"') break;
      const std::size_t close = string_end(json, open);
      if (close == std::string_view::npos) break;
      return json.substr(open + 1, close - open - 1);
    }
  }
  return std::nullopt;
}

}  // namespace weir
