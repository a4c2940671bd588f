#include "core/serve/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "core/base/give_back.h"
#include "core/http/http_date.h"
#include "core/ingest/ingest_token.h"

namespace weir {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr Nanoseconds kCheckEvery = 1s;
constexpr Nanoseconds kAcceptRetry = 100ms;
// After stop(): how long a request that has begun may still take to arrive.
constexpr Nanoseconds kStopDeadline = 5s;
constexpr std::size_t kSpareMax = 64;  // exchanges kept for the next requests

}  // namespace

HttpServer::HttpServer(Port& port, std::vector<HttpListener> listeners, HttpHandler& handler,
                       IngestEvents& events, const Limits& limits)
    : port_(port),
      listeners_(std::move(listeners)),
      handler_(handler),
      events_(events),
      limits_(limits),
      buffers_(kBuffers * kBufferBytes),
      accept_again_(listeners_.size(), MonotonicTime::never()) {
  WEIR_CHECK(limits_.connections_max <= IngestToken::kIndexMask);
  for (std::size_t i = 0; i < kBuffers; ++i) {
    port_.provide(static_cast<std::uint32_t>(i),
                  std::span(buffers_).subspan(i * kBufferBytes, kBufferBytes));
  }
  for (std::size_t i = 0; i < listeners_.size(); ++i) arm_accept(i);
}

HttpServer::~HttpServer() = default;

std::size_t HttpServer::poll(const Now& now) {
  now_ = now;
  for (const auto& [slot, generation] : std::exchange(short_of_buffers_, {})) {
    const Connection& connection = connections_[slot];
    if (connection.open && connection.generation == generation) receive(slot);
  }
  std::array<Completion, 64> done{};
  const std::size_t count = port_.reap(done);
  for (std::size_t i = 0; i < count; ++i) {
    const auto token = IngestToken::unpack(done[i].token);
    switch (token.kind) {
      case IngestToken::Kind::accept:
        accepted(token.index, done[i].result, now);
        break;
      case IngestToken::Kind::receive:
        received(token.index, done[i], now);
        break;
      case IngestToken::Kind::send:
        sent(token.index, done[i].result, now);
        break;
    }
  }
  const std::size_t work = count + handler_.poll(*this, now) + send_due();
  if (now.monotonic >= next_check_) check_deadlines(now);
  return work;
}

MonotonicTime HttpServer::next_deadline() const {
  if (!due_.empty() || !short_of_buffers_.empty()) return {};
  MonotonicTime deadline = open_ > 0 ? next_check_ : MonotonicTime::never();
  for (const MonotonicTime again : accept_again_) deadline = std::min(deadline, again);
  return deadline;
}

HttpExchange* HttpServer::find(std::uint64_t id) {
  const std::size_t slot = id & IngestToken::kIndexMask;
  if (slot >= connections_.size()) return nullptr;
  const Connection& connection = connections_[slot];
  const bool there = connection.open && connection.exchange != nullptr &&
                     connection.exchange->id_ == id && !connection.exchange->answered_;
  return there ? connection.exchange.get() : nullptr;
}

void HttpServer::arm_accept(std::size_t listener) {
  accept_again_[listener] = MonotonicTime::never();
  port_.accept(listeners_[listener].handle,
               IngestToken{.kind = IngestToken::Kind::accept, .index = listener}.pack());
}

void HttpServer::accepted(std::size_t listener, std::int64_t result, const Now& now) {
  if (stopping_) {
    if (result >= 0) port_.close(Handle(static_cast<std::int32_t>(result)));
    return;
  }
  const SourceId source = listeners_[listener].source;
  if (result < 0) {
    // Out of descriptors or memory: wait a little, the backlog of the listener keeps the peers.
    counters_.connections_failed.add();
    events_.problem(source, "cannot accept a connection: " + error_text(result) +
                                "; raise the limit of open files (ulimit -n) if this goes on");
    accept_again_[listener] = now.monotonic + kAcceptRetry;
    next_check_ = std::min(next_check_, accept_again_[listener]);
    return;
  }
  if (free_slots_.empty()) {
    free_slots_.push_back(connections_.size());
    connections_.emplace_back();
  }
  const std::size_t slot = free_slots_.back();
  free_slots_.pop_back();
  Connection& connection = connections_[slot];
  const std::uint32_t generation = connection.generation + 1;
  connection = {};
  connection.handle = Handle(static_cast<std::int32_t>(result));
  connection.generation = generation;
  connection.listener = static_cast<std::uint32_t>(listener);
  connection.open = true;
  connection.since = now.monotonic;
  connection.peer = port_.peer_name(connection.handle);
  ++open_;
  counters_.connections_total.add();
  counters_.connections_open.set(open_);
  receive(slot);
  if (open_ < limits_.connections_max) return arm_accept(listener);
  // Who comes now waits in the listener's backlog until somebody goes.
  counters_.connections_delayed.add();
  full_listeners_.push_back(listener);
  events_.problem(source, std::to_string(open_) +
                              " connections are open, which is the limit; further ones wait "
                              "(raise ulimit -n for more)");
}

