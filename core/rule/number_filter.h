// NumberFilter: says from its spelling alone where a number lies among those that the numeric tests
// of a field name, and so of nearly every number which tests it passes: most often none.
//
// Numbers without an exponent that have the same sign and as many digits before the point are
// ordered like their texts. So the first twelve characters, in half a byte each, behind the count
// of those digits make a key that is ordered like the numbers, and that numbers share only if they
// are close: no multiplication, and no decision between comparable and not.
//
// Immutable after build; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "core/rule/byte_trie.h"
#include "core/rule/json_text.h"
#include "core/rule/number.h"
#include "core/rule/sorted_count.h"

#ifdef __BMI2__
#include <immintrin.h>
#endif

namespace weir::engine {

// A sound JSON number without an exponent, where 16 bytes are readable from its first digit on.
struct PlainSpan {
  const char* digits = nullptr;  // behind the sign
  std::uint32_t size = 0;        // without the sign
  std::uint32_t whole = 0;       // digits before the point
  bool negative = false;
};

class NumberFilter {
 public:
  using Key = std::uint64_t;

  static Key key_of(const PlainSpan& number) {
    const std::uint64_t text =
        (halves(load_u64(number.digits)) << 16U) | (halves(load_u32(number.digits + 8)) >> 16U);
    std::uint64_t kept = text;
    if (number.size < kCharacters) {
      // As if zeros followed, and a point before them where there is none.
      const std::uint32_t behind = 4 * (kCharacters - number.size);
      kept &= ~((std::uint64_t{1} << behind) - 1);
      if (number.whole == number.size) kept |= kPoint << (behind - 4);
    }
    const Key key = kSign | (std::uint64_t{number.whole} << (4 * kCharacters)) | kept;
    return number.negative ? ~key : key;
  }

  // Of mark i: 2 * i is the gap behind it, 2 * i + 1 the mark itself.
  using Place = std::uint32_t;
  static constexpr Place kNowhere = kNone;        // where no test is passed
  static constexpr Place kSomewhere = kNone - 1;  // not known
  static constexpr std::uint32_t kNoGap = kNone;

  // `named`: the keys, ascending, of all numbers and of the ends of all ranges that the tests name;
  // `gap_of(key)`: a number for the ranges that hold what lies between this one and the next that
  // is named, or kNoGap.
  template <typename GapOf>
  void build(std::span<const NumberKey> named, GapOf gap_of) {
    if (named.size() > kNamedMax) return;
    for (const NumberKey key : named) {
      const Mark mark = mark_of(key);
      if (marks_.empty() || marks_.back() != mark.key) {
        marks_.push_back(mark.key);
        numbers_.push_back(kNoNumber);
        gaps_.push_back(kNoGap);
      }
      if (mark.whole) numbers_.back() = key;
      gaps_.back() = gap_of(key);
    }
    marks_.shrink_to_fit();
    numbers_.shrink_to_fit();
    gaps_.shrink_to_fit();
  }
  std::size_t memory_bytes() const {
    return (marks_.capacity() + numbers_.capacity()) * sizeof(Key) + gaps_.capacity() * 4;
  }

  Place place_of(Key key) const {
    if (marks_.empty() || key == kNegativeZero) return kSomewhere;
    const std::size_t count = count_not_above(marks_.data(), marks_.size(), key);
    if (count == 0) return kNowhere;
    const auto mark = static_cast<Place>(count - 1);
    if (marks_[mark] == key) return 2 * mark + 1;
    return gaps_[mark] == kNoGap ? kNowhere : 2 * mark;
  }
  static bool on_mark(Place place) { return place % 2 == 1; }
  std::uint32_t places() const { return static_cast<std::uint32_t>(2 * marks_.size()); }
  // What build() was told of the ranges in a gap.
  std::uint32_t gap(Place place) const { return gaps_[place / 2]; }
  // The number on a mark that has twelve characters at most; kNoNumber when the tests name none.
  static constexpr NumberKey kNoNumber = 0;
  NumberKey number(Place place) const { return numbers_[place / 2]; }
  // Whether the key is the whole number.
  static bool whole_in_key(const PlainSpan& number) { return number.size <= kCharacters; }
  // Whether it is sure to be comparable: it has 15 digits at most.
  static bool surely_comparable(const PlainSpan& number) {
    return number.size - (number.whole == number.size ? 0 : 1) <= 15;
  }

 private:
  static constexpr std::uint32_t kCharacters = 12;
  static constexpr std::uint64_t kPoint = 0xE;  // lower half of '.'
  static constexpr Key kSign = Key{1} << 63U;
  // "-0.0000000000": may be zero, which is not below zero.
  static constexpr Key kNegativeZero =
      ~(kSign | (Key{1} << (4 * kCharacters)) | (kPoint << (4 * (kCharacters - 2))));
  // Beyond so many the time to build it would show.
  static constexpr std::size_t kNamedMax = 4096;

  // The lower halves of the bytes, the first byte highest; of four bytes in the upper half.
  static std::uint64_t halves(std::uint64_t word) {
    word = __builtin_bswap64(word);
#ifdef __BMI2__
    return _pext_u64(word, 0x0F0F0F0F0F0F0F0FU);
#else
    std::uint64_t out = 0;
    for (unsigned i = 0; i < 8; ++i) out |= ((word >> (8 * i)) & 0xFU) << (4 * i);
    return out;
#endif
  }
  struct Mark {
    Key key = 0;
    bool whole = false;  // the number has twelve characters at most
  };
  static Mark mark_of(NumberKey key);

  std::vector<Key> marks_;
  std::vector<NumberKey> numbers_;   // by mark
  std::vector<std::uint32_t> gaps_;  // by mark: what lies behind it
};

}  // namespace weir::engine
