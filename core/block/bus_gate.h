// BusGate: whether a bus takes input. Its log opens and closes it; who brings input asks before it
// reads: an Ingest does not receive for a bus that refuses, a file reader waits; for one that is
// slowed both take at the pace below.
//
// Threads: written by one, read by any.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/units.h"
#include "core/sync/counter.h"

namespace weir {

class BusGate {
 public:
  enum class State : std::uint8_t {
    accepting,
    slowed,       // space runs short: still taken, at a SlowPace
    disk_full,    // refusing: the file system has no space left
    log_full,     // refusing: retain.size is reached and cursors need all of it
    disk_failed,  // refusing: the disk takes no writes
  };
  void set(State state) { state_.set(static_cast<std::uint64_t>(state)); }
  State state() const { return static_cast<State>(state_.read()); }
  bool refusing() const { return state() > State::slowed; }

 private:
  Counter state_;
};

// How fast one reader takes input for a bus whose gate is slowed: so many bytes, then nothing until
// the next stretch of time begins. What is under way may go beyond once.
class SlowPace {
 public:
  static constexpr std::uint64_t kBytes = 1U << 20U;
  static constexpr Nanoseconds kEvery = 50ms;

  bool may_take(MonotonicTime now) {
    if (now - since_ >= kEvery) {
      since_ = now;
      taken_ = 0;
    }
    return taken_ < kBytes;
  }
  void took(std::uint64_t bytes) { taken_ += bytes; }

 private:
  MonotonicTime since_{Nanoseconds(-kEvery)};
  std::uint64_t taken_ = 0;
};

// Why a bus refuses, for senders: "the disk is full".
inline std::string_view refusal_text(BusGate::State state) {
  switch (state) {
    case BusGate::State::accepting:
    case BusGate::State::slowed:
      break;
    case BusGate::State::disk_full:
      return "the disk is full";
    case BusGate::State::log_full:
      return "the log has reached its size limit";
    case BusGate::State::disk_failed:
      return "the disk takes no writes";
  }
  return "";
}

}  // namespace weir
