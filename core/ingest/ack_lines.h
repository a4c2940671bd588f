// AckLines: what one acknowledged connection is still to be told, as lines of the ack protocol:
//
//     {"error":"malformed at byte 17","line":5}     a line that was refused, before its ack
//     {"ack":600}                                   every line up to here is safe or was refused
//     {"error":"bus default takes nothing: ..."}    no line: the connection waits
//
// Acks are cumulative and coalesced: only the newest is written. Pure bookkeeping; the Ingest
// sends.
//
// Threads: the Ingest's only. Memory: 16 bytes for each refused line that was not told yet; the
// Ingest limits their number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/block/block.h"

namespace weir {

class AckLines {
 public:
  // Most that write() appends; a line is shorter than 128 bytes but for say()'s.
  static constexpr std::size_t kWriteBytesMax = 4096;

  void refused(std::uint64_t line, RefuseReason reason, std::uint32_t error_offset) {
    refused_.push_back({.line = line, .offset = error_offset, .reason = reason});
  }
  void done(std::uint32_t lines) { done_ += lines; }
  // An error that belongs to no line.
  void say(std::string_view error);

  bool pending() const { return told_ < done_ || backlog() > 0 || !general_.empty(); }
  // Refused lines that were not told yet.
  std::size_t backlog() const { return refused_.size() - refused_told_; }
  std::uint64_t done() const { return done_; }

  // Appends whole lines to `out`, in order, as many as fit into kWriteBytesMax; call again while
  // pending(). An ack never covers a refused line that was not written before it.
  void write(std::string& out);

 private:
  struct Refused {
    std::uint64_t line;
    std::uint32_t offset;
    RefuseReason reason;
  };
  std::uint64_t done_ = 0;  // lines that are safe or refused
  std::uint64_t told_ = 0;  // the last ack written
  std::vector<Refused> refused_;
  std::size_t refused_told_ = 0;  // of refused_
  std::string general_;
};

// Why a line was refused, in words for its sender: "malformed at byte 17".
void append_refusal(RefuseReason reason, std::uint32_t error_offset, std::string& out);

}  // namespace weir
