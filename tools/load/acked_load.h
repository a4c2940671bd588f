// AckedLoad: a load whose records are acknowledged by the peer, line by line (`acks: true` at a
// router's source). A record is done when it is acknowledged; after a break the connection is made
// anew and goes on with the first record that was not, so that none is left out and some may come
// twice.
//
// The same schedule as Load; but no more than `window` records of a connection wait for their acks,
// and the latency is from due to acknowledged. One thread, non-blocking sockets, one epoll set.
// Life: connect(), run(), results().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/common/stop_signals.h"
#include "tools/load/feed.h"
#include "tools/load/load.h"
#include "tools/load/unacked.h"

namespace weir {

class AckedLoad {
 public:
  AckedLoad(const LoadOptions& options, const RecordMemory& records);
  ~AckedLoad();
  AckedLoad(const AckedLoad&) = delete;
  AckedLoad& operator=(const AckedLoad&) = delete;

  Status connect();
  void run();
  const LoadResults& results() const { return results_; }

 private:
  struct Connection {
    Connection(Feed f, std::size_t n) : feed(std::move(f)), number(n) {}
    Fd fd;  // not open: to be made anew at retry_ns
    Feed feed;
    std::size_t number;
    Unacked unacked;
    std::uint64_t base = 0;  // records acknowledged before this connection
    std::string heard;       // an unfinished line of the peer
    bool blocked = false;    // waits for room to send
    bool shut = false;       // all sent, end of stream sent
    bool over = false;
    std::int64_t retry_ns = 0;
  };

  bool paced() const { return options_.rate_per_s > 0; }
  bool all_taken(const Connection& connection) const {
    return stopping_ || connection.feed.exhausted();
  }
  std::uint64_t due_of(const Connection& connection, std::int64_t now_ns) const;
  std::int64_t due_ns(const Connection& connection, std::uint64_t record) const;
  bool take_more(Connection& connection, std::int64_t now_ns);
  void pump(Connection& connection, std::int64_t now_ns);
  void hear(Connection& connection, std::int64_t now_ns);
  bool take_line(Connection& connection, std::string_view line, std::int64_t now_ns);
  void watch(Connection& connection, bool blocked);
  void broke(Connection& connection, const std::string& what, std::int64_t now_ns);
  void connect_again(Connection& connection, std::int64_t now_ns);
  void give_up(const std::string& why);
  void round(std::int64_t now_ns);
  void wait(std::int64_t now_ns);
  void finish(Connection& connection);
  void show_progress(std::int64_t now_ns);

  const LoadOptions options_;
  StopSignals signals_;
  Fd epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::int64_t start_ns_ = 0;
  std::int64_t moved_ns_ = 0;  // when something was last acknowledged or sent
  std::int64_t shown_ns_ = 0;
  std::size_t over_ = 0;
  bool stopping_ = false;  // duration over or signal: no further records
  bool interrupted_ = false;
  LoadResults results_;
};

}  // namespace weir
