// LogPosition: a place in the log of one bus, between two events. What lies before it is done.
//
// It is what a cursor holds: all events of records below `sequence` are done, and of the record
// `sequence` those with an index below `event`. It packs into one word, so that one thread can
// publish it and another read it whole; the packed words have the order of the positions.
#pragma once

#include <compare>
#include <cstdint>

#include "core/base/check.h"

namespace weir {

struct LogPosition {
  std::uint64_t sequence = 0;  // number of a record; the first one of a log is 1
  std::uint32_t event = 0;     // index of an event in it

  auto operator<=>(const LogPosition&) const = default;

  // 46 bits of sequence: a record each microsecond for two years. 18 bits of event: a block of
  // the shortest events holds fewer.
  static constexpr unsigned kEventBits = 18;
  static constexpr std::uint64_t kSequenceMax = (std::uint64_t{1} << (64 - kEventBits)) - 1;
  static constexpr std::uint32_t kEventMax = (std::uint32_t{1} << kEventBits) - 1;

  std::uint64_t pack() const {
    WEIR_CHECK(sequence <= kSequenceMax && event <= kEventMax);
    return sequence << kEventBits | event;
  }
  static LogPosition unpack(std::uint64_t word) {
    return {word >> kEventBits, static_cast<std::uint32_t>(word & kEventMax)};
  }
};

}  // namespace weir
