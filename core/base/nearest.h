// The word that was probably meant: for messages about unknown names ("did you mean ...?").
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir {

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate closest to `word`, or an empty view when none is close enough to be a likely slip.
// Long words (over 64 bytes) have none. Of equally close ones the first wins.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace weir
