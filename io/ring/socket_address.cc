#include "io/ring/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "core/port/port.h"

namespace weir {
namespace {

const sockaddr_in& as_v4(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& as_v6(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

bool mapped_v4(const SocketAddress& address) {
  return address.family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&as_v6(address).sin6_addr);
}

// The IPv4 address in host byte order, also of one mapped into IPv6.
std::optional<std::uint32_t> v4_of(const SocketAddress& address) {
  if (address.family() == AF_INET) return ntohl(as_v4(address).sin_addr.s_addr);
  if (!mapped_v4(address)) return std::nullopt;
  std::uint32_t word = 0;
  std::memcpy(&word, as_v6(address).sin6_addr.s6_addr + 12, sizeof(word));
  return ntohl(word);
}

}  // namespace

std::optional<SocketAddress> parse_numeric_address(const std::string& host, std::uint16_t port) {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.length = sizeof(sockaddr_in);
    return address;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  const std::size_t percent = host.find('%');
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  if (percent != std::string::npos) {
    v6.sin6_scope_id = if_nametoindex(host.c_str() + percent + 1);
    if (v6.sin6_scope_id == 0) return std::nullopt;
  }
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  address.length = sizeof(sockaddr_in6);
  return address;
}

std::optional<SocketAddress> unix_address(const std::string& path) {
  SocketAddress address;
  auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof(un.sun_path)) return std::nullopt;
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::int64_t resolve_address(const std::string& host, std::uint16_t port, bool to_listen,
                             std::vector<SocketAddress>& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
  addrinfo* list = nullptr;
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &list);
  if (failed == EAI_SYSTEM) return errno != 0 ? -errno : kNameServerFailed;
  if (failed == EAI_AGAIN) return kNameServerFailed;
  if (failed == EAI_MEMORY) return -ENOMEM;
  if (failed != 0) return kNameUnknown;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    SocketAddress address;
    if (item->ai_addrlen > sizeof(address.storage)) continue;
    std::memcpy(&address.storage, item->ai_addr, item->ai_addrlen);
    address.length = item->ai_addrlen;
    out.push_back(address);
  }
  freeaddrinfo(list);
  return out.empty() ? kNameUnknown : 0;
}

bool is_loopback(const SocketAddress& address) {
  if (const auto v4 = v4_of(address)) return (*v4 >> 24U) == 127;
  return address.family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&as_v6(address).sin6_addr);
}

bool same_host(const SocketAddress& a, const SocketAddress& b) {
  const auto a4 = v4_of(a);
  const auto b4 = v4_of(b);
  if (a4.has_value() || b4.has_value()) return a4 == b4;
  return a.family() == AF_INET6 && b.family() == AF_INET6 &&
         IN6_ARE_ADDR_EQUAL(&as_v6(a).sin6_addr, &as_v6(b).sin6_addr);
}

bool same_address(const SocketAddress& a, const SocketAddress& b) {
  return same_host(a, b) && port_of(a) == port_of(b);
}

std::string host_text(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (const auto v4 = v4_of(address)) {
    const in_addr raw{htonl(*v4)};
    inet_ntop(AF_INET, &raw, text, sizeof(text));
  } else if (address.family() == AF_INET6) {
    inet_ntop(AF_INET6, &as_v6(address).sin6_addr, text, sizeof(text));
  }
  return text;
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.family() == AF_INET) return ntohs(as_v4(address).sin_port);
  if (address.family() == AF_INET6) return ntohs(as_v6(address).sin6_port);
  return 0;
}

std::string to_text(const SocketAddress& address) {
  if (address.family() == AF_UNIX) return "unix socket";
  const std::string host = host_text(address);
  if (host.empty()) return "unknown peer";
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port_of(address));
}

SocketAddress local_address(int socket) {
  SocketAddress address;
  address.length = sizeof(address.storage);
  if (getsockname(socket, address.get(), &address.length) != 0) address = {};
  return address;
}

SocketAddress peer_address(int socket) {
  SocketAddress address;
  address.length = sizeof(address.storage);
  if (getpeername(socket, address.get(), &address.length) != 0) address = {};
  return address;
}

int set_congestion(int socket, std::string_view algorithm) {
  const int failed = setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, algorithm.data(),
                                static_cast<socklen_t>(algorithm.size()));
  return failed == 0 ? 0 : -errno;
}

void set_no_delay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void set_keep_alive(int socket) {
  const int on = 1;
  const int idle_s = 60;
  const int interval_s = 15;
  const int probes = 4;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

}  // namespace weir
