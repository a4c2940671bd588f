#include "io/tls/handshaker.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace weir {
namespace {

std::string address_of(const Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

}  // namespace

Handshaker::~Handshaker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  eventfd_write(wake_fd_, 1);
  thread_.join();
  ::close(wake_fd_);
}

void Handshaker::ask(std::shared_ptr<Client> client, std::uint64_t question, int socket,
                     const Endpoint& endpoint) {
  const std::lock_guard lock(mutex_);
  if (wake_fd_ < 0) wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ >= 0 && !thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {  // no thread to be had: fail this one, try again next time
    }
  }
  if (!thread_.joinable()) {
    client->answers.push_back({question, -EAGAIN, nullptr});
    client->waker.wake();
    return;
  }
  Work work;
  work.client = std::move(client);
  work.question = question;
  work.socket = socket;
  work.endpoint = endpoint;
  work.limit = std::chrono::steady_clock::now() + kLimit;
  asked_.push_back(std::move(work));
  eventfd_write(wake_fd_, 1);
}

std::vector<Handshaker::Client::Answer> Handshaker::take(Client& client) {
  const std::lock_guard lock(mutex_);
  return std::exchange(client.answers, {});
}

void Handshaker::leave(Client& client) {
  const std::lock_guard lock(mutex_);
  client.gone = true;
  client.answers.clear();
}

void Handshaker::run() {
  std::vector<Work> works;
  std::vector<pollfd> watched;
  for (;;) {
    watched.assign(1, {wake_fd_, POLLIN, 0});
    for (const Work& work : works) {
      const bool sends = !work.unsent.empty();
      watched.push_back({work.socket, static_cast<short>(sends ? POLLIN | POLLOUT : POLLIN), 0});
    }
    ::poll(watched.data(), watched.size(), works.empty() ? -1 : 100);
    eventfd_t ignored = 0;
    eventfd_read(wake_fd_, &ignored);
    for (Work& work : works) advance(work);
    std::erase_if(works, [&](Work& work) {
      if (work.done) answer(work);
      return work.done;
    });
    std::unique_lock lock(mutex_);
    if (stop_) return;
    std::vector<Work> fresh = std::exchange(asked_, {});
    lock.unlock();
    for (Work& work : fresh) {
      begin(work);
      if (work.done) {
        answer(work);
      } else {
        works.push_back(std::move(work));
      }
    }
  }
}

void Handshaker::begin(Work& work) {
  const TlsSpec& spec = *work.endpoint.tls;
  Known* kind = known(spec);
  if (kind == nullptr) {
    work.error = kTlsBadFiles;
    work.done = true;
    return;
  }
  std::unique_lock lock(kind->mutex);
  const auto found = kind->sessions.find(address_of(work.endpoint));
  SSL_SESSION* resume = found == kind->sessions.end() ? nullptr : found->second.get();
  work.session =
      std::make_unique<TlsSession>(kind->context.get(), spec, work.endpoint.host, resume);
  work.session->remember(address_of(work.endpoint));
  lock.unlock();  // OpenSSL may call keep_session()
  advance(work);
}

// The files may be there the next time, so only what could be read is kept.
Handshaker::Known* Handshaker::known(const TlsSpec& spec) {
  for (const auto& kind : known_) {
    if (kind->spec == spec) return kind.get();
  }
  auto context = make_client_context(spec);
  if (!context) return nullptr;
  auto kind = std::make_unique<Known>();
  kind->spec = spec;
  kind->context = std::move(*context);
  SSL_CTX_set_app_data(kind->context.get(), kind.get());
  SSL_CTX_sess_set_new_cb(kind->context.get(), keep_session);
  known_.push_back(std::move(kind));
  return known_.back().get();
}

// Called by OpenSSL on whatever thread reads the server's ticket.
int Handshaker::keep_session(SSL* ssl, SSL_SESSION* session) {
  constexpr std::size_t kSessionsMax = 1000;
  auto* kind = static_cast<Known*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const std::string* address = TlsSession::address_of(ssl);
  const std::lock_guard lock(kind->mutex);
  if (address == nullptr || kind->sessions.size() >= kSessionsMax) return 0;
  kind->sessions[*address].reset(session);
  return 1;  // it is ours now
}

void Handshaker::move_bytes(Work& work) {
  std::array<char, 16 * 1024> buffer;
  ssize_t got = 0;
  while ((got = recv(work.socket, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
    work.session->feed(std::span(buffer).first(static_cast<std::size_t>(got)));
  }
  if (got == 0) work.error = kTlsFailed;
  if (got < 0 && errno != EAGAIN && errno != EINTR) work.error = -errno;
}

void Handshaker::advance(Work& work) {
  if (work.done) return;
  move_bytes(work);
  const std::int64_t result = work.session->handshake();
  work.session->drain(work.unsent);
  while (!work.unsent.empty()) {
    const ssize_t took =
        send(work.socket, work.unsent.data(), work.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took <= 0) break;
    work.unsent.erase(0, static_cast<std::size_t>(took));
  }
  if (result < 0) {
    work.error = result;
  } else if (result == 1 && work.unsent.empty()) {
    work.error = 0;
    work.done = true;
    return;
  } else if (work.error == 0 && std::chrono::steady_clock::now() >= work.limit) {
    work.error = -ETIMEDOUT;
  }
  work.done = work.error != 0;
}

void Handshaker::answer(Work& work) {
  if (work.error != 0) work.session.reset();
  const std::lock_guard lock(mutex_);
  if (work.client->gone) return;
  work.client->answers.push_back({work.question, work.error, std::move(work.session)});
  work.client->waker.wake();  // under the lock, so that it cannot go away meanwhile
}

}  // namespace weir
