#include "tools/load/acked_load.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/wire/ack_line.h"
#include "io/run/signals.h"
#include "tools/common/clock.h"
#include "tools/common/numbers.h"

namespace weir {
namespace {

// Records of one connection in one piece: a piece is what an ack is looked up in.
constexpr std::uint64_t kPieceRecords = 1024;
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kTurnBytes = 4 * kPieceBytes;
constexpr std::int64_t kRetryNs = 50'000'000;
constexpr std::int64_t kProgressNs = 500'000'000;
constexpr std::uint64_t kSignalTag = ~std::uint64_t{0};

std::uint64_t quota(const LoadOptions& options, std::size_t connection) {
  if (options.count == 0) return Feed::kEndless;
  const std::uint64_t parts = options.connections;
  return options.count / parts + (connection < options.count % parts ? 1 : 0);
}

}  // namespace

AckedLoad::AckedLoad(const LoadOptions& options, const RecordMemory& records)
    : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  WEIR_CHECK(epoll_.open());
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kSignalTag;
  WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, signals_.fd(), &event) == 0);
  const std::vector<Slice> slices = records.split(options.connections);
  for (std::size_t i = 0; i < options.connections; ++i) {
    Feed feed(slices[i], i, quota(options, i));
    connections_.push_back(std::make_unique<Connection>(std::move(feed), i));
  }
}

AckedLoad::~AckedLoad() = default;

Status AckedLoad::connect() {
  raise_descriptor_limit();
  for (const auto& connection : connections_) {
    auto fd = connect_to(options_.to, options_.connect_time);
    if (!fd) return fd.error();
    connection->fd = std::move(*fd);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = connection->number;
    WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->fd.get(), &event) == 0);
  }
  return Done{};
}

void AckedLoad::run() {
  prctl(PR_SET_TIMERSLACK, 1UL);
  const double cpu_before_s = cpu_seconds();
  start_ns_ = moved_ns_ = shown_ns_ = monotonic_ns();
  for (std::int64_t now_ns = start_ns_; over_ < connections_.size(); now_ns = monotonic_ns()) {
    round(now_ns);
    if (over_ < connections_.size()) wait(now_ns);
    if (options_.progress) show_progress(now_ns);
  }
  if (options_.progress) fmt::print(stderr, "\r\033[K");
  results_.wall_s = static_cast<double>(monotonic_ns() - start_ns_) * 1e-9;
  results_.cpu_s = cpu_seconds() - cpu_before_s;
  for (const auto& connection : connections_) results_.records += connection->unacked.acked();
  const bool short_of_count = options_.count > 0 && results_.records < options_.count;
  results_.complete = results_.error.empty() && results_.refused == 0 &&
                      !(short_of_count && (interrupted_ || options_.duration.count() == 0));
}

// Everything that is due by now.
void AckedLoad::round(std::int64_t now_ns) {
  const bool time_over =
      options_.duration.count() > 0 && now_ns - start_ns_ >= options_.duration.count();
  interrupted_ = interrupted_ || signals_.stopped();
  stopping_ = stopping_ || time_over || interrupted_;
  if (options_.patience.count() > 0 && now_ns - moved_ns_ >= options_.patience.count()) {
    const bool owed = std::any_of(connections_.begin(), connections_.end(), [](const auto& c) {
      return c->unacked.waiting() > 0 || (!c->over && !c->fd.open());
    });
    if (owed) {
      return give_up(fmt::format("{} acknowledged nothing for {}", to_string(options_.to),
                                 format_duration(options_.patience)));
    }
  }
  for (const auto& connection : connections_) {
    if (connection->over) continue;
    if (!connection->fd.open() && now_ns >= connection->retry_ns) {
      connect_again(*connection, now_ns);
    }
    if (connection->fd.open() && !connection->blocked) pump(*connection, now_ns);
  }
}

void AckedLoad::give_up(const std::string& why) {
  if (results_.error.empty()) results_.error = why;
  for (const auto& connection : connections_) {
    if (connection->over) continue;
    ++results_.connections_failed;
    finish(*connection);
  }
}

