// Load: sends records on a schedule that no slow peer can stretch.
//
// Open loop: record k of the whole load is due at start + k / rate, and belongs to connection k mod
// N. A connection that cannot send falls behind its schedule and catches up as fast as the peer
// allows; how late bytes were is the slip, and a stamp says when a record was due. At the maximum
// rate there is no schedule: prepared memory is sent as fast as the peer takes it.
//
// One thread, non-blocking sockets, one epoll set. Life: connect(), run(), results().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/common/histogram.h"
#include "tools/common/stop_signals.h"
#include "tools/load/feed.h"

namespace weir {

// What records become over HTTP: lines of a body, or entries of PutEvents.
enum class LoadApi : std::uint8_t { bulk, put_events };

struct LoadOptions {
  Endpoint to;
  std::size_t connections = 1;
  std::uint64_t count = 0;  // records altogether; 0: until `duration`
  Nanoseconds duration{0};  // 0: until `count`
  double rate_per_s = 0;    // records altogether; 0: as fast as the peer takes them
  // The schedule's grain: records that fall due within it leave in one send. A wake-up of the peer
  // costs several microseconds of both, so a fine grain is paid for in CPU time.
  Nanoseconds tick{500us};
  bool stamp = false;
  Nanoseconds connect_time{0};  // how long to try a peer that refuses
  Nanoseconds patience{0};      // gives up when nothing moves for so long
  bool progress = false;        // a status line on standard error
  bool acks = false;            // AckedLoad: the peer acknowledges lines
  std::uint64_t window = 0;     // acks: records of a connection that may wait for theirs
  // Over HTTP (HttpLoad).
  bool http = false;
  LoadApi api = LoadApi::bulk;
  std::string authority;  // for the Host header
  std::string bus;
  std::string token;                        // bearer; empty: none
  std::uint64_t request_bytes = 1'000'000;  // bulk: of a body, about
  std::uint64_t request_entries = 10;       // put_events
};

struct LoadResults {
  std::uint64_t records = 0;      // whole records that the kernel took; acks: acknowledged
  std::uint64_t records_due = 0;  // on a schedule: how many it asked for
  std::uint64_t bytes = 0;
  std::uint64_t connections_failed = 0;
  double wall_s = 0;  // until the peer's kernel had acknowledged the last byte
  double cpu_s = 0;
  double behind_s = 0;   // how much later than scheduled the last record went
  Histogram slip;        // from due to taken by the kernel, by record
  bool complete = true;  // all that was asked for was sent and acknowledged, none refused
  std::string error;     // the first one
  // With acks, or over HTTP.
  std::uint64_t refused = 0;   // records the peer refused; acknowledged all the same
  std::uint64_t breaks = 0;    // connections that broke and were made anew
  std::uint64_t repeated = 0;  // records sent again after them
  std::string first_refusal;   // as the peer said it
  std::string first_break;
  Histogram ack_latency;  // from due (without a rate: from taken) to acknowledged, by record
};

class Load {
 public:
  Load(const LoadOptions& options, const RecordMemory& records);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  Status connect();
  void run();
  const LoadResults& results() const { return results_; }

 private:
  struct Connection {
    Connection(Feed f, std::size_t n) : feed(std::move(f)), number(n) {}
    Fd fd;
    Feed feed;
    std::size_t number;
    std::string_view chunk;     // being sent
    std::uint64_t records = 0;  // of the chunk
    std::size_t sent = 0;       // bytes of the chunk
    std::int64_t due_ns = 0;    // of its first record
    bool watched = false;       // waits for room to send
    bool shut = false;          // all sent, end of stream sent
    bool over = false;          // acknowledged, or failed
    int unacknowledged = 0;     // once shut: bytes, when last asked
  };

  bool paced() const { return options_.rate_per_s > 0; }
  std::uint64_t due_total(std::int64_t now_ns) const;
  std::uint64_t due_of(const Connection& connection, std::int64_t now_ns) const;
  void feed_due(std::int64_t now_ns);
  void next_chunk(Connection& connection, std::int64_t now_ns);
  void pump(Connection& connection, std::int64_t now_ns);
  void chunk_done(Connection& connection);
  void watch(Connection& connection, bool on);
  void shut_down(Connection& connection, std::int64_t now_ns);
  void check_shut(Connection& connection, std::int64_t now_ns);
  void handle(Connection& connection, std::uint32_t events, std::int64_t now_ns);
  void fail(Connection& connection, int code);
  void stop_if_due(std::int64_t now_ns);
  void stop_feeding();
  std::int64_t wait_limit_ns(std::int64_t now_ns) const;
  void wait(std::int64_t now_ns);
  void show_progress(std::int64_t now_ns);
  bool given_up(std::int64_t now_ns);

  const LoadOptions options_;
  StopSignals signals_;
  Fd epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t chunk_bytes_max_ = 0;
  std::int64_t start_ns_ = 0;
  std::uint64_t fed_total_ = 0;  // global records that feed_due has looked at
  bool stopping_ = false;        // duration over or signal: no further chunks
  bool interrupted_ = false;
  std::size_t closing_ = 0;  // connections shut, but not over
  std::size_t over_ = 0;
  std::size_t blocked_ = 0;    // connections that wait for room to send
  std::int64_t moved_ns_ = 0;  // when a byte was last taken
  std::int64_t shown_ns_ = 0;
  std::uint64_t shown_bytes_ = 0;
  LoadResults results_;
};

}  // namespace weir
