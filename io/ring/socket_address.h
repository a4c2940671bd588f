// Socket addresses and the TCP options that weir sets. Plain values and thin system calls, for the
// ring's connections and for listening sockets.
//
// Facts: ip(7), ipv6(7), unix(7), tcp(7).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// "127.0.0.1", "::1", "fe80::1%eth0"; nothing when the text is not a numeric address.
std::optional<SocketAddress> parse_numeric_address(const std::string& host, std::uint16_t port);
// Nothing when the path is empty or longer than the kernel's 107 bytes.
std::optional<SocketAddress> unix_address(const std::string& path);

// Asks the system's resolver; blocks. On failure returns a negative code that error_text() of
// core/port knows.
std::int64_t resolve_address(const std::string& host, std::uint16_t port, bool to_listen,
                             std::vector<SocketAddress>& out);

bool is_loopback(const SocketAddress& address);
// True when both are the same host address, whatever the ports: the peer is on this machine.
bool same_host(const SocketAddress& a, const SocketAddress& b);
bool same_address(const SocketAddress& a, const SocketAddress& b);
std::string host_text(const SocketAddress& address);  // without the port
std::uint16_t port_of(const SocketAddress& address);
std::string to_text(const SocketAddress& address);  // "127.0.0.1:7000", "[::1]:7000"

SocketAddress local_address(int socket);
SocketAddress peer_address(int socket);

// Sets the congestion control of a TCP socket; 0 or a negative errno. On loopback the common
// default of servers, BBR, costs 2.4 times the processor time of cubic for the same bytes, so
// cubic is what weir takes there unless told otherwise.
int set_congestion(int socket, std::string_view algorithm);
inline constexpr std::string_view kLoopbackCongestion = "cubic";
void set_no_delay(int socket);
// Finds a peer that has vanished without a word within about two minutes, also when we only listen.
void set_keep_alive(int socket);

}  // namespace weir
