#include "io/run/listener.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "io/descriptor/descriptor.h"
#include "io/ring/socket_address.h"

namespace weir {
namespace {

Error fault(const Endpoint& endpoint, const std::string& what) {
  return {"cannot listen on " + to_string(endpoint) + ": " + what};
}

Error tcp_fault(const Endpoint& endpoint, int error) {
  const std::string port = std::to_string(endpoint.port);
  switch (error) {
    case EADDRINUSE:
      return fault(endpoint,
                   "the port is in use. Choose another one, or stop who has it: ss -ltnp "
                   "'sport = :" +
                       port + "'");
    case EACCES:
    case EPERM:
      return fault(endpoint,
                   "no right to open this port. Take one above 1023, or give the program "
                   "CAP_NET_BIND_SERVICE");
    case EADDRNOTAVAIL:
      return fault(endpoint, "this machine has no such address. See: ip address");
    case EMFILE:
      return fault(endpoint, "the process is out of descriptors. Raise the limit: ulimit -n 65536");
    case EAFNOSUPPORT:
      return fault(endpoint, "the kernel has no IPv6. Use an IPv4 address");
    default:
      return fault(endpoint, error_text(-error));
  }
}

// 0, or an errno.
int open_tcp(const SocketAddress& address, const Endpoint& endpoint, int& out) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno;
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Accepted connections inherit these.
  set_no_delay(socket.get());
  set_keep_alive(socket.get());
  if (!endpoint.congestion.empty()) {
    const int failed = set_congestion(socket.get(), endpoint.congestion);
    if (failed == -ENOENT) return static_cast<int>(-kCongestionUnknown);
    if (failed != 0) return -failed;
  } else if (is_loopback(address)) {
    set_congestion(socket.get(), kLoopbackCongestion);
  }
  if (::bind(socket.get(), address.get(), address.length) != 0) return errno;
  if (::listen(socket.get(), SOMAXCONN) != 0) return errno;
  out = socket.release();
  return 0;
}

// Whether a unix socket's path may be taken: nothing there, or a socket that nobody serves.
Status clear_stale(const Endpoint& endpoint, const SocketAddress& address) {
  struct stat status {};
  if (lstat(endpoint.host.c_str(), &status) != 0) return Done{};
  if (!S_ISSOCK(status.st_mode)) {
    return fault(endpoint,
                 "there is a file of that name that is no socket. Remove it, or choose "
                 "another path");
  }
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return fault(endpoint, error_text(-errno));
  if (::connect(probe.get(), address.get(), address.length) == 0 || errno != ECONNREFUSED) {
    return fault(endpoint, "another process serves this socket. Stop it, or choose another path");
  }
  if (::unlink(endpoint.host.c_str()) != 0) {
    return fault(endpoint,
                 "a stale socket lies there and cannot be removed: " + error_text(-errno));
  }
  return Done{};
}

Error unix_fault(const Endpoint& endpoint, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return fault(endpoint, "its directory does not exist. Create it first");
    case EACCES:
    case EPERM:
    case EROFS:
      return fault(endpoint, "no right to create it there. Choose a directory this user may write");
    default:
      return fault(endpoint, error_text(-error));
  }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const Endpoint& endpoint) {
  return endpoint.kind == Endpoint::Kind::unix_socket ? open_unix(endpoint) : open_tcp_at(endpoint);
}

Result<std::unique_ptr<Listener>> Listener::open_tcp_at(const Endpoint& endpoint) {
  std::vector<SocketAddress> addresses;
  if (const auto numeric = parse_numeric_address(endpoint.host, endpoint.port)) {
    addresses.push_back(*numeric);
  } else if (const auto failed = resolve_address(endpoint.host, endpoint.port, true, addresses);
             failed != 0) {
    return fault(endpoint, error_text(failed) +
                               ". Give a numeric address such as 127.0.0.1 or ::1, or a name that "
                               "resolves to one of this machine");
  }
  int error = 0;
  for (const SocketAddress& address : addresses) {
    int socket = -1;
    error = open_tcp(address, endpoint, socket);
    if (error != 0) continue;
    const SocketAddress bound = local_address(socket);
    Endpoint real = endpoint;
    real.host = host_text(bound);
    real.port = port_of(bound);
    return std::unique_ptr<Listener>(new Listener(Handle(socket), std::move(real), 0, 0));
  }
  return tcp_fault(endpoint, error);
}

Result<std::unique_ptr<Listener>> Listener::open_unix(const Endpoint& endpoint) {
  const auto address = unix_address(endpoint.host);
  if (!address) return fault(endpoint, "the path must have 1 to 107 bytes");
  const Status free = clear_stale(endpoint, *address);
  if (!free) return free.error();
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return unix_fault(endpoint, errno);
  if (::bind(socket.get(), address->get(), address->length) != 0) {
    return unix_fault(endpoint, errno);
  }
  if (::listen(socket.get(), SOMAXCONN) != 0) return unix_fault(endpoint, errno);
  struct stat made {};
  lstat(endpoint.host.c_str(), &made);
  return std::unique_ptr<Listener>(
      new Listener(Handle(socket.release()), endpoint, made.st_dev, made.st_ino));
}

Listener::~Listener() {
  ::close(handle_.value);
  if (endpoint_.kind != Endpoint::Kind::unix_socket) return;
  struct stat now {};
  const bool ours =
      lstat(endpoint_.host.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_;
  if (ours) ::unlink(endpoint_.host.c_str());
}

}  // namespace weir
