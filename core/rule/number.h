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
// The same without the last word on hard cases: many digits take a hundred times longer to settle
// than to bracket, and most of them are nowhere near a number that some rule names.
struct NumberReading {
  enum class Kind : std::uint8_t { exact, between, hard };
  Kind kind = Kind::hard;
  NumberKey low = 0;   // exact: the key, and the literal is comparable
  NumberKey high = 0;  // between: the key, if there is one, lies in [low, high]
};
NumberReading read_number(std::string_view text);
// Keys of the lowest and the largest finite double.
NumberKey number_key_lowest();
NumberKey number_key_largest();

}  // namespace weir