void HttpServer::receive(std::size_t slot) {
  Connection& connection = connections_[slot];
  if (std::exchange(connection.receiving, true)) return;
  port_.receive(connection.handle, IngestToken{.kind = IngestToken::Kind::receive,
                                               .generation = connection.generation,
                                               .index = slot}
                                       .pack());
}

void HttpServer::received(std::size_t slot, const Completion& completion, const Now& now) {
  Connection& connection = connections_[slot];
  const bool ours =
      connection.open && IngestToken::unpack(completion.token).is_of(connection.generation);
  if (ours) connection.receiving = false;
  if (completion.result > 0) {
    const auto memory = std::span(buffers_).subspan(completion.buffer * kBufferBytes, kBufferBytes);
    if (ours) take(slot, {memory.data(), static_cast<std::size_t>(completion.result)}, now);
    return port_.provide(completion.buffer, memory);
  }
  if (!ours) return;
  if (completion.result == -ENOBUFS) {
    short_of_buffers_.emplace_back(slot, connection.generation);
    return;
  }
  if (connection.phase == Phase::head || connection.phase == Phase::body) {
    counters_.requests_cut.add();  // it never runs, however whole it looks
  }
  close(slot);
}

void HttpServer::take(std::size_t slot, std::string_view bytes, const Now& now) {
  Connection& connection = connections_[slot];
  counters_.bytes_in.add(bytes.size());
  if (connection.phase == Phase::lingering) return receive(slot);
  bytes.remove_prefix(feed(slot, bytes, now));
  if (!bytes.empty()) {
    connection.carry.assign(bytes);
    connection.carry_at = 0;
    memory_ += connection.carry.capacity();
  }
  go_on(slot, now);
}

// Reads until the bytes are used up or a request is there; returns how many were taken.
std::size_t HttpServer::feed(std::size_t slot, std::string_view bytes, const Now& now) {
  Connection& connection = connections_[slot];
  std::size_t at = 0;
  while (at < bytes.size() && connection.phase <= Phase::body) {
    if (connection.phase == Phase::idle) begin_request(slot, now);
    ServerExchange& exchange = *connection.exchange;
    at += exchange.reader_.read(bytes.substr(at));
    account(exchange);
    const auto state = exchange.reader_.state();
    if (state == HttpRequestReader::State::refused) {
      refuse(slot, exchange.reader_.status(), exchange.reader_.fault());
      break;
    }
    if (memory_ > limits_.memory_bytes_max) {
      counters_.requests_no_memory.add();
      refuse(slot, 503, "too many requests are under way");
      break;
    }
    if (state == HttpRequestReader::State::head) continue;
    if (!exchange.head_seen_) head_there(slot, now);
    if (connection.phase == Phase::body && state == HttpRequestReader::State::complete) {
      request_there(slot, now);
    }
  }
  return at;
}

void HttpServer::begin_request(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  if (spare_.empty()) spare_.push_back(std::make_unique<ServerExchange>(*this));
  connection.exchange = std::move(spare_.back());
  spare_.pop_back();
  const HttpListener& listener = listeners_[connection.listener];
  const std::uint64_t id = (++serial_ << 24U) | slot;
  connection.exchange->begin(slot, id, listener.source, connection.peer, listener.limits);
  enter(connection, Phase::head, now);
}

