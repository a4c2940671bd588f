#include "core/deliver/http_connection.h"

#include <cerrno>
#include <utility>

#include "core/base/check.h"

namespace weir {
namespace {

bool worth_another_try(std::int64_t result) {
  return result == -EAGAIN || result == -EINTR || result == -ENOBUFS;
}

}  // namespace

void HttpConnection::send(const Endpoint& endpoint, HttpBatch& batch, std::span<const char> request,
                          std::uint64_t body_bytes_max, MonotonicTime deadline) {
  WEIR_CHECK(free() && batch_ == nullptr);
  batch_ = &batch;
  unsent_ = request;
  deadline_ = deadline;
  outcome_ = Outcome::none;
  error_ = 0;
  connected_anew_ = false;
  send_failed_ = false;
  reader_.begin(body_bytes_max);
  if (state_ == State::idle) {
    kept_ = true;
    state_ = State::busy;
    send_more();
    return;
  }
  kept_ = false;
  last_ = false;
  state_ = State::connecting;
  ++generation_;
  port_.connect(endpoint, token(SinkOp::connect));
}

void HttpConnection::complete(SinkToken token, std::int64_t result, std::span<const char> bytes) {
  if (token.op == SinkOp::send) {  // never two at once, and waited for before the next connection
    sent(result);
  } else if (token.generation == generation_) {
    if (token.op == SinkOp::connect) connected(result);
    if (token.op == SinkOp::receive) received(result, bytes);
  } else if (token.op == SinkOp::connect && result >= 0) {
    port_.close(Handle{static_cast<std::int32_t>(result)});
  }
}

void HttpConnection::connected(std::int64_t result) {
  if (state_ != State::connecting) return;
  if (result < 0) {
    state_ = State::closed;
    outcome_ = Outcome::unconnected;
    error_ = result;
    return;
  }
  handle_ = Handle{static_cast<std::int32_t>(result)};
  state_ = State::busy;
  connected_anew_ = true;
  receive();
  send_more();
}

void HttpConnection::send_more() {
  sending_ = true;
  port_.send(handle_, unsent_, token(SinkOp::send));
}

void HttpConnection::receive() {
  receiving_ = true;
  port_.receive(handle_, token(SinkOp::receive));
}

void HttpConnection::sent(std::int64_t result) {
  WEIR_CHECK(sending_);
  sending_ = false;
  if (state_ == State::closing) {
    state_ = State::closed;
    return;
  }
  if (result > 0) {
    unsent_ = unsent_.subspan(static_cast<std::size_t>(result));
  } else if (!worth_another_try(result)) {
    // What the peer said before it closed may still lie there; its end comes by the receive.
    send_failed_ = true;
    if (!receiving_) fail(Outcome::broken, result == 0 ? -EPIPE : result);
    return;
  }
  if (state_ == State::busy && !unsent_.empty()) send_more();
}

void HttpConnection::received(std::int64_t result, std::span<const char> bytes) {
  receiving_ = false;
  if (worth_another_try(result)) return;     // progress() asks again
  if (state_ == State::idle) return shut();  // its end, or an answer before the request
  if (state_ != State::busy) return;
  if (result > 0) {
    reader_.read({bytes.data(), bytes.size()});
  } else if (result == 0) {
    reader_.end();
  }
  switch (reader_.state()) {
    case HttpResponseReader::State::reading:
      if (result < 0) return fail(Outcome::broken, result);
      return receive();
    case HttpResponseReader::State::broken:
      return fail(Outcome::broken, !reader_.begun() ? -ECONNRESET : 0);
    case HttpResponseReader::State::complete:
    case HttpResponseReader::State::over_cap:
      return answered();
  }
}

void HttpConnection::answered() {
  const bool complete_request = !sending_ && !send_failed_ && unsent_.empty();
  const bool success = reader_.status() < 300;
  outcome_ = success && !complete_request ? Outcome::broken : Outcome::answered;
  error_ = 0;
  if (reader_.reusable() && complete_request && !last_) {
    state_ = State::idle;
    receive();  // hears of the peer's end
  } else {
    shut();
  }
}

void HttpConnection::fail(Outcome outcome, std::int64_t error) {
  const bool gone = error == -ECONNRESET || error == -EPIPE;
  const bool stale = outcome == Outcome::broken && kept_ && !reader_.begun() && gone;
  outcome_ = stale ? Outcome::stale : outcome;
  error_ = error;
  shut();
}

void HttpConnection::shut() {
  port_.close(handle_);
  handle_ = Handle{};
  ++generation_;
  receiving_ = false;
  state_ = sending_ ? State::closing : State::closed;
}

void HttpConnection::progress(const Now& now) {
  if (state_ == State::idle && !receiving_) receive();
  if (state_ == State::connecting && now.monotonic >= deadline_) {
    ++generation_;  // a connection that comes now is closed
    state_ = State::closed;
    outcome_ = Outcome::unconnected;
    error_ = -ETIMEDOUT;
  }
  if (state_ != State::busy) return;
  if (now.monotonic >= deadline_) return fail(Outcome::timed_out, -ETIMEDOUT);
  if (!receiving_) receive();
}

HttpConnection::Outcome HttpConnection::take_outcome() {
  if (outcome_ == Outcome::none || sending_) return Outcome::none;
  batch_ = nullptr;
  return std::exchange(outcome_, Outcome::none);
}

void HttpConnection::let_go() {
  last_ = true;
  if (state_ == State::idle) shut();
}

void HttpConnection::close() {
  if (state_ == State::connecting) {
    ++generation_;
    state_ = State::closed;
  } else if (state_ == State::busy || state_ == State::idle) {
    shut();
  }
  outcome_ = Outcome::none;
  batch_ = nullptr;
}

}  // namespace weir
