// HttpServer: the stage that speaks HTTP/1.1: takes connections, reads requests (core/http), gives
// whole ones to a handler and sends the answers.
//
// An idle connection holds no buffer: receives take one at the moment data is there, and what a
// request needs is taken when its first byte comes and given back behind its answer. One request
// of a connection is under way at a time; what came behind it waits, and nothing more is received
// until it is answered.
//
// Whoever is slow is cut off: a head has kHeadDeadline, a body kBodyGrace and then a rate of at
// least kBodyBytesPerSecond, a send that does not get on kSendDeadline, an idle connection
// Limits::idle.
// A refused request is answered, then the connection closes; for kLingerDeadline it is still read,
// so that the answer is not lost in a reset.
//
// Threads: one, the loop that polls it; counters may be read from any.
// Memory: kBuffers x kBufferBytes; about 200 bytes for each connection; heads, bodies, inflated
// bodies and answers of all requests together Limits::memory_bytes_max and the largest body more:
// beyond it requests are answered 503.
// Lifetime: the handler outlives it. Requests under way are gone when it goes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/body_inflater.h"
#include "core/http/request_reader.h"
#include "core/ingest/ingest.h"
#include "core/port/port.h"
#include "core/port/stage.h"
#include "core/serve/http_exchange.h"
#include "core/serve/server_exchange.h"
#include "core/sync/counter.h"

namespace weir {

struct HttpListener {
  Handle handle;
  SourceId source;
  HttpRequestLimits limits = {};
};

struct HttpServerCounters {
  Counter connections_open;
  Counter connections_total;
  Counter connections_failed;   // not accepted: out of descriptors
  Counter connections_delayed;  // the limit was reached, the next one waits
  Counter requests;             // whole ones
  Counter requests_refused;     // by the reader: framing, limits, codings
  Counter requests_cut;         // ended in the middle
  Counter requests_slow;        // head, body or reading of the answer took too long
  Counter requests_no_memory;   // answered 503
  Counter answers_good;         // 2xx
  Counter answers_client;       // 4xx
  Counter answers_server;       // 5xx
  Counter bytes_in;
  Counter bytes_out;
};

class HttpServer final : public Stage, public HttpExchanges {
 public:
  static constexpr std::size_t kBuffers = 8;
  static constexpr std::size_t kBufferBytes = 128 * kKiB;
  static constexpr Nanoseconds kHeadDeadline = 10s;
  static constexpr Nanoseconds kBodyGrace = 20s;
  static constexpr std::uint64_t kBodyBytesPerSecond = 1024;
  static constexpr Nanoseconds kSendDeadline = 30s;
  static constexpr Nanoseconds kLingerDeadline = 2s;
  struct Limits {
    std::size_t connections_max = 16384;
    std::uint64_t memory_bytes_max = 128 * kMiB;
    Nanoseconds idle = 75s;
  };

  HttpServer(Port& port, std::vector<HttpListener> listeners, HttpHandler& handler,
             IngestEvents& events, const Limits& limits);
  ~HttpServer() override;

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;
  HttpExchange* find(std::uint64_t id) override;

  // Takes no more connections and requests; those that have begun are still read and answered.
  void stop(const Now& now);
  bool stopped() const { return stopping_ && open_ == 0; }
  const HttpServerCounters& counters() const { return counters_; }
  // What requests under way hold.
  std::uint64_t memory() const { return memory_; }

 private:
  friend class ServerExchange;
  enum class Phase : std::uint8_t {
    idle,
    head,
    body,
    handling,
    answering,
    lingering  // answered and ended; what still comes is thrown away
  };
  struct Connection {
    Handle handle;
    std::uint32_t generation = 0;
    std::uint32_t listener = 0;
    Phase phase = Phase::idle;
    bool open = false;
    bool receiving = false;
    bool sending = false;
    bool due = false;          // stands in due_
    std::uint8_t interim = 0;  // bytes of `100 Continue` that are not sent yet
    MonotonicTime since;       // the phase, or the last progress of a send
    std::unique_ptr<ServerExchange> exchange;
    std::string peer;
    std::string carry;         // came behind the request under way
    std::size_t carry_at = 0;  // taken of it
  };

  void arm_accept(std::size_t listener);
  void accepted(std::size_t listener, std::int64_t result, const Now& now);
  void receive(std::size_t slot);
  void received(std::size_t slot, const Completion& completion, const Now& now);
  void take(std::size_t slot, std::string_view bytes, const Now& now);
  std::size_t feed(std::size_t slot, std::string_view bytes, const Now& now);
  void go_on(std::size_t slot, const Now& now);
  void begin_request(std::size_t slot, const Now& now);
  void head_there(std::size_t slot, const Now& now);
  void request_there(std::size_t slot, const Now& now);
  void refuse(std::size_t slot, int status, std::string_view fault);
  void answer_due(std::size_t slot);
  std::size_t send_due();
  void send_more(std::size_t slot);
  void sent(std::size_t slot, std::int64_t result, const Now& now);
  void answered(std::size_t slot, const Now& now);
  void end_exchange(Connection& connection);
  void drop_carry(Connection& connection);
  void account(ServerExchange& exchange);
  void close(std::size_t slot);
  void check_deadlines(const Now& now);
  void check_deadline(std::size_t slot, const Now& now);
  void enter(Connection& connection, Phase phase, const Now& now);
  std::string_view date_line(const Now& now);

  Port& port_;
  const std::vector<HttpListener> listeners_;
  HttpHandler& handler_;
  IngestEvents& events_;
  const Limits limits_;
  HttpServerCounters counters_;
  BodyInflater inflater_;

  std::vector<char> buffers_;
  std::deque<Connection> connections_;  // by slot; a deque never moves them
  std::vector<std::size_t> free_slots_;
  std::vector<std::unique_ptr<ServerExchange>> spare_;
  std::vector<std::size_t> due_;  // slots with something to send
  std::vector<std::pair<std::size_t, std::uint32_t>> short_of_buffers_;  // slot, generation
  std::vector<MonotonicTime> accept_again_;  // by listener; never(): an accept is under way
  std::vector<std::size_t> full_listeners_;
  std::size_t open_ = 0;
  std::uint64_t memory_ = 0;
  std::uint64_t serial_ = 0;
  Now now_;  // of this poll
  MonotonicTime next_check_;
  bool stopping_ = false;
  std::int64_t date_second_ = -1;
  std::string date_line_;
};

}  // namespace weir