void HttpServer::head_there(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  ServerExchange& exchange = *connection.exchange;
  enter(connection, Phase::body, now);
  exchange.look_at_head();
  const auto coding = exchange.request_.header("content-encoding");
  exchange.coding_ = BodyInflater::coding_of(coding.text);
  if (exchange.coding_ == BodyInflater::Coding::unknown ||
      exchange.request_.count("content-encoding") > 1) {
    return refuse(slot, 415, "Content-Encoding may be gzip, zstd or identity");
  }
  handler_.head(exchange, now);
  if (exchange.answered()) return;
  if (exchange.reader_.state() == HttpRequestReader::State::refused) {
    return refuse(slot, exchange.reader_.status(), exchange.reader_.fault());
  }
  if (exchange.reader_.expects_continue() &&
      exchange.reader_.state() == HttpRequestReader::State::body) {
    connection.interim = kContinue.size();
    if (!std::exchange(connection.due, true)) due_.push_back(slot);
  }
}

void HttpServer::request_there(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  ServerExchange& exchange = *connection.exchange;
  enter(connection, Phase::handling, now);
  counters_.requests.add();
  exchange.request_.body_sent = exchange.reader_.body();
  exchange.request_.body = exchange.reader_.body();
  if (exchange.coding_ != BodyInflater::Coding::identity) {
    const auto outcome = inflater_.inflate(exchange.coding_, exchange.request_.body_sent,
                                           exchange.body_bytes_max_, exchange.inflated_);
    account(exchange);
    if (outcome == BodyInflater::Outcome::over_limit) {
      return refuse(slot, 413, "the inflated body is longer than allowed");
    }
    if (outcome == BodyInflater::Outcome::damaged) {
      return refuse(slot, 400, "the body is not what its Content-Encoding says, or it is cut off");
    }
    exchange.request_.body = exchange.inflated_;
  }
  handler_.handle(exchange, now);
}

void HttpServer::refuse(std::size_t slot, int status, std::string_view fault) {
  if (status != 503) counters_.requests_refused.add();
  HttpAnswer answer{.status = status, .close = true};
  if (status == 503) answer.headers = "Retry-After: 1\r\n";
  answer.body.append("{\"error\":\"").append(fault).append("\"}\n");
  connections_[slot].exchange->answer(std::move(answer));
}

// An answer stands in its exchange.
void HttpServer::answer_due(std::size_t slot) {
  Connection& connection = connections_[slot];
  enter(connection, Phase::answering, now_);
  account(*connection.exchange);
  if (!std::exchange(connection.due, true)) due_.push_back(slot);
}

