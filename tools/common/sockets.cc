#include "tools/common/sockets.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <thread>

#include "tools/common/clock.h"

namespace weir {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Error system_error(std::string_view what, const Endpoint& endpoint, int code) {
  return Error{fmt::format("cannot {} {}: {}", what, to_string(endpoint), std::strerror(code))};
}

Result<SocketAddress> unix_address(const Endpoint& endpoint) {
  SocketAddress address;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (endpoint.host.empty() || endpoint.host.size() >= sizeof un.sun_path) {
    return Error{fmt::format("'{}' is not a unix socket path of 1 to {} bytes", endpoint.host,
                             sizeof un.sun_path - 1)};
  }
  std::memcpy(un.sun_path, endpoint.host.data(), endpoint.host.size());
  std::memcpy(&address.storage, &un, sizeof un);
  address.length = sizeof un;
  return address;
}

Result<SocketAddress> resolve(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::unix_socket) return unix_address(endpoint);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int code = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found);
  if (code != 0) {
    return Error{fmt::format("cannot resolve '{}': {}", endpoint.host, gai_strerror(code))};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  return address;
}

bool is_loopback(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return (ntohl(in.sin_addr.s_addr) >> 24U) == 127;
  }
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr) != 0;
  }
  return false;
}

Fd new_socket(const SocketAddress& address) {
  return Fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// A socket file whose server is gone would refuse the bind for ever.
void remove_stale_socket(const Endpoint& endpoint, const SocketAddress& address) {
  struct stat status {};
  if (lstat(endpoint.host.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Fd probe = new_socket(address);
  if (connect(probe.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED) {
    unlink(endpoint.host.c_str());
  }
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    return ntohs(in.sin6_port);
  }
  sockaddr_in in{};
  std::memcpy(&in, &storage, sizeof in);
  return ntohs(in.sin_port);
}

// One attempt; 0 or an errno.
int try_connect(const Fd& fd, const SocketAddress& address, std::int64_t deadline_ns) {
  if (connect(fd.get(), address.get(), address.length) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{fd.get(), POLLOUT, 0};
  for (;;) {
    const std::int64_t left_ms = (deadline_ns - monotonic_ns()) / 1'000'000;
    const int ready = poll(&waiting, 1, left_ms > 0 ? static_cast<int>(left_ms) : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return ETIMEDOUT;
    break;
  }
  int code = 0;
  socklen_t length = sizeof code;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  return code;
}

}  // namespace

void Fd::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Result<Endpoint> parse_tcp_address(std::string_view text) {
  const auto bad = [&] {
    return Error{fmt::format("'{}' is not an address such as 127.0.0.1:7000 or [::1]:7000", text)};
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();
  }
  Endpoint endpoint;
  endpoint.host = host.empty() ? "127.0.0.1" : std::string(host);
  const char* end = port.data() + port.size();
  const auto [rest, failure] = std::from_chars(port.data(), end, endpoint.port);
  if (failure != std::errc{} || rest != end || port.empty()) return bad();
  return endpoint;
}

Result<Endpoint> parse_address_url(std::string_view text) {
  if (text.starts_with("tcp://")) return parse_tcp_address(text.substr(6));
  if (text.starts_with("unix://") && text.size() > 7) {
    Endpoint endpoint;
    endpoint.kind = Endpoint::Kind::unix_socket;
    endpoint.host = std::string(text.substr(7));
    return endpoint;
  }
  return Error{fmt::format("'{}' is not tcp://HOST:PORT or unix://PATH", text)};
}

void set_congestion(int fd, const Endpoint& endpoint) {
  if (endpoint.kind != Endpoint::Kind::tcp) return;
  std::string name = endpoint.congestion;
  if (name.empty()) {
    const auto address = resolve(endpoint);
    if (!address || !is_loopback(*address)) return;
    name = "cubic";
  }
  // A kernel without it keeps its own choice: slower, not wrong.
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size()));
}

Result<Fd> listen_on(Endpoint& endpoint, int receive_buffer_bytes) {
  const auto address = resolve(endpoint);
  if (!address) return address.error();
  Fd fd = new_socket(*address);
  if (!fd.open()) return system_error("open a socket for", endpoint, errno);
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    remove_stale_socket(endpoint, *address);
  } else {
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_congestion(fd.get(), endpoint);
  }
  if (receive_buffer_bytes > 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
  }
  if (bind(fd.get(), address->get(), address->length) != 0 || listen(fd.get(), 4096) != 0) {
    return system_error("listen on", endpoint, errno);
  }
  if (endpoint.kind == Endpoint::Kind::tcp) endpoint.port = bound_port(fd.get());
  return fd;
}

Result<Fd> connect_to(const Endpoint& endpoint, Nanoseconds patience) {
  const auto address = resolve(endpoint);
  if (!address) return address.error();
  constexpr std::int64_t kAttemptNs = 10 * kNsPerSecond;
  const std::int64_t give_up_ns = monotonic_ns() + patience.count();
  for (;;) {
    Fd fd = new_socket(*address);
    if (!fd.open()) return system_error("open a socket for", endpoint, errno);
    set_congestion(fd.get(), endpoint);
    const int code = try_connect(fd, *address, monotonic_ns() + kAttemptNs);
    if (code == 0) return fd;
    const bool may_come = code == ECONNREFUSED || code == ENOENT || code == EAGAIN;
    if (!may_come || monotonic_ns() >= give_up_ns) {
      return system_error("connect to", endpoint, code);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace weir
