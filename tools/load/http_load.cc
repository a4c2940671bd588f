#include "tools/load/http_load.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "io/run/signals.h"
#include "tools/common/clock.h"
#include "tools/common/numbers.h"

namespace weir {
namespace {

constexpr std::uint64_t kSignalTag = ~std::uint64_t{0};
constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{1} << 20U;
constexpr std::int64_t kProgressNs = 500'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;

std::uint64_t share(std::uint64_t total, std::size_t parts, std::size_t part) {
  return total / parts + (part < total % parts ? 1 : 0);
}

std::uint64_t records_of_a_request(const LoadOptions& options, const Slice& all) {
  if (options.api == LoadApi::put_events) return options.request_entries;
  const std::uint64_t line_bytes = all.text.size() / std::max<std::uint64_t>(1, all.lines) + 1;
  return std::max<std::uint64_t>(1, options.request_bytes / line_bytes);
}

}  // namespace

HttpLoad::HttpLoad(const LoadOptions& options, const RecordMemory& records)
    : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  WEIR_CHECK(epoll_.open());
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kSignalTag;
  WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, signals_.fd(), &event) == 0);
  records_each_ = records_of_a_request(options, records.all());
  const std::vector<Slice> slices = records.split(options.connections);
  for (std::size_t i = 0; i < options.connections; ++i) {
    const std::uint64_t quota =
        options.count == 0 ? Feed::kEndless : share(options.count, options.connections, i);
    connections_.push_back(std::make_unique<Connection>(Feed(slices[i], i, quota), i));
  }
}

HttpLoad::~HttpLoad() = default;

Status HttpLoad::connect() {
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

void HttpLoad::run() {
  const double cpu_before_s = cpu_seconds();
  start_ns_ = moved_ns_ = shown_ns_ = monotonic_ns();
  while (over_ < connections_.size() && results_.error.empty()) {
    const std::int64_t now_ns = monotonic_ns();
    const bool time_over =
        options_.duration.count() > 0 && now_ns >= start_ns_ + options_.duration.count();
    interrupted_ = interrupted_ || signals_.stopped();
    stopping_ = stopping_ || time_over || interrupted_;
    if (options_.patience.count() > 0 && now_ns - moved_ns_ > options_.patience.count()) {
      fail(fmt::format("nothing was answered for {}", format_duration(options_.patience)));
      break;
    }
    round(now_ns);
    if (over_ < connections_.size() && results_.error.empty()) wait(monotonic_ns());
    if (options_.progress) show_progress(monotonic_ns());
  }
  if (options_.progress) fmt::print(stderr, "\r\033[K");
  results_.wall_s = static_cast<double>(monotonic_ns() - start_ns_) * 1e-9;
  results_.cpu_s = cpu_seconds() - cpu_before_s;
  const bool short_of_count = options_.count > 0 && results_.records < options_.count;
  results_.complete = results_.error.empty() && results_.refused == 0 &&
                      !(short_of_count && (interrupted_ || options_.duration.count() == 0));
}

// Begins what is due.
void HttpLoad::round(std::int64_t now_ns) {
  for (const auto& connection : connections_) {
    Connection& one = *connection;
    if (one.over) continue;
    if (one.busy) {
      if (one.retry_ns != 0 && now_ns >= one.retry_ns) send_again(one);
      continue;
    }
    if (stopping_ || one.feed.exhausted()) {
      one.over = true;
      ++over_;
    } else if (begin(one, now_ns)) {
      pump(one);
    }
  }
}

// False: nothing is due yet.
bool HttpLoad::begin(Connection& connection, std::int64_t now_ns) {
  connection.due_ns = now_ns;
  DueTimes due{.first_ns = static_cast<double>(now_ns), .step_ns = 0};
  if (options_.rate_per_s > 0) {
    const auto connections = static_cast<double>(connections_.size());
    due.step_ns = connections * 1e9 / options_.rate_per_s;
    due.first_ns = static_cast<double>(start_ns_);
    connection.due_ns = due.of(connection.feed.taken() + records_each_);
    if (connection.due_ns > now_ns) return false;
  }
  connection.chunk = options_.stamp
                         ? connection.feed.take_stamped(records_each_, options_.request_bytes, due)
                         : connection.feed.take(records_each_);
  connection.request.make(options_, connection.chunk);
  connection.busy = true;
  connection.sent = 0;
  connection.reader.begin(kAnswerBytesMax);
  results_.records_due += connection.chunk.records;
  return true;
}

void HttpLoad::send_again(Connection& connection) {
  connection.retry_ns = 0;
  connection.sent = 0;
  connection.reader.begin(kAnswerBytesMax);
  results_.repeated += connection.chunk.records;
  pump(connection);
}

void HttpLoad::pump(Connection& connection) {
  const HttpRequest& request = connection.request;
  while (connection.sent < request.size()) {
    const std::string_view head = request.head_after(connection.sent);
    const std::string_view body = request.body_after(connection.sent);
    std::array<iovec, 2> pieces{{{const_cast<char*>(head.data()), head.size()},    // NOLINT
                                 {const_cast<char*>(body.data()), body.size()}}};  // NOLINT
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t count = sendmsg(connection.fd.get(), &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return watch(connection, true);
    if (count < 0) {
      // The answer may be there all the same, and says more.
      return watch(connection, false);
    }
    connection.sent += static_cast<std::size_t>(count);
  }
  watch(connection, false);
}

void HttpLoad::watch(Connection& connection, bool blocked) {
  if (connection.blocked == blocked) return;
  connection.blocked = blocked;
  epoll_event event{};
  event.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = connection.number;
  WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) == 0);
}