std::size_t HttpServer::send_due() {
  const std::size_t count = due_.size();
  for (std::size_t i = 0; i < count; ++i) {
    Connection& connection = connections_[due_[i]];
    connection.due = false;
    if (connection.open) send_more(due_[i]);
  }
  due_.erase(due_.begin(), due_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

void HttpServer::send_more(std::size_t slot) {
  Connection& connection = connections_[slot];
  if (connection.sending || connection.exchange == nullptr) return;
  std::string_view bytes = kContinue.substr(kContinue.size() - connection.interim);
  if (bytes.empty()) {
    if (!connection.exchange->answered_) return;
    bytes = std::string_view(connection.exchange->out_).substr(connection.exchange->out_sent_);
  }
  connection.sending = true;
  port_.send(
      connection.handle, bytes,
      IngestToken{
          .kind = IngestToken::Kind::send, .generation = connection.generation, .index = slot}
          .pack());
}

void HttpServer::sent(std::size_t slot, std::int64_t result, const Now& now) {
  Connection& connection = connections_[slot];
  WEIR_CHECK(connection.sending);
  connection.sending = false;
  if (!connection.open) {  // it was closed meanwhile; its memory was in use until now
    end_exchange(connection);
    free_slots_.push_back(slot);
    return;
  }
  if (result <= 0 && result != -EAGAIN && result != -EINTR) return close(slot);
  const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(result, 0));
  counters_.bytes_out.add(bytes);
  if (connection.interim > 0) {
    connection.interim = static_cast<std::uint8_t>(connection.interim - bytes);
  } else {
    connection.exchange->out_sent_ += bytes;
    connection.since = now.monotonic;
    if (connection.exchange->out_sent_ == connection.exchange->out_.size()) {
      return answered(slot, now);
    }
  }
  if (connection.interim == 0 && !connection.exchange->answered_) return;
  if (!std::exchange(connection.due, true)) due_.push_back(slot);
}

// All of the answer was sent.
void HttpServer::answered(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  const bool ends = connection.exchange->close_ || stopping_;
  end_exchange(connection);
  if (!ends) {
    enter(connection, Phase::idle, now);
    return go_on(slot, now);
  }
  drop_carry(connection);
  enter(connection, Phase::lingering, now);
  port_.shutdown_send(connection.handle);
  receive(slot);
}

// Takes what has come already, then receives, if a request may come.
void HttpServer::go_on(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  if (!connection.open || connection.phase > Phase::body) return;
  if (!connection.carry.empty()) {
    const std::string_view rest = std::string_view(connection.carry).substr(connection.carry_at);
    connection.carry_at += feed(slot, rest, now);
    if (connection.carry_at < connection.carry.size()) return;
    drop_carry(connection);
    if (connection.phase > Phase::body) return;
  }
  receive(slot);
}

void HttpServer::end_exchange(Connection& connection) {
  if (connection.exchange == nullptr) return;
  connection.exchange->end();
  account(*connection.exchange);
  if (spare_.size() < kSpareMax) {
    spare_.push_back(std::move(connection.exchange));
  } else {
    memory_ -= connection.exchange->accounted_;
  }
  connection.exchange.reset();
}

void HttpServer::drop_carry(Connection& connection) {
  if (connection.carry.empty()) return;
  memory_ -= connection.carry.capacity();
  give_back(connection.carry);
}

void HttpServer::account(ServerExchange& exchange) {
  memory_ -= exchange.accounted_;
  exchange.accounted_ = exchange.memory();
  memory_ += exchange.accounted_;
}

void HttpServer::close(std::size_t slot) {
  Connection& connection = connections_[slot];
  port_.close(connection.handle);
  connection.open = false;
  drop_carry(connection);
  give_back(connection.peer);
  --open_;
  counters_.connections_open.set(open_);
  if (connection.sending) {
    // The answer lies in memory that is in use; what waits for events does not wait any more.
    connection.exchange->work.reset();
  } else {
    end_exchange(connection);
    free_slots_.push_back(slot);
  }
  for (const std::size_t listener : std::exchange(full_listeners_, {})) arm_accept(listener);
}

void HttpServer::enter(Connection& connection, Phase phase, const Now& now) {
  connection.phase = phase;
  connection.since = now.monotonic;
}

void HttpServer::check_deadlines(const Now& now) {
  next_check_ = now.monotonic + kCheckEvery;
  for (std::size_t i = 0; i < accept_again_.size(); ++i) {
    if (!stopping_ && now.monotonic >= accept_again_[i]) arm_accept(i);
    next_check_ = std::min(next_check_, accept_again_[i]);
  }
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    if (connections_[slot].open) check_deadline(slot, now);
  }
}

void HttpServer::check_deadline(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  const Nanoseconds age = now.monotonic - connection.since;
  const bool stop_over = stopping_ && age >= kStopDeadline;
  switch (connection.phase) {
    case Phase::idle:
      if (age >= limits_.idle) close(slot);
      break;
    case Phase::head:
    case Phase::body: {
      Nanoseconds allowed = kHeadDeadline;
      if (connection.phase == Phase::body) {
        const auto bytes = connection.exchange->reader_.body().size();
        allowed = kBodyGrace + std::chrono::seconds(bytes / kBodyBytesPerSecond);
      }
      if (age < allowed && !stop_over) break;
      counters_.requests_slow.add();
      refuse(slot, 408, "the request did not arrive in time");
      break;
    }
    case Phase::handling:
      break;
    case Phase::answering:
      if (age < kSendDeadline) break;
      counters_.requests_slow.add();
      close(slot);
      break;
    case Phase::lingering:
      if (age >= kLingerDeadline) close(slot);
      break;
  }
}

void HttpServer::stop(const Now& now) {
  if (stopping_) return;
  stopping_ = true;
  next_check_ = now.monotonic;
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = connections_[slot];
    if (!connection.open) continue;
    if (connection.phase == Phase::idle) {
      close(slot);
    } else if (connection.phase <= Phase::body) {
      connection.since = now.monotonic;
    }
  }
}

std::string_view HttpServer::date_line(const Now& now) {
  const std::int64_t second = now.wall.since_epoch / 1s;
  if (second != date_second_) {
    date_second_ = second;
    date_line_ = "Date: " + http_date(now.wall) + "\r\n";
  }
  return date_line_;
}

}  // namespace weir
