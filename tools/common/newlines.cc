#include "tools/common/newlines.h"

#include <array>
#include <cstring>

namespace weir {
namespace {

// Bytes compared at a time. A compare yields 0 or 0xff per byte, so the sum of the negated results
// stays within a byte for 255 rounds; only then are the bytes added up. The compiler turns the
// inner loop into the widest vectors it may use.
constexpr std::size_t kWidth = 64;
constexpr std::size_t kRounds = 255;

std::uint64_t count_rounds(const char* text, std::size_t rounds) {
  std::array<std::uint8_t, kWidth> counts{};
  for (std::size_t round = 0; round < rounds; ++round, text += kWidth) {
    for (std::size_t i = 0; i < kWidth; ++i) {
      counts[i] = static_cast<std::uint8_t>(counts[i] + (text[i] == '\n' ? 1 : 0));
    }
  }
  std::uint64_t sum = 0;
  for (const std::uint8_t count : counts) sum += count;
  return sum;
}

}  // namespace

std::uint64_t count_newlines(std::string_view text) {
  std::uint64_t sum = 0;
  while (text.size() >= kWidth) {
    const std::size_t rounds = text.size() / kWidth < kRounds ? text.size() / kWidth : kRounds;
    sum += count_rounds(text.data(), rounds);
    text.remove_prefix(rounds * kWidth);
  }
  for (const char c : text) sum += c == '\n' ? 1 : 0;
  return sum;
}

std::size_t offset_after_lines(std::string_view text, std::uint64_t lines, std::uint64_t& found) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (found = 0; found < lines && at != end; ++found) {
    const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    if (newline == nullptr) return text.size();
    at = static_cast<const char*>(newline) + 1;
  }
  return static_cast<std::size_t>(at - text.data());
}

}  // namespace weir