void HttpLoad::hear(Connection& connection, std::int64_t now_ns) {
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      return fail(count == 0 ? "the peer closed the connection"
                             : fmt::format("the connection broke: {}", std::strerror(errno)));
    }
    if (!connection.busy) return fail("the peer said something that nobody had asked for");
    const auto state = connection.reader.read({buffer.data(), static_cast<std::size_t>(count)});
    if (state == HttpResponseReader::State::reading) continue;
    if (state != HttpResponseReader::State::complete) {
      return fail(fmt::format("no sound answer: {}", connection.reader.fault()));
    }
    return answered(connection, now_ns);
  }
}

void HttpLoad::answered(Connection& connection, std::int64_t now_ns) {
  moved_ns_ = now_ns;
  const int status = connection.reader.status();
  const std::string_view body = connection.reader.body();
  if (status == 503 && connection.reader.reusable()) {
    connection.retry_ns = now_ns + kSecondNs;
    ++results_.breaks;
    if (results_.first_break.empty()) results_.first_break = std::string(body.substr(0, 200));
    return;
  }
  const auto accepted = connection.request.accepted(status, body);
  if (!accepted) return fail(fmt::format("answered {}: {}", status, body.substr(0, 200)));
  const std::uint64_t refused = connection.chunk.records - *accepted;
  if (refused > 0 && results_.first_refusal.empty()) {
    results_.first_refusal = std::string(body.substr(0, 200));
  }
  results_.records += *accepted;
  results_.refused += refused;
  results_.bytes += connection.chunk.bytes.size();
  results_.ack_latency.record(now_ns - connection.due_ns, connection.chunk.records);
  connection.busy = false;
  if (!connection.reader.reusable()) fail("the peer ended the connection behind an answer");
}

void HttpLoad::fail(const std::string& why) {
  if (results_.error.empty()) results_.error = why;
}

void HttpLoad::wait(std::int64_t now_ns) {
  // Whoever waits for its time is looked at each tick; the others are told by the socket.
  bool timed = options_.rate_per_s > 0 && !stopping_;
  bool idle = false;
  for (const auto& connection : connections_) {
    timed = timed || connection->retry_ns != 0;
    idle = idle || (!connection->over && !connection->busy && options_.rate_per_s <= 0);
  }
  const int limit_ms = idle ? 0 : timed ? 1 : 100;
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), events.size(), limit_ms);
  for (int i = 0; i < count && results_.error.empty(); ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kSignalTag) continue;
    Connection& connection = *connections_[event.data.u64];
    if (connection.over) continue;
    if ((event.events & EPOLLOUT) != 0) pump(connection);
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
      hear(connection, monotonic_ns());
      if (!connection.busy) round(now_ns);
    }
  }
}

void HttpLoad::show_progress(std::int64_t now_ns) {
  if (now_ns - shown_ns_ < kProgressNs) return;
  shown_ns_ = now_ns;
  fmt::print(stderr, "\r\033[K{} records accepted", with_commas(results_.records));
}

}  // namespace weir
