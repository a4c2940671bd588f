// Feed: what one connection sends: the records of a slice over and over, up to a number of records.
// As they are, a chunk is the memory itself; stamped, it is composed into the feed's own buffer and
// valid until the next call. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tools/load/record_memory.h"

namespace weir {

struct Chunk {
  std::string_view bytes;  // whole records
  std::uint64_t records = 0;
};

// When record n of a connection is due: `first_ns` + n * `step_ns`.
struct DueTimes {
  double first_ns = 0;
  double step_ns = 0;
  std::int64_t of(std::uint64_t n) const {
    return static_cast<std::int64_t>(first_ns + static_cast<double>(n) * step_ns);
  }
};

class Feed {
 public:
  static constexpr std::uint64_t kEndless = ~std::uint64_t{0};

  Feed(const Slice& slice, std::uint64_t connection, std::uint64_t records);

  bool exhausted() const { return taken_ == records_; }
  std::uint64_t taken() const { return taken_; }  // records so far

  // Up to `records_max` records, fewer where the slice or the quota ends; none when exhausted.
  Chunk take(std::uint64_t records_max);
  // Up to `records_max` records and about `bytes_max` bytes, at least one record. Lines that are no
  // JSON object pass without a stamp, but have a number.
  Chunk take_stamped(std::uint64_t records_max, std::size_t bytes_max, const DueTimes& due);

 private:
  void rewind_at_end();
  std::string_view next_line();

  Slice slice_;
  std::uint64_t connection_;
  std::uint64_t records_;
  std::size_t last_pass_bytes_ = 0;  // of the pass that the quota cuts short
  std::uint64_t taken_ = 0;
  std::size_t at_ = 0;         // in the slice
  std::uint64_t line_at_ = 0;  // its number there
  std::string buffer_;
};

}  // namespace weir
