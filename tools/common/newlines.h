// Counting and finding line ends, at memory speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

// How many '\n' the text has.
std::uint64_t count_newlines(std::string_view text);

// The offset behind the `lines`th '\n' (the whole size if there are fewer); `lines` > 0. Sets
// `found` to the number of line ends passed.
std::size_t offset_after_lines(std::string_view text, std::uint64_t lines, std::uint64_t& found);

}  // namespace weir