std::uint64_t AckedLoad::due_of(const Connection& connection, std::int64_t now_ns) const {
  const double passed_ns = static_cast<double>(now_ns - start_ns_);
  const std::uint64_t total =
      static_cast<std::uint64_t>(passed_ns * options_.rate_per_s * 1e-9) + 1;
  const std::uint64_t n = connections_.size();
  return total <= connection.number ? 0 : (total - connection.number + n - 1) / n;
}

std::int64_t AckedLoad::due_ns(const Connection& connection, std::uint64_t record) const {
  const double place = static_cast<double>(record * connections_.size() + connection.number);
  return start_ns_ + static_cast<std::int64_t>(place * 1e9 / options_.rate_per_s);
}

// Takes what is due, within the window, from the feed; false if nothing is.
bool AckedLoad::take_more(Connection& connection, std::int64_t now_ns) {
  Feed& feed = connection.feed;
  if (all_taken(connection) || connection.unacked.waiting() >= options_.window) return false;
  std::uint64_t records = std::min(kPieceRecords, options_.window - connection.unacked.waiting());
  DueTimes due{static_cast<double>(now_ns), 0};
  if (paced()) {
    const std::uint64_t due_records = due_of(connection, now_ns);
    if (due_records <= feed.taken()) return false;
    records = std::min(records, due_records - feed.taken());
    due.first_ns = static_cast<double>(due_ns(connection, 0));
    due.step_ns = 1e9 / options_.rate_per_s * static_cast<double>(connections_.size());
  }
  const std::int64_t first_due_ns = due.of(feed.taken());
  const Chunk chunk =
      options_.stamp ? feed.take_stamped(records, kPieceBytes, due) : feed.take(records);
  if (paced()) {
    results_.records_due += chunk.records;
    results_.slip.record(now_ns - first_due_ns, chunk.records);
    results_.behind_s = static_cast<double>(now_ns - first_due_ns) * 1e-9;
  }
  connection.unacked.push(chunk.bytes, chunk.records, options_.stamp, first_due_ns);
  return true;
}

void AckedLoad::pump(Connection& connection, std::int64_t now_ns) {
  for (std::size_t turn = 0; turn < kTurnBytes;) {
    const std::string_view rest = connection.unacked.to_send();
    if (rest.empty()) {
      if (take_more(connection, now_ns)) continue;
      if (all_taken(connection) && !std::exchange(connection.shut, true)) {
        shutdown(connection.fd.get(), SHUT_WR);
      }
      if (connection.shut && connection.unacked.waiting() == 0) finish(connection);
      return;
    }
    const ssize_t took = send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (took < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return watch(connection, true);
      // What the peer has said before it went is still to be heard; that ends it too.
      return hear(connection, now_ns);
    }
    const auto size = static_cast<std::size_t>(took);
    connection.unacked.sent(size);
    results_.bytes += size;
    turn += size;
    moved_ns_ = now_ns;
  }
}

void AckedLoad::hear(Connection& connection, std::int64_t now_ns) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t got = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      return broke(connection, got == 0 ? "closed by the peer" : std::strerror(errno), now_ns);
    }
    connection.heard.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (std::size_t end = 0; (end = connection.heard.find('\n', at)) != std::string::npos;
         at = end + 1) {
      const std::string_view line = std::string_view(connection.heard).substr(at, end - at);
      if (!take_line(connection, line, now_ns)) {
        return give_up(
            fmt::format("connection {} to {}: this is no acknowledgement of what was "
                        "sent: {}; does its source have 'acks: true'?",
                        connection.number, to_string(options_.to), line.substr(0, 200)));
      }
    }
    connection.heard.erase(0, at);
    if (connection.heard.size() > kAckLineBytesMax) {
      return give_up(to_string(options_.to) + ": what it says is no acknowledgement");
    }
  }
}

