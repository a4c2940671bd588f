// Why a line is not an event.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class EventError : std::uint8_t {
  none,
  malformed,    // not JSON by the grammar, or something behind the object
  truncated,    // ends inside a value
  not_object,   // sound JSON, but no object at the top
  not_utf8,     // bytes that are not UTF-8
  too_deep,     // nested beyond kEventDepthMax
  too_complex,  // arrays that leave too many combinations to try, or values too many wildcards
};
std::string_view to_string(EventError error);

inline constexpr std::uint32_t kEventDepthMax = 1000;

}  // namespace weir
