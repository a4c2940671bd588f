// HttpLoad: a load whose records go to a router over HTTP (see HttpRequest for the two ways), a
// request at a time on each connection: the next one leaves when the last is answered, so the
// answer is the acknowledgement. A record counts once it is accepted; what the router refuses is
// counted, what it puts off (503) is sent again after the time it names.
//
// With a rate, a request is due when its last record is; the latency is from due to answered,
// without a rate from sent to answered. One thread, non-blocking sockets, one epoll set.
// Life: connect(), run(), results().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/http/response_reader.h"
#include "tools/common/stop_signals.h"
#include "tools/load/feed.h"
#include "tools/load/http_request.h"
#include "tools/load/load.h"

namespace weir {

class HttpLoad {
 public:
  HttpLoad(const LoadOptions& options, const RecordMemory& records);
  ~HttpLoad();
  HttpLoad(const HttpLoad&) = delete;
  HttpLoad& operator=(const HttpLoad&) = delete;

  Status connect();
  void run();
  const LoadResults& results() const { return results_; }

 private:
  struct Connection {
    Connection(Feed f, std::size_t n) : feed(std::move(f)), number(n) {}
    Fd fd;
    Feed feed;
    std::size_t number;
    Chunk chunk;  // the records of the request
    HttpRequest request;
    std::size_t sent = 0;  // of the request
    HttpResponseReader reader;
    bool busy = false;  // a request is under way
    bool blocked = false;
    bool over = false;
    std::int64_t due_ns = 0;    // of the request
    std::int64_t retry_ns = 0;  // not before
  };

  bool begin(Connection& connection, std::int64_t now_ns);
  void send_again(Connection& connection);
  void pump(Connection& connection);
  void hear(Connection& connection, std::int64_t now_ns);
  void answered(Connection& connection, std::int64_t now_ns);
  void watch(Connection& connection, bool blocked);
  void fail(const std::string& why);
  void round(std::int64_t now_ns);
  void wait(std::int64_t now_ns);
  void show_progress(std::int64_t now_ns);

  const LoadOptions options_;
  StopSignals signals_;
  Fd epoll_;
  std::uint64_t records_each_ = 1;  // of a request
  std::vector<std::unique_ptr<Connection>> connections_;
  std::int64_t start_ns_ = 0;
  std::int64_t moved_ns_ = 0;
  std::int64_t shown_ns_ = 0;
  std::size_t over_ = 0;
  bool stopping_ = false;
  bool interrupted_ = false;
  LoadResults results_;
};

}  // namespace weir
