#include "io/tls/tls_port.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/base/check.h"

namespace weir {

TlsPort::TlsPort(std::unique_ptr<Port> below, Handshaker& handshaker, Waker& waker)
    : below_(std::move(below)),
      handshaker_(handshaker),
      waker_(waker),
      client_(std::make_shared<Handshaker::Client>(waker)) {}

TlsPort::~TlsPort() {
  handshaker_.leave(*client_);
}

std::size_t TlsPort::new_connection() {
  std::size_t index = 0;
  while (index < connections_.size() && connections_[index]->used) ++index;
  if (index == connections_.size()) connections_.push_back(std::make_unique<Connection>());
  *connections_[index] = {};
  connections_[index]->used = true;
  return index;
}

void TlsPort::release(std::size_t index) {
  Connection& c = *connections_[index];
  if (c.closed && !c.receiving && !c.sending) c = {};
}

void TlsPort::finish(Token token, std::int64_t result, std::uint32_t buffer) {
  ready_.push_back({.token = token, .result = result, .buffer = buffer});
}

TlsPort::Connection* TlsPort::find(Handle handle, std::size_t& index) {
  const auto found = by_handle_.find(handle.value);
  if (found == by_handle_.end()) return nullptr;
  index = found->second;
  return connections_[index].get();
}

void TlsPort::connect(const Endpoint& endpoint, Token token) {
  WEIR_CHECK((token & kOwn) == 0);
  if (!endpoint.tls.has_value()) return below_->connect(endpoint, token);
  const std::size_t index = new_connection();
  Connection& c = *connections_[index];
  c.endpoint = endpoint;
  c.connect_token = token;
  below_->connect(endpoint, own(index, Op::connect));
}

void TlsPort::connected(std::size_t index, std::int64_t result) {
  Connection& c = *connections_[index];
  if (result < 0) {
    finish(c.connect_token, result);
    c = {};
    return;
  }
  c.handle = Handle{static_cast<std::int32_t>(result)};
  handshaker_.ask(client_, index, c.handle.value, c.endpoint);
}

void TlsPort::take_answers() {
  for (Handshaker::Client::Answer& answer : handshaker_.take(*client_)) {
    const auto index = static_cast<std::size_t>(answer.question);
    Connection& c = *connections_[index];
    if (answer.error != 0) {
      finish(c.connect_token, answer.error);
      below_->close(c.handle);
      c = {};
      continue;
    }
    c.session = std::move(answer.session);
    by_handle_[c.handle.value] = index;
    finish(c.connect_token, c.handle.value);
  }
}

void TlsPort::provide(std::uint32_t buffer, std::span<char> memory) {
  if (buffers_.size() <= buffer) buffers_.resize(buffer + std::size_t{1});
  buffers_[buffer] = memory;
  if (reserve_id_ == kNoBuffer) reserve_id_ = buffer;
  give(buffer);
}

void TlsPort::give(std::uint32_t buffer) {
  if (buffer == reserve_id_) {
    reserve_ = buffer;
  } else {
    below_->provide(buffer, buffers_[buffer]);
  }
}

void TlsPort::receive(Handle handle, Token token) {
  std::size_t index = 0;
  Connection* c = find(handle, index);
  if (c == nullptr) return below_->receive(handle, token);
  c->receive_token = token;
  if (reserve_ != kNoBuffer) {
    // What came with an earlier read and had no room.
    const std::int64_t got = c->session->read(buffers_[reserve_]);
    if (got != TlsSession::kMore) {
      const std::uint32_t buffer = got > 0 ? std::exchange(reserve_, kNoBuffer) : 0;
      finish(token, got, buffer);
      waker_.wake();
      return;
    }
  }
  receive_below(index);
}

void TlsPort::receive_below(std::size_t index) {
  connections_[index]->receiving = true;
  below_->receive(connections_[index]->handle, own(index, Op::receive));
}

void TlsPort::received(std::size_t index, std::int64_t result, std::uint32_t buffer) {
  Connection& c = *connections_[index];
  c.receiving = false;
  if (result <= 0 || c.closed) {
    if (result > 0) give(buffer);
    // An end without TLS's own end is an end all the same: HTTP knows how long an answer is.
    finish(c.receive_token, result > 0 ? -ECANCELED : result);
    return release(index);
  }
  const std::span<char> memory = buffers_[buffer];
  c.session->feed(memory.first(static_cast<std::size_t>(result)));
  const std::int64_t got = c.session->read(memory);
  send_out(index);  // an answer to the peer's protocol, now and then
  if (got > 0) return finish(c.receive_token, got, buffer);
  give(buffer);
  if (got == TlsSession::kMore) return receive_below(index);
  finish(c.receive_token, got);
}

void TlsPort::send(Handle handle, std::span<const char> bytes, Token token) {
  std::size_t index = 0;
  Connection* c = find(handle, index);
  if (c == nullptr) return below_->send(handle, bytes, token);
  WEIR_CHECK(!c->send_asked);
  const std::span<const char> piece = bytes.first(std::min(bytes.size(), kSendBytesMax));
  if (!c->session->write(piece)) {
    finish(token, kTlsFailed);
    waker_.wake();
    return;
  }
  c->send_asked = true;
  c->send_token = token;
  c->send_bytes = piece.size();
  send_out(index);
}

void TlsPort::send_out(std::size_t index) {
  Connection& c = *connections_[index];
  if (c.sending) return;
  if (c.out_sent == c.out.size()) {
    c.out.clear();
    c.out_sent = 0;
    c.session->drain(c.out);
  }
  if (c.out.empty()) return;
  c.sending = true;
  below_->send(c.handle, std::span(c.out).subspan(c.out_sent), own(index, Op::send));
}

void TlsPort::sent(std::size_t index, std::int64_t result) {
  Connection& c = *connections_[index];
  c.sending = false;
  if (result > 0) c.out_sent += static_cast<std::size_t>(result);
  const bool retry = result == -EAGAIN || result == -EINTR;
  if (!c.closed && (result > 0 || retry)) {
    send_out(index);
    if (c.sending) return;
  }
  if (std::exchange(c.send_asked, false)) {
    const bool good = result > 0 && !c.closed;
    const std::int64_t failure = result < 0 ? result : -EPIPE;
    finish(c.send_token,
           good ? static_cast<std::int64_t>(c.send_bytes) : (c.closed ? -ECANCELED : failure));
  }
  release(index);
}

void TlsPort::close(Handle handle) {
  std::size_t index = 0;
  Connection* c = find(handle, index);
  below_->close(handle);
  if (c == nullptr) return;
  by_handle_.erase(handle.value);
  c->closed = true;
  release(index);
}

void TlsPort::complete(const Completion& completion) {
  if ((completion.token & kOwn) == 0) {
    ready_.push_back(completion);
    return;
  }
  const auto index = static_cast<std::size_t>((completion.token & ~kOwn) >> 8U);
  switch (static_cast<Op>(completion.token & 0xffU)) {
    case Op::connect:
      return connected(index, completion.result);
    case Op::receive:
      return received(index, completion.result, completion.buffer);
    case Op::send:
      return sent(index, completion.result);
  }
}

std::size_t TlsPort::reap(std::span<Completion> out) {
  take_answers();
  std::array<Completion, 64> done{};
  for (std::size_t count = done.size(); count == done.size();) {
    count = below_->reap(done);
    for (std::size_t i = 0; i < count; ++i) complete(done[i]);
  }
  const std::size_t count = std::min(out.size(), ready_.size());
  std::copy_n(ready_.begin(), count, out.begin());
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!ready_.empty()) waker_.wake();
  return count;
}

}  // namespace weir
