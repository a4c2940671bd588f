// "HOST:PORT" in text, checked without asking any name service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

struct HostPort {
  std::string host;  // without the brackets of IPv6
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "127.0.0.1:7000", "[::1]:7000", "example.com:7000".
Result<HostPort> parse_host_port(std::string_view text);

bool is_numeric_host(std::string_view host);   // an IPv4 or IPv6 address
bool is_wildcard_host(std::string_view host);  // 0.0.0.0 or ::
bool is_loopback_host(std::string_view host);  // 127.0.0.0/8, ::1, localhost

}  // namespace weir
