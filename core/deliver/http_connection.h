// HttpConnection: one keep-alive connection of an HTTP target, and the one request it carries.
//
//     closed --(a batch)--> connecting --> busy --(answer)--> idle --(a batch)--> busy
//        ^                      |           |                   |
//        +-------<-------- closing <--------+-------------------+   (error, deadline, the peer's
//        end)
//
// It ends every request in exactly one Outcome, told only when no operation uses the batch any
// more. An answer counts only if it is sound, and 2xx only if it came after the whole request was
// sent. A kept connection that turns out to be gone before a byte of the answer came is `stale`:
// the request has a right to another connection.
//
// Threads: the Writer's only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/deliver/sink.h"
#include "core/http/response_reader.h"
#include "core/port/port.h"

namespace weir {

struct HttpBatch;

class HttpConnection {
 public:
  enum class Outcome : std::uint8_t {
    none,         // under way, or nothing is
    answered,     // response()
    stale,        // not the request's fault: send it again
    unconnected,  // no connection came about: nothing was sent
    broken,       // the connection or the answer: error()
    timed_out
  };

  HttpConnection(Port& port, std::uint32_t sink, std::uint16_t part)
      : port_(port), sink_(sink), part_(part) {}

  // May take a request.
  bool free() const { return state_ == State::closed || state_ == State::idle; }
  bool idle() const { return state_ == State::idle; }
  // No operation under way uses memory of ours, nothing is open.
  bool quiescent() const { return state_ == State::closed; }

  // Sends head and body, which stay untouched until the outcome. Connects first where needed.
  void send(const Endpoint& endpoint, HttpBatch& batch, std::span<const char> request,
            std::uint64_t body_bytes_max, MonotonicTime deadline);
  void complete(SinkToken token, std::int64_t result, std::span<const char> bytes);
  // Deadlines, and receives that found no buffer.
  void progress(const Now& now);
  MonotonicTime deadline() const {
    const bool waits = state_ == State::connecting || state_ == State::busy;
    return waits ? deadline_ : MonotonicTime::never();
  }

  // The outcome of the request, once; then the connection is free again, or will be.
  Outcome take_outcome();
  HttpBatch* batch() const { return batch_; }
  const HttpResponseReader& response() const { return reader_; }
  std::int64_t error() const {
    return error_;
  }  // negative, see error_text(); 0: the answer's fault
  // A connection came about for this request.
  bool take_connected_anew() { return std::exchange(connected_anew_, false); }
  std::uint16_t part() const { return part_; }

  // The address has changed: the request under way is the last one.
  void let_go();
  // Gives the request up and closes; its outcome does not matter any more.
  void close();

 private:
  enum class State : std::uint8_t { closed, connecting, busy, idle, closing };

  Token token(SinkOp op) const {
    return pack({.sink = sink_, .generation = generation_, .op = op, .part = part_});
  }
  void connected(std::int64_t result);
  void sent(std::int64_t result);
  void received(std::int64_t result, std::span<const char> bytes);
  void send_more();
  void receive();
  void answered();
  void fail(Outcome outcome, std::int64_t error);
  void shut();

  Port& port_;
  std::uint32_t sink_;
  std::uint16_t part_;
  std::uint16_t generation_ = 0;
  State state_ = State::closed;
  Handle handle_;
  HttpBatch* batch_ = nullptr;
  std::span<const char> unsent_;
  bool sending_ = false;
  bool send_failed_ = false;
  bool receiving_ = false;
  bool kept_ = false;  // the connection has carried a request before this one
  bool last_ = false;  // request of this connection
  bool connected_anew_ = false;
  MonotonicTime deadline_ = MonotonicTime::never();
  Outcome outcome_ = Outcome::none;
  std::int64_t error_ = 0;
  HttpResponseReader reader_;
};

}  // namespace weir
