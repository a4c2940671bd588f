#include "tools/sink/sink.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "io/run/signals.h"
#include "tools/common/clock.h"
#include "tools/common/numbers.h"

namespace weir {
namespace {

// Large, for few system calls; not larger, to stay in the second-level cache until it is counted.
constexpr std::size_t kBufferBytes = 256 * 1024;
// A paced reader (--slow) takes its share in slices of this length.
constexpr std::int64_t kSliceNs = 10'000'000;
constexpr std::int64_t kSlicesPerSecond = kNsPerSecond / kSliceNs;
// At the end, how long to go on with what has already arrived.
constexpr std::int64_t kDrainNs = 500'000'000;
constexpr std::int64_t kProgressNs = 500'000'000;
constexpr std::chrono::milliseconds kDescriptorWait(10);

// Epoll data: ports and connections by index, told apart by the top bits.
constexpr std::uint64_t kPortTag = std::uint64_t{1} << 62U;
constexpr std::uint64_t kSignalTag = std::uint64_t{1} << 63U;

void watch(const Fd& epoll, int fd, std::uint64_t data) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = data;
  WEIR_CHECK(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

// Answers are short: a peer that has no room for one does not read them at all.
void send_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t took = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took > 0) {
      text.remove_prefix(static_cast<std::size_t>(took));
      continue;
    }
    if (took < 0 && errno == EINTR) continue;
    pollfd room{fd, POLLOUT, 0};
    if (took == 0 || errno != EAGAIN || poll(&room, 1, 100) <= 0) return;
  }
}

}  // namespace

Sink::Sink(const SinkOptions& options)
    : options_(options),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      random_(options.acks.seed),
      buffer_(std::make_unique<char[]>(kBufferBytes)) {
  WEIR_CHECK(epoll_.open());
  watch(epoll_, signals_.fd(), kSignalTag);
}

Sink::~Sink() = default;

Status Sink::open() {
  raise_descriptor_limit();
  for (const Endpoint& endpoint : options_.listen) {
    if (const Status opened = open_port(endpoint, false); !opened) return opened;
  }
  for (const Endpoint& endpoint : options_.listen_http) {
    if (const Status opened = open_port(endpoint, true); !opened) return opened;
  }
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    watch(epoll_, ports_[i]->listener.get(), kPortTag | i);
    fmt::print(stderr, "listening on {}\n", to_string(ports_[i]->endpoint));
  }
  return Done{};
}

Status Sink::open_port(const Endpoint& endpoint, bool http) {
  auto port = std::make_unique<SinkPort>();
  port->endpoint = endpoint;
  port->http = http;
  auto listener = listen_on(port->endpoint, static_cast<int>(options_.receive_buffer_bytes));
  if (!listener) return listener.error();
  port->listener = std::move(*listener);
  port->stall_due = options_.stall_time.count() > 0;
  if (!options_.output.empty()) {
    const bool only = options_.listen.size() + options_.listen_http.size() == 1;
    const std::string path =
        only ? options_.output : fmt::format("{}.{}", options_.output, ports_.size());
    port->output.reset(std::fopen(path.c_str(), "we"));
    if (!port->output) {
      return Error{fmt::format("cannot create '{}': {}", path, std::strerror(errno))};
    }
  }
  ports_.push_back(std::move(port));
  return Done{};
}

std::uint64_t Sink::records() const {
  std::uint64_t records = 0;
  for (const auto& port : ports_) records += port->records;
  return records;
}

void Sink::run() {
  last_byte_ns_ = shown_ns_ = monotonic_ns();
  std::array<epoll_event, 256> events{};
  for (std::int64_t now_ns = last_byte_ns_; !finished(now_ns);) {
    const int count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(now_ns));
    now_ns = monotonic_ns();
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
      if (data == kSignalTag) continue;  // finished() asks
      if ((data & kPortTag) != 0) {
        accept_from(*ports_[data & ~kPortTag]);
      } else if (connections_[data] && connections_[data]->fd.open()) {
        receive(*connections_[data], now_ns);
      }
    }
    for (const std::size_t slot : ended_slots_) {
      connections_[slot].reset();
      free_slots_.push_back(slot);
    }
    ended_slots_.clear();
    if (!options_.output.empty()) {  // whoever watches the files sees what has come
      for (const auto& port : ports_) std::fflush(port->output.get());
    }
    if (options_.acks.on) send_acks(now_ns);
    if (options_.http.delay.count() > 0) send_answers(now_ns);
    if (paused_ > 0) resume_due(now_ns);
    if (options_.progress) show_progress(now_ns);
  }
  drain();
  if (options_.progress) fmt::print(stderr, "\r\033[K");
  for (const auto& connection : connections_) {
    if (connection && connection->fd.open()) end(*connection);
  }
}

