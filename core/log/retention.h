// LogRetention: the closed segments of a log, and when the oldest goes. One at a time, in order,
// and the directory is synced before the next: what a crash leaves is always a row without a gap.
//
// Threads: one. Ages are told by a clock that a jump of the wall clock does not move.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/base/steady_clock.h"
#include "core/catalog/catalog.h"
#include "core/log/log_view.h"
#include "core/port/port.h"

namespace weir {

class LogRetention {
 public:
  static constexpr Token kOperations = 2;
  LogRetention(Port& port, LogView& view, const BusSpec& spec, Token token_base,
               SegmentList segments);

  // The segment that is written to is the last of the list, from when it has its name.
  void add(const SegmentInfo& segment);
  void set_last_bytes(std::uint64_t bytes);
  void drop_last();

  void set_floor(std::uint64_t sequence) { floor_ = std::max(floor_, sequence); }
  std::uint64_t floor() const { return floor_; }
  std::uint64_t bytes() const { return bytes_; }
  std::size_t segments() const { return segments_.size(); }
  // Of a log with another `bytes` to come, the size limit would be passed.
  bool over_limit(std::uint64_t bytes) const { return bytes_ + bytes > spec_.retain.bytes_max; }

  // Removes the oldest segment if it may go; `bytes_wanted` are to come. `directory` is synced
  // after it. Returns how many operations began.
  std::size_t poll(const SteadyClock& clock, const Now& now, std::uint64_t bytes_wanted,
                   Handle directory);
  // When time alone may let one go.
  MonotonicTime next_deadline() const {
    return removing_ || segments_.size() < 2 ? MonotonicTime::never() : look_again_;
  }
  bool mine(Token token) const { return token >= base_ && token < base_ + kOperations; }
  // Returns how many operations began. `error`: what failed, for people; empty: nothing.
  std::size_t complete(const Completion& completion, const Now& now, std::string& error);

  std::uint64_t removed() const { return removed_; }
  std::uint64_t dropped_blocks() const { return dropped_blocks_; }

 private:
  static constexpr Nanoseconds kLookEvery = 1s;
  void publish();
  std::size_t remove_oldest();

  Port& port_;
  LogView& view_;
  const BusSpec& spec_;
  const Token base_;
  SegmentList segments_;
  std::uint64_t bytes_ = 0;
  std::uint64_t floor_ = 0;
  Handle directory_;
  bool removing_ = false;
  MonotonicTime look_again_;
  std::uint64_t removed_ = 0;
  std::uint64_t dropped_blocks_ = 0;
};

}  // namespace weir
