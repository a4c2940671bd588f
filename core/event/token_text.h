// TokenText: the text of the values that begin at tokens of an index.
//
// Threads: one. Lifetime: that of the text and of its index.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/event/json_number.h"

namespace weir {

struct TokenText {
  const char* text = nullptr;
  const char* bytes = nullptr;  // see StructuralIndex
  const std::uint32_t* positions = nullptr;

  // A string between its quotes, escapes as they are: only white space stands between the closing
  // one and the next token.
  std::string_view string_at(std::size_t token) const {
    const std::uint32_t begin = positions[token] + 1;
    std::uint32_t end = positions[token + 1] - 1;
    while (text[end] != '"') --end;
    return {text + begin, end - begin};
  }
  // Whether the number at `token` is nothing but what PlainSpan says, up to the next token.
  bool plain_number_at(std::size_t token, PlainSpan& out) const {
    const std::uint32_t begin = positions[token];
    return plain_number(text + begin, bytes[token], positions[token + 1] - begin, out);
  }
  // A sound number or literal.
  std::string_view scalar_at(std::size_t token) const {
    const std::uint32_t begin = positions[token];
    std::uint32_t end = positions[token + 1];
    while (ends_scalar(text[end - 1])) --end;
    return {text + begin, end - begin};
  }
};

}  // namespace weir
