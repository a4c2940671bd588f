#include "tools/load/load.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "io/run/signals.h"
#include "tools/common/clock.h"
#include "tools/common/newlines.h"
#include "tools/common/numbers.h"

namespace weir {
namespace {

// A send of this size costs little more than the copy; larger ones gain nothing on loopback.
constexpr std::size_t kSendBytes = 256 * 1024;
// One connection's turn at the maximum rate, before the others have theirs.
constexpr std::size_t kTurnBytes = 16 * kSendBytes;
// Buffers of stamped records over all connections.
constexpr std::size_t kStampBuffersBytes = std::size_t{64} << 20U;
constexpr std::size_t kStampBufferBytesMin = 16 * 1024;
constexpr std::int64_t kAckPollNs = 1'000'000;
constexpr std::int64_t kProgressNs = 500'000'000;
constexpr std::uint64_t kSignalTag = ~std::uint64_t{0};

std::uint64_t share(std::uint64_t total, std::size_t parts, std::size_t part) {
  return total / parts + (part < total % parts ? 1 : 0);
}

// Records of each connection, when a count is asked for; endless otherwise.
std::uint64_t quota(const LoadOptions& options, std::size_t connection) {
  return options.count == 0 ? Feed::kEndless
                            : share(options.count, options.connections, connection);
}

int socket_error(const Fd& fd) {
  int code = 0;
  socklen_t length = sizeof code;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  return code;
}

}  // namespace

Load::Load(const LoadOptions& options, const RecordMemory& records)
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
  chunk_bytes_max_ =
      std::clamp(kStampBuffersBytes / options.connections, kStampBufferBytesMin, kSendBytes);
}

Load::~Load() = default;

Status Load::connect() {
  raise_descriptor_limit();
  for (const auto& connection : connections_) {
    auto fd = connect_to(options_.to, options_.connect_time);
    if (!fd) return fd.error();
    connection->fd = std::move(*fd);
    epoll_event event{};
    event.data.u64 = connection->number;
    WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->fd.get(), &event) == 0);
  }
  return Done{};
}

void Load::run() {
  prctl(PR_SET_TIMERSLACK, 1UL);  // the default slack of 50 us would be felt in every tick
  const double cpu_before_s = cpu_seconds();
  start_ns_ = moved_ns_ = shown_ns_ = monotonic_ns();
  if (!paced()) {
    for (const auto& connection : connections_) watch(*connection, true);
  }
  std::int64_t now_ns = start_ns_;
  while (over_ < connections_.size() && !given_up(now_ns)) {
    if (!stopping_) stop_if_due(now_ns);
    if (paced() && !stopping_) feed_due(now_ns);
    if (over_ < connections_.size()) wait(now_ns);
    now_ns = monotonic_ns();
    if (options_.progress) show_progress(now_ns);
  }
  if (options_.progress) fmt::print(stderr, "\r\033[K");
  results_.wall_s = static_cast<double>(monotonic_ns() - start_ns_) * 1e-9;
  results_.cpu_s = cpu_seconds() - cpu_before_s;
  const bool short_of_count = options_.count > 0 && results_.records < options_.count;
  results_.complete = results_.connections_failed == 0 && results_.error.empty() &&
                      !(short_of_count && (interrupted_ || options_.duration.count() == 0));
}

void Load::stop_if_due(std::int64_t now_ns) {
  const std::int64_t end_ns = start_ns_ + options_.duration.count();
  const bool time_over = options_.duration.count() > 0 && now_ns >= end_ns;
  interrupted_ = signals_.stopped();
  if (!time_over && !interrupted_) return;
  if (paced() && time_over) feed_due(end_ns - 1);  // what fell due since the last tick
  stop_feeding();
}

// How many records of the whole load are due by now.
std::uint64_t Load::due_total(std::int64_t now_ns) const {
  const double passed_ns = static_cast<double>(now_ns - start_ns_);
  return static_cast<std::uint64_t>(passed_ns * options_.rate_per_s * 1e-9) + 1;
}

std::uint64_t Load::due_of(const Connection& connection, std::int64_t now_ns) const {
  const std::uint64_t total = due_total(now_ns);
  const std::uint64_t n = connections_.size();
  if (total <= connection.number) return 0;
  return (total - connection.number + n - 1) / n;
}