bool AckedLoad::take_line(Connection& connection, std::string_view text, std::int64_t now_ns) {
  const auto line = parse_ack_line(text);
  if (!line) return false;
  if (line->error) {
    if (line->line) ++results_.refused;
    if (results_.first_refusal.empty()) results_.first_refusal = text;
  }
  if (!line->ack) return true;
  moved_ns_ = now_ns;
  return connection.unacked.ack(connection.base + *line->ack,
                                [&](std::int64_t due, std::uint64_t records) {
                                  results_.ack_latency.record(now_ns - due, records);
                                });
}

void AckedLoad::watch(Connection& connection, bool blocked) {
  if (std::exchange(connection.blocked, blocked) == blocked) return;
  epoll_event event{};
  event.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = connection.number;
  WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) == 0);
}

void AckedLoad::broke(Connection& connection, const std::string& what, std::int64_t now_ns) {
  if (all_taken(connection) && connection.unacked.waiting() == 0) return finish(connection);
  if (results_.breaks++ == 0) {
    results_.first_break = fmt::format("connection {}: {}", connection.number, what);
  }
  results_.repeated += connection.unacked.begun() - connection.unacked.acked();
  connection.unacked.rewind();
  connection.base = connection.unacked.acked();
  connection.fd.reset();
  connection.heard.clear();
  connection.blocked = false;
  connection.shut = false;
  connection.retry_ns = std::max(connection.retry_ns, now_ns);
}

void AckedLoad::connect_again(Connection& connection, std::int64_t now_ns) {
  auto fd = connect_to(options_.to);
  if (!fd) {
    connection.retry_ns = now_ns + kRetryNs;
    return;
  }
  connection.fd = std::move(*fd);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = connection.number;
  WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd.get(), &event) == 0);
  connection.retry_ns = now_ns + kRetryNs;  // in case that this one breaks at once
}

void AckedLoad::finish(Connection& connection) {
  connection.over = true;
  connection.fd.reset();
  ++over_;
}

void AckedLoad::wait(std::int64_t now_ns) {
  std::int64_t wait_ns = kProgressNs;
  for (const auto& connection : connections_) {
    if (connection->over) continue;
    if (!connection->fd.open()) wait_ns = std::min(wait_ns, connection->retry_ns - now_ns);
    const bool wants = !all_taken(*connection) && connection->unacked.waiting() < options_.window;
    if (!connection->fd.open() || connection->blocked || !wants) continue;
    const std::int64_t due_in_ns =
        paced() ? due_ns(*connection, connection->feed.taken()) - now_ns : 0;
    wait_ns = std::min(wait_ns, paced() ? std::max(due_in_ns, options_.tick.count()) : 0);
  }
  if (!stopping_ && options_.duration.count() > 0) {
    wait_ns = std::min(wait_ns, start_ns_ + options_.duration.count() - now_ns);
  }
  wait_ns = std::max<std::int64_t>(wait_ns, 0);
  const timespec timeout{wait_ns / kNsPerSecond, wait_ns % kNsPerSecond};
  std::array<epoll_event, 256> events{};
  const int count =
      epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  const std::int64_t woken_ns = monotonic_ns();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kSignalTag) continue;  // round() asks
    Connection& connection = *connections_[event.data.u64];
    if ((event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0U && connection.fd.open()) {
      hear(connection, woken_ns);
    }
    if ((event.events & EPOLLOUT) != 0U && connection.fd.open()) watch(connection, false);
  }
}

void AckedLoad::show_progress(std::int64_t now_ns) {
  if (now_ns - shown_ns_ < kProgressNs) return;
  std::uint64_t acked = 0;
  std::uint64_t waiting = 0;
  std::size_t broken = 0;
  for (const auto& connection : connections_) {
    acked += connection->unacked.acked();
    waiting += connection->unacked.waiting();
    broken += !connection->over && !connection->fd.open() ? 1U : 0U;
  }
  fmt::print(stderr, "\r\033[K{:.1f} s  {} records acknowledged, {} waiting  latency p99 {}{}",
             static_cast<double>(now_ns - start_ns_) * 1e-9, with_commas(acked),
             with_commas(waiting), human_duration(results_.ack_latency.quantile(0.99)),
             broken > 0 ? fmt::format("  {} connections broken", broken) : "");
  shown_ns_ = now_ns;
}

}  // namespace weir
