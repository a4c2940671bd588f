// What a sink keeps for each port and each connection, and what it does with received bytes: count
// lines, read stamps, copy.
//
// Without a check a chunk costs one vectorised pass that counts line ends. With it every line is
// found and its stamp read; only a line cut by the end of a chunk is copied, at most kHeadBytesMax
// of it. Owned by one Sink and its thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/port/port.h"
#include "tools/common/histogram.h"
#include "tools/common/sockets.h"
#include "tools/sink/http_receiver.h"
#include "tools/sink/sequence_check.h"
#include "tools/sink/sink_acks.h"

namespace weir {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

struct SinkPort {
  Endpoint endpoint;
  Fd listener;
  File output;
  std::uint64_t records = 0;  // lines
  std::uint64_t bytes = 0;
  std::uint64_t receives = 0;
  std::uint64_t partial_lines = 0;  // bytes without a line end when a connection ended
  std::uint64_t connections = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t closed_on_demand = 0;  // --close-every
  std::uint64_t failed = 0;            // connections that ended by a reset
  std::uint64_t errors_told = 0;       // --ack-fail-every, of connections that ended
  bool http = false;
  std::uint64_t requests = 0;         // HTTP
  std::uint64_t requests_failed = 0;  // answered with a failure
  std::uint64_t records_seen = 0;     // --fail-records-every
  std::uint64_t records_failed = 0;
  std::uint64_t stamped = 0;    // stamps found
  std::uint64_t unstamped = 0;  // lines without one
  std::int64_t first_ns = 0;    // of the first and last byte; 0: none came
  std::int64_t last_ns = 0;
  bool stall_due = false;  // --stall not yet done
  std::int64_t stalled_until_ns = 0;
  SequenceCheck check;
  Histogram latency;
};

struct SinkConnection {
  Fd fd;
  SinkPort* port = nullptr;
  std::size_t slot = 0;
  std::uint64_t records = 0;
  bool mid_line = false;  // the last byte was not a line end
  std::string head;       // check: the unfinished line, no more than kHeadBytesMax of it
  std::string unwritten;  // output: the unfinished line
  bool paused = false;    // not in the epoll set
  std::int64_t resume_ns = 0;
  SinkAcks acks;
  std::unique_ptr<HttpReceiver> http;  // null: lines
  std::uint64_t slice_left = 0;        // --slow: what may still be read in this slice
  std::int64_t slice_end_ns = 0;
};

// Lines longer than this (an array of many records) are checked only up to here.
inline constexpr std::size_t kHeadBytesMax = std::size_t{8} << 20U;

// Counts `chunk`, which was received at `now_ns`; `read_stamps`: for the check and the latency.
void take_chunk(SinkConnection& connection, std::string_view chunk, std::int64_t now_ns,
                bool read_stamps);
// The connection ended.
void take_end(SinkConnection& connection);

}  // namespace weir
