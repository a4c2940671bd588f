// Numbers by exact value: a JSON number literal becomes a key that orders like the numbers, if the
// literal is comparable (pattern-language: converting it to a binary64 and printing that in its
// shortest form gives the same mathematical value). Pure functions, any thread, no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

using NumberKey = std::uint64_t;

// `text` must be a JSON number. Empty when it is not comparable.
std::optional<NumberKey> number_key(std::string_view text);
// Keys of the lowest and the largest finite double.
NumberKey number_key_lowest();
NumberKey number_key_largest();

}  // namespace weir
