// SegmentPreparer: makes the next segment's file ready ahead of its use: allocated and synced,
// under a name that means nothing yet. Its space is there and its metadata written, so that later
// syncs have only data to wait for.
//
// On a full disk it tries smaller files, down to kBytesMin, before it gives up for a while. Where
// the file system refuses O_DIRECT it goes without, and says so by direct().
//
// Threads: one. Operations use the tokens that `operation` makes of small numbers.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/units.h"
#include "core/port/port.h"

namespace weir {

struct SegmentFile {
  Handle handle;
  std::uint64_t bytes = 0;
};

class SegmentPreparer {
 public:
  static constexpr std::uint64_t kBytesMin = 4 * kMiB;
  static constexpr Nanoseconds kRetryAfter = 250ms;

  // Tokens token_base .. token_base + kOperations - 1 are its own.
  static constexpr Token kOperations = 8;
  SegmentPreparer(Port& port, std::string path, std::uint64_t bytes, Token token_base);

  // Begins, if nothing is ready or under way and the last failure is some time ago. Returns how
  // many operations it began (0 or 1); complete() may begin another and then returns 1 as well.
  std::size_t want(const Now& now);
  bool mine(Token token) const { return token >= base_ && token < base_ + kOperations; }
  std::size_t complete(const Completion& completion, const Now& now);

  bool ready() const { return state_ == State::ready; }
  bool busy() const { return state_ == State::working; }
  // The file is the caller's; its name is free again once it has been renamed.
  SegmentFile take();
  // A taken file that was not written to.
  void put_back(SegmentFile file);
  void close();

  // What the last try failed with; 0 after a success.
  std::int64_t error() const { return error_; }
  MonotonicTime retry() const { return state_ == State::none ? again_ : MonotonicTime::never(); }
  bool direct() const { return direct_; }

 private:
  enum class State : std::uint8_t { none, working, ready };
  enum class Op : std::uint8_t { open, clear, allocate, extend, sync, give_up };
  std::size_t begin(Op op);
  std::size_t fail(std::int64_t error, const Now& now);

  Port& port_;
  const std::string path_;
  const std::uint64_t bytes_;
  const Token base_;
  State state_ = State::none;
  SegmentFile file_;
  bool direct_ = true;
  std::int64_t error_ = 0;
  MonotonicTime again_;
};

}  // namespace weir
