#include "core/deliver/stream_sink.h"

#include <algorithm>
#include <cerrno>

#include "core/deliver/undelivered.h"

namespace weir {

StreamSink::StreamSink(Setup setup) : Sink(std::move(setup)) {
  sent_most_ = buffer_.base();
}

void StreamSink::hear(SinkToken token, std::span<const char> bytes) {
  const bool current = token.generation == generation_ && state_ == State::open;
  if (spec_.acks && current && peer_acks_.fault().empty()) peer_acks_.hear(bytes);
}

void StreamSink::complete(SinkToken token, std::int64_t result, const Now& now) {
  if (token.op == SinkOp::send) {
    sent(result, now);
    return;
  }
  if (token.generation != generation_) {
    // Of a connection that is given up. One that was made nevertheless is not wanted any more.
    if (token.op == SinkOp::connect && result >= 0) {
      world_.port.close(Handle{static_cast<std::int32_t>(result)});
    }
    return;
  }
  if (token.op == SinkOp::connect) connected(result, now);
  if (token.op == SinkOp::receive) received(result, now);
}

void StreamSink::progress(const Now& now) {
  switch (state_) {
    case State::closed:
      undelivered_.give_up(now);
      if (abandoned_ || handing_over_ || undelivered_.holds()) break;
      if (buffer_.closed() > buffer_.base()) connect();
      break;
    case State::waiting:
      undelivered_.give_up(now);
      if (now.monotonic < timer_ || undelivered_.holds()) break;
      timer_ = MonotonicTime::never();
      state_ = State::closed;
      if (buffer_.closed() > buffer_.base()) connect();
      break;
    case State::open:
      progress_open(now);
      break;
    case State::finishing:
      if (now.monotonic >= timer_) {
        close();
      } else if (!receiving_) {
        receiving_ = true;
        world_.port.receive(handle_, token(SinkOp::receive));
      }
      break;
    case State::connecting:
    case State::failing:
      break;
  }
}

MonotonicTime StreamSink::deadline() const {
  switch (state_) {
    case State::closed:
      return abandoned_ ? MonotonicTime::never() : undelivered_.give_up_at();
    case State::waiting:
      if (undelivered_.holds()) return MonotonicTime::never();
      return std::min(timer_, undelivered_.give_up_at());
    case State::open:
      return std::min(timer_, stalls_at());
    case State::connecting:
    case State::failing:
    case State::finishing:
      break;
  }
  return timer_;
}

std::uint64_t StreamSink::limit() const {
  return handing_over_ ? stop_at_ : undelivered_.send_limit(buffer_.closed());
}

void StreamSink::connect() {
  state_ = State::connecting;
  timer_ = MonotonicTime::never();
  ++generation_;
  set_state(TargetState::connecting);
  world_.port.connect(spec_.endpoint, token(SinkOp::connect));
}

void StreamSink::connected(std::int64_t result, const Now& now) {
  if (result < 0) {
    counters_.connect_failures.add();
    const std::string what = "cannot connect: " + error_text(result);
    undelivered_.failed({.code = "CONNECTION_FAILED", .message = what}, buffer_.closed(), now);
    retry_later(now, what);
    return;
  }
  handle_ = Handle{static_cast<std::int32_t>(result)};
  state_ = State::open;
  began_ = sent_ = acknowledged_ = buffer_.base();
  serial_ = buffer_.first_serial();
  moved_at_ = now.monotonic;
  tick_ = kTickFirst;
  timer_ = MonotonicTime::never();
  receiving_ = false;
  peer_ended_ = false;
  peer_acks_.begin();
  counters_.connects.add();
  set_state(TargetState::connected);
  if (std::exchange(troubled_, false)) {
    reporter_.tell(now, WriterHost::Level::info,
                   spec_.name + ": connected again to " + to_string(spec_.endpoint));
  }
}

void StreamSink::progress_open(const Now& now) {
  if (!receiving_ && !peer_ended_) {
    receiving_ = true;
    world_.port.receive(handle_, token(SinkOp::receive));
  }
  if (spec_.acks && peer_acks_.more() && acknowledged_ < sent_) pass_acknowledged(now);
  if (now.monotonic >= timer_) look_at_acknowledgements(now);
  if (state_ == State::open && now.monotonic >= stalls_at()) return let_go_of_stalled(now);
  if (state_ != State::open || sending_bytes_ != 0) return;
  const std::uint64_t end = limit();
  if (sent_ < end) {
    if (acknowledged_ == sent_) moved_at_ = now.monotonic;
    const auto piece = buffer_.piece(sent_, std::min(end, sent_ + kSendBytesMax));
    sending_bytes_ = piece.size();
    world_.port.send(handle_, piece, token(SinkOp::send));
  } else if (acknowledged_ == sent_) {
    if (handing_over_ || (closing_ && buffer_.pending() == 0)) finish(now);
  }
}

void StreamSink::sent(std::int64_t result, const Now& now) {
  WEIR_CHECK(sending_bytes_ != 0 && result <= static_cast<std::int64_t>(sending_bytes_));
  sending_bytes_ = 0;
  if (abandoned_) return;
  if (result > 0) {
    const std::uint64_t from = sent_;
    sent_ += static_cast<std::uint64_t>(result);
    if (from < sent_most_) counters_.resent_bytes.add(std::min(sent_, sent_most_) - from);
    sent_most_ = std::max(sent_most_, sent_);
  }
  if (state_ == State::failing) {
    lost(now);
  } else if (result > 0) {
    look_at_acknowledgements(now);
  } else if (result != -EAGAIN && result != -EINTR) {
    broke(result == 0 ? -EPIPE : result, now);
  }
}

void StreamSink::received(std::int64_t result, const Now& now) {
  receiving_ = false;
  if (result > 0 || result == -ENOBUFS || result == -EAGAIN || result == -EINTR) {
    // Without acks nobody asked the peer to talk; what it says is read so that it cannot block us.
    if (spec_.acks && result > 0 && state_ == State::open) pass_acknowledged(now);
    return;
  }
  if (state_ == State::finishing) {
    close();
    return;
  }
  if (result == 0) {
    if (spec_.acks && state_ == State::open) {  // it can acknowledge nothing more
      if (acknowledged_ < sent_ || sending_bytes_ != 0) return broke(-EPIPE, now);
      return close();
    }
    peer_ended_ = true;  // it may still read
    if (acknowledged_ < sent_) timer_ = now.monotonic;
    return;
  }
  broke(result, now);
}

// Settles the lines that the peer has acknowledged.
void StreamSink::pass_acknowledged(const Now& now) {
  const std::uint64_t before = acknowledged_;
  while (peer_acks_.more() && acknowledged_ < sent_ && !undelivered_.full()) {
    const std::uint64_t behind = buffer_.boundary_after(acknowledged_);
    if (behind > sent_) break;  // a line that it has decided on before it had all of it
    const BatchBuffer::Lot line = buffer_.line(acknowledged_, behind, serial_);
    acknowledged_ = behind;
    serial_ += line.records;
    const std::string* refusal = peer_acks_.pass();
    if (refusal == nullptr) continue;
    counters_.refused.add(line.records);
    undelivered_.refused(line, *refusal, now);
    reporter_.tell(now, WriterHost::Level::warning,
                   spec_.name + ": the peer refused a record: " + *refusal);
  }
  if (acknowledged_ > before) {
    moved(now);
    buffer_.settle(acknowledged_);
  }
  const std::string notice = peer_acks_.take_notice();
  if (!notice.empty()) note_error(now, to_string(spec_.endpoint) + ": " + notice);
  const bool too_many = peer_acks_.more() && acknowledged_ == sent_ && sending_bytes_ == 0;
  if (peer_acks_.fault().empty() && !too_many) return;
  note_error(now, to_string(spec_.endpoint) + ": " +
                      (too_many ? "it acknowledges what was never sent" : peer_acks_.fault()));
  broke(-EPROTO, now);
}

std::uint64_t StreamSink::acknowledged_bytes() const {
  if (spec_.acks || !handle_.valid()) return acknowledged_;
  // Never more than this connection was given: unix sockets count their own overhead too.
  return sent_ - std::min(world_.port.unacknowledged(handle_), sent_ - began_);
}

void StreamSink::look_at_acknowledgements(const Now& now) {
  if (spec_.acks) return pass_acknowledged(now);
  if (const std::uint64_t arrived = acknowledged_bytes(); arrived > acknowledged_) {
    acknowledged_ = arrived;
    moved(now);
    tick_ = kTickFirst;
    buffer_.settle(acknowledged_);
  } else {
    tick_ = std::min(tick_ * 2, kTickMost);
  }
  if (acknowledged_ == sent_) {
    timer_ = MonotonicTime::never();
    return;
  }
  timer_ = now.monotonic + tick_;
  if (peer_ended_ && state_ == State::open && world_.port.broken(handle_)) broke(-ECONNRESET, now);
}

// Something has arrived.
void StreamSink::moved(const Now& now) {
  backoff_.reset();
  moved_at_ = now.monotonic;
  undelivered_.succeeded();
}

MonotonicTime StreamSink::stalls_at() const {
  if (acknowledged_ == sent_ && sending_bytes_ == 0) return MonotonicTime::never();
  const MonotonicTime too_old = undelivered_.too_old_at();
  if (handing_over_ || too_old == MonotonicTime::never()) return MonotonicTime::never();
  return std::max(too_old, moved_at_ + kStalledAfter);
}

// A send under way ends because the connection does.
void StreamSink::let_go_of_stalled(const Now& now) {
  acknowledged_ = std::max(acknowledged_, acknowledged_bytes());
  error_ = -ETIMEDOUT;
  state_ = State::failing;
  timer_ = MonotonicTime::never();
  forget_connection();
  if (sending_bytes_ == 0) lost(now);
}

void StreamSink::broke(std::int64_t error, const Now& now) {
  if (state_ != State::open) return;
  error_ = error;
  state_ = State::failing;
  timer_ = MonotonicTime::never();
  // How much the kernel took is known only when the send under way has come back.
  if (sending_bytes_ == 0) lost(now);
}

void StreamSink::lost(const Now& now) {
  const std::uint64_t arrived = acknowledged_bytes();
  if (arrived > acknowledged_) moved(now);
  acknowledged_ = std::max(acknowledged_, arrived);
  const std::uint64_t again = buffer_.rewind(acknowledged_);
  counters_.disconnects.add();
  const std::uint64_t bytes = sent_ - again;
  if (handle_.valid()) forget_connection();
  const bool stalled = error_ == -ETIMEDOUT;
  std::string what = "connection lost: " + error_text(error_);
  if (bytes > 0) {
    undelivered_.failed({.code = stalled ? "TIMEOUT" : "CONNECTION_BROKEN", .message = what}, sent_,
                        now);
    what += ", " + std::to_string(bytes) + " bytes to be sent again";
  }
  retry_later(now, what);
}

void StreamSink::retry_later(const Now& now, const std::string& what) {
  if (handing_over_) {
    state_ = State::closed;
    return;
  }
  const Nanoseconds wait = backoff_.next(world_.random);
  state_ = State::waiting;
  timer_ = now.monotonic + wait;
  set_state(TargetState::reconnecting);
  note_error(now, to_string(spec_.endpoint) + ": " + what);
}

void StreamSink::finish(const Now& now) {
  if (peer_ended_) {
    close();
    return;
  }
  // Closing at once with something unread would make the kernel reset the connection, and the
  // peer could lose what it has not read yet. So we say that we are done and wait for its end.
  world_.port.shutdown_send(handle_);
  state_ = State::finishing;
  timer_ = now.monotonic + kFinishWait;
}

void StreamSink::close() {
  forget_connection();
  state_ = State::closed;
  set_state(closing_ ? TargetState::retired : TargetState::idle);
}

void StreamSink::forget_connection() {
  world_.port.close(handle_);
  ++generation_;
  handle_ = Handle{};
  receiving_ = false;
  timer_ = MonotonicTime::never();
}

void StreamSink::hand_over() {
  handing_over_ = true;
  const std::uint64_t in_hand = sent_ + sending_bytes_;
  switch (state_) {
    case State::connecting:
      ++generation_;
      state_ = State::closed;
      break;
    case State::waiting:
      state_ = State::closed;
      break;
    case State::open:
      stop_at_ = in_hand == buffer_.base() ? in_hand : buffer_.batch_end(in_hand);
      break;
    case State::closed:
    case State::failing:
    case State::finishing:
      break;
  }
  if (state_ == State::closed) timer_ = MonotonicTime::never();
}

void StreamSink::abandon() {
  abandoned_ = true;
  if (state_ == State::open && acknowledged_ == sent_ && sending_bytes_ == 0) {
    world_.port.shutdown_send(handle_);
  }
  if (handle_.valid()) forget_connection();
  if (state_ == State::connecting) ++generation_;
  state_ = State::closed;
  timer_ = MonotonicTime::never();
  set_state(TargetState::retired);
}

}  // namespace weir
