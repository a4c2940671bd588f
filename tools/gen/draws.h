// Random draws with whole numbers only, and cheap writing of what was drawn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"

namespace weir {

// A log-normal number: 2 to the power of a nearly normal exponent. `median_log2` and `spread_log2`
// in 256ths (2560 means a median of 2^10; a spread of 512 means that one standard deviation is a
// factor of 4).
std::uint64_t draw_log_normal(Random& random, std::uint32_t median_log2, std::uint32_t spread_log2);

// True in `share` of 1,000 cases.
inline bool draw_chance(Random& random, std::uint32_t share) {
  return random.below(1000) < share;
}

// An index with the given weights, in constant time (the alias method of Walker and Vose).
class WeightedIndex {
 public:
  explicit WeightedIndex(std::span<const std::uint32_t> weights);
  std::size_t draw(Random& random) const;

 private:
  struct Slot {
    std::uint64_t limit = 0;  // of `scale_`: below it this slot itself, else `other`
    std::size_t other = 0;
  };
  std::uint64_t scale_ = 0;
  std::vector<Slot> slots_;
};

// Zipf-like: the k-th of `count` has a weight of about 1 / k.
WeightedIndex few_talkers(std::size_t count);

std::string hex_digits(Random& random, std::size_t count);
std::string upper_letters_and_digits(Random& random, std::size_t count);
std::string uuid(Random& random);
std::string private_address(Random& random, unsigned network);  // 10.network.x.y
std::string public_address(Random& random);
std::string ipv6_address(Random& random, std::string_view prefix);

template <typename T, std::size_t N>
const T& pick(Random& random, const std::array<T, N>& choices) {
  return choices[random.below(N)];
}

// A line under construction, in a buffer of fixed size; what no longer fits is cut, which the tests
// show never happens.
class LineBuffer {
 public:
  void clear() { size_ = 0; }
  void add(std::string_view text) {
    const std::size_t length = text.size() < room() ? text.size() : room();
    std::memcpy(bytes_.data() + size_, text.data(), length);
    size_ += length;
  }
  void add(char c) {
    if (room() > 0) bytes_[size_++] = c;
  }
  void add_number(std::uint64_t number);
  void add_two_digits(std::uint64_t number);  // "07"
  void add_hex(std::uint64_t bits, std::size_t digits);
  // "2026-11-21T06:00:00Z"
  void add_time(std::int64_t seconds_since_1970);

  template <typename... Parts>
  void add_all(const Parts&... parts) {
    (add_part(parts), ...);
  }

  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::size_t room() const { return bytes_.size() - size_; }
  void add_part(std::string_view text) { add(text); }
  void add_part(std::uint64_t number) { add_number(number); }

  std::array<char, 8192> bytes_;
  std::size_t size_ = 0;
};

}  // namespace weir