void Load::feed_due(std::int64_t now_ns) {
  const std::uint64_t total = due_total(now_ns);
  const std::uint64_t turns = std::min<std::uint64_t>(total - fed_total_, connections_.size());
  for (std::uint64_t i = 0; i < turns; ++i) {
    Connection& connection = *connections_[(fed_total_ + i) % connections_.size()];
    if (!connection.over && !connection.shut && !connection.watched) pump(connection, now_ns);
  }
  fed_total_ = total;
  results_.records_due = options_.count > 0 ? std::min(total, options_.count) : total;
}

void Load::next_chunk(Connection& connection, std::int64_t now_ns) {
  Feed& feed = connection.feed;
  connection.sent = 0;
  DueTimes due{static_cast<double>(now_ns), 0};
  std::uint64_t records = Feed::kEndless;
  if (paced()) {
    const std::uint64_t due_records = due_of(connection, now_ns);
    records = due_records > feed.taken() ? due_records - feed.taken() : 0;
    const double step_ns = 1e9 / options_.rate_per_s;
    due.first_ns =
        static_cast<double>(start_ns_) + static_cast<double>(connection.number) * step_ns;
    due.step_ns = step_ns * static_cast<double>(connections_.size());
  }
  connection.due_ns = due.of(feed.taken());
  Chunk chunk;
  if (records > 0 && !stopping_ && !feed.exhausted()) {
    chunk = options_.stamp ? feed.take_stamped(records, chunk_bytes_max_, due) : feed.take(records);
  }
  connection.chunk = chunk.bytes;
  connection.records = chunk.records;
}

// Sends until nothing is due, the kernel takes no more, or the connection's turn is over.
void Load::pump(Connection& connection, std::int64_t now_ns) {
  std::size_t turn = 0;
  while (turn < kTurnBytes) {
    if (connection.sent == connection.chunk.size()) {
      next_chunk(connection, turn == 0 || paced() ? now_ns : monotonic_ns());
    }
    if (connection.chunk.empty()) {
      if (connection.feed.exhausted() || stopping_) return shut_down(connection, now_ns);
      return watch(connection, false);  // nothing is due
    }
    const std::string_view rest = connection.chunk.substr(connection.sent);
    const ssize_t took =
        send(connection.fd.get(), rest.data(), std::min(rest.size(), kSendBytes), MSG_NOSIGNAL);
    if (took < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(connection, errno);
      return watch(connection, true);
    }
    const auto size = static_cast<std::size_t>(took);
    connection.sent += size;
    results_.bytes += size;
    turn += size;
    moved_ns_ = now_ns;
    if (connection.sent == connection.chunk.size()) chunk_done(connection);
  }
  watch(connection, true);
}

void Load::chunk_done(Connection& connection) {
  results_.records += connection.records;
  if (!paced()) return;
  const std::int64_t slip_ns = monotonic_ns() - connection.due_ns;
  results_.slip.record(slip_ns, connection.records);
  results_.behind_s = static_cast<double>(slip_ns) * 1e-9;
}

void Load::watch(Connection& connection, bool on) {
  if (connection.watched == on) return;
  connection.watched = on;
  on ? ++blocked_ : --blocked_;
  epoll_event event{};
  event.events = on ? static_cast<std::uint32_t>(EPOLLOUT) : 0U;
  event.data.u64 = connection.number;
  WEIR_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) == 0);
}

void Load::shut_down(Connection& connection, std::int64_t now_ns) {
  watch(connection, false);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd.get(), nullptr);
  shutdown(connection.fd.get(), SHUT_WR);
  connection.shut = true;
  ++closing_;
  check_shut(connection, now_ns);
}

