#include "io/config/host_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace weir {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, in text form

std::optional<in_addr> ipv4(std::string_view host) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> ipv6(std::string_view host) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

// A name whose last label is a number would be read as an address by some resolvers ("127.1").
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax || host.front() == '-') return false;
  if (host.front() == '.' || host.find("..") != std::string_view::npos) return false;
  if (!std::ranges::all_of(host, is_host_character)) return false;
  const std::size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  return last.empty() ? dot > 0 : last.front() < '0' || last.front() > '9';
}

Error bad_host_port() {
  return {"not an address, write HOST:PORT such as 127.0.0.1:7000 or [::1]:7000"};
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_host_port();
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  const auto [rest, failure] = std::from_chars(port_text.data(), end, port);
  if (failure != std::errc{} || rest != end) {
    return Error{"not a port behind the colon, a number from 0 to 65535 is needed"};
  }
  if (host.empty()) {
    return Error{"no host before the colon, write 127.0.0.1 for this machine or 0.0.0.0 for all"};
  }
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!ipv6(host)) return Error{"not an IPv6 address in the brackets"};
  } else if (host.find(':') != std::string_view::npos) {
    return Error{"an IPv6 address needs brackets, such as [::1]:7000"};
  } else if (!ipv4(host) && !is_host_name(host)) {
    return bad_host_port();
  }
  return HostPort{std::string(host), port};
}

bool is_numeric_host(std::string_view host) {
  return ipv4(host).has_value() || ipv6(host).has_value();
}

bool is_wildcard_host(std::string_view host) {
  if (const auto v4 = ipv4(host)) return v4->s_addr == 0;
  const auto v6 = ipv6(host);
  return v6 && IN6_IS_ADDR_UNSPECIFIED(&*v6);
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost") return true;
  if (const auto v4 = ipv4(host)) return (ntohl(v4->s_addr) >> 24U) == 127;
  const auto v6 = ipv6(host);
  if (!v6) return false;
  return IN6_IS_ADDR_LOOPBACK(&*v6) || (IN6_IS_ADDR_V4MAPPED(&*v6) && v6->s6_addr[12] == 127);
}

}  // namespace weir
