// Sink: receives on several ports and counts, with faults on demand.
//
// One thread, one epoll set, one large receive buffer: it must cost little beside the router that
// it measures, and faults need timers and no locks. Life: open() the ports, run() until a signal,
// the expected number of records, an idle time, or the end of all connections; then read ports().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/common/stop_signals.h"
#include "tools/sink/sink_connection.h"

namespace weir {

struct SinkOptions {
  std::vector<Endpoint> listen;
  bool read_stamps = false;   // for the check, the latency
  std::uint64_t expect = 0;   // records over all ports that end it; 0: no number does
  Nanoseconds idle_limit{0};  // ends it when nothing came for so long; 0: never
  bool once = false;          // ends when all connections that came have ended
  std::string output;         // copy of what came; with several ports, one file for each
  std::uint64_t receive_buffer_bytes = 0;
  std::uint64_t stall_after_records = 0;
  Nanoseconds stall_after_time{0};
  Nanoseconds stall_time{0};      // 0: no stall
  std::uint64_t close_every = 0;  // records of a connection; 0: never
  std::uint64_t slow_bytes_per_s = 0;
  SinkAckOptions acks;
  std::vector<Endpoint> listen_http;
  HttpSinkOptions http;
  bool progress = false;  // a status line on standard error
};

class Sink {
 public:
  explicit Sink(const SinkOptions& options);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Opens every port; prints "listening on ..." for each on standard error once all are open.
  Status open();
  void run();

  const std::vector<std::unique_ptr<SinkPort>>& ports() const { return ports_; }
  std::uint64_t records() const;

 private:
  Status open_port(const Endpoint& endpoint, bool http);
  bool finished(std::int64_t now_ns);
  int wait_ms(std::int64_t now_ns) const;
  void accept_from(SinkPort& port);
  void receive(SinkConnection& connection, std::int64_t now_ns);
  bool receive_once(SinkConnection& connection, std::int64_t now_ns, std::size_t limit);
  void apply_faults(SinkConnection& connection, std::int64_t now_ns);
  void stall_if_due(SinkPort& port, std::int64_t now_ns);
  std::size_t read_limit(SinkConnection& connection, std::int64_t now_ns) const;
  void pause(SinkConnection& connection, std::int64_t until_ns);
  void resume_due(std::int64_t now_ns);
  void end(SinkConnection& connection, bool dropped = false);
  void send_acks(std::int64_t now_ns);
  void send_answers(std::int64_t now_ns);
  void drain();
  void show_progress(std::int64_t now_ns);

  const SinkOptions options_;
  StopSignals signals_;
  Fd epoll_;
  std::vector<std::unique_ptr<SinkPort>> ports_;
  std::vector<std::unique_ptr<SinkConnection>> connections_;  // by slot; null: free
  std::vector<std::size_t> free_slots_;
  std::vector<std::size_t> ended_slots_;  // free once the current batch of events is done
  std::size_t paused_ = 0;
  Random random_;
  std::unique_ptr<char[]> buffer_;
  std::int64_t last_byte_ns_ = 0;  // or the start
  std::int64_t shown_ns_ = 0;
  std::uint64_t shown_records_ = 0;
  std::uint64_t shown_bytes_ = 0;
};

}  // namespace weir