// Over once the peer's kernel has all of it.
void Load::check_shut(Connection& connection, std::int64_t now_ns) {
  int unacknowledged = 0;
  if (ioctl(connection.fd.get(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0) {
    if (unacknowledged != connection.unacknowledged) moved_ns_ = now_ns;
    connection.unacknowledged = unacknowledged;
    if (const int code = socket_error(connection.fd); code != 0) fail(connection, code);
    return;
  }
  connection.over = true;
  --closing_;
  ++over_;
  connection.fd.reset();
}

void Load::fail(Connection& connection, int code) {
  if (results_.error.empty()) {
    results_.error = fmt::format("connection {} to {}: {}", connection.number,
                                 to_string(options_.to), std::strerror(code));
  }
  results_.records +=
      connection.shut ? 0 : count_newlines(connection.chunk.substr(0, connection.sent));
  ++results_.connections_failed;
  if (connection.shut) --closing_;
  if (connection.watched) --blocked_;
  connection.watched = false;
  connection.over = true;
  ++over_;
  connection.fd.reset();
}

// No further chunks; what is being sent ends with the record that has begun.
void Load::stop_feeding() {
  stopping_ = true;
  for (const auto& connection : connections_) {
    if (connection->over || connection->shut) continue;
    const std::size_t sent = connection->sent;
    const bool between = sent == 0 || connection->chunk[sent - 1] == '\n';
    const std::size_t end = between ? sent : connection->chunk.find('\n', sent) + 1;
    if (sent < connection->chunk.size()) {
      connection->chunk = connection->chunk.substr(0, end);
      connection->records = count_newlines(connection->chunk);
      if (sent == end) chunk_done(*connection);
    }
    pump(*connection, monotonic_ns());
  }
}

std::int64_t Load::wait_limit_ns(std::int64_t now_ns) const {
  std::int64_t wait_ns = closing_ > 0 ? kAckPollNs : kProgressNs;
  if (stopping_) return wait_ns;
  if (paced() && blocked_ + closing_ + over_ < connections_.size()) {
    const double next_ns = static_cast<double>(fed_total_) * 1e9 / options_.rate_per_s;
    const std::int64_t due_in_ns = start_ns_ + static_cast<std::int64_t>(next_ns) - now_ns;
    wait_ns = std::min(wait_ns, std::max<std::int64_t>(due_in_ns, options_.tick.count()));
  }
  if (options_.duration.count() > 0) {
    wait_ns = std::min(wait_ns, start_ns_ + options_.duration.count() - now_ns);
  }
  return std::max<std::int64_t>(wait_ns, 0);
}

void Load::wait(std::int64_t now_ns) {
  const std::int64_t wait_ns = wait_limit_ns(now_ns);
  const timespec timeout{wait_ns / kNsPerSecond, wait_ns % kNsPerSecond};
  std::array<epoll_event, 256> events{};
  const int count =
      epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  const std::int64_t woken_ns = monotonic_ns();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kSignalTag) continue;  // run() asks
    handle(*connections_[event.data.u64], event.events, woken_ns);
  }
  if (closing_ == 0) return;
  for (const auto& connection : connections_) {
    if (connection->shut && !connection->over) check_shut(*connection, woken_ns);
  }
}

void Load::handle(Connection& connection, std::uint32_t events, std::int64_t now_ns) {
  if (connection.over || connection.shut) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0U) {
    const int code = socket_error(connection.fd);
    return fail(connection, code != 0 ? code : EPIPE);
  }
  pump(connection, now_ns);
}

bool Load::given_up(std::int64_t now_ns) {
  if (options_.patience.count() == 0 || now_ns - moved_ns_ < options_.patience.count()) {
    return false;
  }
  const bool all_idle =
      std::none_of(connections_.begin(), connections_.end(),
                   [](const auto& connection) { return connection->watched || connection->shut; });
  if (all_idle) return false;  // a slow schedule, not a slow peer
  results_.error = fmt::format("{} took nothing for {}", to_string(options_.to),
                               format_duration(options_.patience));
  for (const auto& connection : connections_) {
    if (connection->over || connection->shut) continue;
    results_.records += count_newlines(connection->chunk.substr(0, connection->sent));
  }
  return true;
}

void Load::show_progress(std::int64_t now_ns) {
  if (now_ns - shown_ns_ < kProgressNs) return;
  const double seconds = static_cast<double>(now_ns - shown_ns_) * 1e-9;
  const double rate = static_cast<double>(results_.bytes - shown_bytes_) / seconds;
  fmt::print(stderr, "\r\033[K{:.1f} s  {}  {}/s", static_cast<double>(now_ns - start_ns_) * 1e-9,
             human_bytes(static_cast<double>(results_.bytes)), human_bytes(rate));
  if (paced()) {
    fmt::print(stderr, "  {} records  slip p99 {}", with_commas(results_.records),
               human_duration(results_.slip.quantile(0.99)));
  }
  if (closing_ + over_ == connections_.size()) {
    fmt::print(stderr, "  all sent, waiting for the peer to take it");
  }
  shown_ns_ = now_ns;
  shown_bytes_ = results_.bytes;
}

}  // namespace weir