bool Sink::finished(std::int64_t now_ns) {
  if (signals_.stopped()) return true;
  if (options_.expect > 0 && records() >= options_.expect) return true;
  if (options_.idle_limit.count() > 0 && now_ns - last_byte_ns_ >= options_.idle_limit.count()) {
    return true;
  }
  if (!options_.once) return false;
  std::uint64_t came = 0;
  std::uint64_t open = 0;
  for (const auto& port : ports_) {
    came += port->connections;
    open += port->connections_open;
  }
  return came > 0 && open == 0;
}

int Sink::wait_ms(std::int64_t now_ns) const {
  std::int64_t wait_ns = options_.progress ? kProgressNs : 60 * kNsPerSecond;
  if (options_.idle_limit.count() > 0) {
    wait_ns = std::min(wait_ns, last_byte_ns_ + options_.idle_limit.count() - now_ns);
  }
  if (paused_ > 0) {
    for (const auto& connection : connections_) {
      if (connection && connection->paused) {
        wait_ns = std::min(wait_ns, connection->resume_ns - now_ns);
      }
    }
  }
  if (options_.acks.on) {
    for (const auto& connection : connections_) {
      if (connection && connection->fd.open()) {
        wait_ns = std::min(wait_ns, std::max(connection->acks.next_ns(), now_ns) - now_ns);
      }
    }
  }
  if (options_.http.delay.count() > 0) {
    for (const auto& connection : connections_) {
      if (connection && connection->fd.open() && connection->http != nullptr) {
        wait_ns = std::min(wait_ns, std::max(connection->http->next_ns(), now_ns) - now_ns);
      }
    }
  }
  return static_cast<int>((std::max<std::int64_t>(wait_ns, 0) + 999'999) / 1'000'000);
}

void Sink::accept_from(SinkPort& port) {
  for (;;) {
    Fd fd(accept4(port.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.open()) {
      // Out of descriptors: the listener stays readable, and this must not become a spin.
      if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(kDescriptorWait);
      return;
    }
    std::size_t slot = connections_.size();
    if (free_slots_.empty()) {
      connections_.emplace_back();
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
    }
    auto connection = std::make_unique<SinkConnection>();
    connection->fd = std::move(fd);
    connection->port = &port;
    connection->slot = slot;
    if (port.http) connection->http = std::make_unique<HttpReceiver>(options_.http, *connection);
    connection->acks.drop_at = draw_drop(random_, options_.acks);
    ++port.connections;
    ++port.connections_open;
    watch(epoll_, connection->fd.get(), slot);
    connections_[slot] = std::move(connection);
    if (port.stalled_until_ns > monotonic_ns()) pause(*connections_[slot], port.stalled_until_ns);
  }
}

void Sink::receive(SinkConnection& connection, std::int64_t now_ns) {
  if (connection.paused) return;  // by a stall, earlier in this batch of events
  if (!receive_once(connection, now_ns, read_limit(connection, now_ns))) return end(connection);
  apply_faults(connection, now_ns);
}

// False at the end of the stream.
bool Sink::receive_once(SinkConnection& connection, std::int64_t now_ns, std::size_t limit) {
  const ssize_t got = recv(connection.fd.get(), buffer_.get(), limit, 0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return true;
    ++connection.port->failed;
    return false;
  }
  if (got == 0) return false;
  const auto size = static_cast<std::size_t>(got);
  if (connection.http != nullptr) {
    if (!connection.http->take({buffer_.get(), size}, now_ns, options_.read_stamps)) return false;
    send_text(connection.fd.get(), connection.http->due(now_ns));
  } else {
    take_chunk(connection, {buffer_.get(), size}, now_ns, options_.read_stamps);
  }
  if (options_.acks.on) connection.acks.owe(connection.records, now_ns, options_.acks);
  last_byte_ns_ = now_ns;
  connection.slice_left -= std::min<std::uint64_t>(connection.slice_left, size);
  return true;
}

std::size_t Sink::read_limit(SinkConnection& connection, std::int64_t now_ns) const {
  if (options_.slow_bytes_per_s == 0) return kBufferBytes;
  if (now_ns >= connection.slice_end_ns) {
    connection.slice_end_ns = now_ns + kSliceNs;
    connection.slice_left = std::max<std::uint64_t>(
        1, options_.slow_bytes_per_s / static_cast<std::uint64_t>(kSlicesPerSecond));
  }
  return std::min<std::size_t>(kBufferBytes, std::max<std::uint64_t>(1, connection.slice_left));
}

void Sink::apply_faults(SinkConnection& connection, std::int64_t now_ns) {
  if (options_.close_every > 0 && connection.records >= options_.close_every) {
    ++connection.port->closed_on_demand;
    return end(connection);
  }
  if (connection.records >= connection.acks.drop_at) {
    ++connection.port->closed_on_demand;
    return end(connection, true);
  }
  if (options_.slow_bytes_per_s > 0 && connection.slice_left == 0) {
    pause(connection, connection.slice_end_ns);
  }
  if (connection.port->stall_due) stall_if_due(*connection.port, now_ns);
}

void Sink::stall_if_due(SinkPort& port, std::int64_t now_ns) {
  const bool by_records =
      options_.stall_after_records > 0 && port.records >= options_.stall_after_records;
  const bool by_time = options_.stall_after_records == 0 && port.first_ns != 0 &&
                       now_ns - port.first_ns >= options_.stall_after_time.count();
  if (!by_records && !by_time) return;
  port.stall_due = false;
  port.stalled_until_ns = now_ns + options_.stall_time.count();
  for (const auto& connection : connections_) {
    if (connection && connection->fd.open() && connection->port == &port) {
      pause(*connection, port.stalled_until_ns);
    }
  }
}

// Out of the epoll set altogether: a peer that resets meanwhile would else be reported for ever.
void Sink::pause(SinkConnection& connection, std::int64_t until_ns) {
  connection.resume_ns = std::max(connection.resume_ns, until_ns);
  if (connection.paused) return;
  connection.paused = true;
  ++paused_;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd.get(), nullptr);
}

void Sink::resume_due(std::int64_t now_ns) {
  for (const auto& connection : connections_) {
    if (!connection || !connection->paused || connection->resume_ns > now_ns) continue;
    connection->paused = false;
    connection->resume_ns = 0;
    --paused_;
    watch(epoll_, connection->fd.get(), connection->slot);
  }
}

// `dropped`: what is owed in acks is not told.
void Sink::end(SinkConnection& connection, bool dropped) {
  take_end(connection);
  if (options_.acks.on && !dropped) {
    connection.acks.send(connection.fd.get(), 0, true, options_.acks);
  }
  connection.port->errors_told += connection.acks.errors();
  if (connection.paused) --paused_;
  connection.paused = false;
  connection.fd.reset();
  --connection.port->connections_open;
  ended_slots_.push_back(connection.slot);
}

void Sink::send_acks(std::int64_t now_ns) {
  for (const auto& connection : connections_) {
    if (!connection || !connection->fd.open() || connection->acks.next_ns() > now_ns) continue;
    connection->acks.send(connection->fd.get(), now_ns, false, options_.acks);
  }
}

void Sink::send_answers(std::int64_t now_ns) {
  for (const auto& connection : connections_) {
    if (!connection || !connection->fd.open() || connection->http == nullptr) continue;
    send_text(connection->fd.get(), connection->http->due(now_ns));
  }
}

// Takes what the kernel already holds, so that counts are exact for a peer that had finished.
void Sink::drain() {
  for (const auto& port : ports_) accept_from(*port);
  const std::int64_t limit_ns = monotonic_ns() + kDrainNs;
  for (const auto& connection : connections_) {
    while (connection && connection->fd.open()) {
      const std::uint64_t before = connection->port->bytes;
      const std::int64_t now_ns = monotonic_ns();
      if (!receive_once(*connection, now_ns, kBufferBytes)) {
        end(*connection);
      } else if (connection->port->bytes == before || now_ns >= limit_ns) {
        break;
      }
    }
  }
}

void Sink::show_progress(std::int64_t now_ns) {
  if (now_ns - shown_ns_ < kProgressNs) return;
  std::uint64_t bytes = 0;
  std::uint64_t open = 0;
  for (const auto& port : ports_) {
    bytes += port->bytes;
    open += port->connections_open;
  }
  const std::uint64_t all = records();
  const double seconds = static_cast<double>(now_ns - shown_ns_) * 1e-9;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(all - shown_records_) / seconds);
  fmt::print(stderr, "\r\033[K{} records  {}/s  {}/s  {} connections{}", with_commas(all),
             with_commas(rate), human_bytes(static_cast<double>(bytes - shown_bytes_) / seconds),
             open, paused_ > 0 ? "  (paused)" : "");
  shown_ns_ = now_ns;
  shown_records_ = all;
  shown_bytes_ = bytes;
}

}  // namespace weir
