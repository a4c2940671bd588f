#include "core/port/port.h"

#include <system_error>

namespace weir {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::unix_socket) return "unix " + endpoint.host;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return "tcp " + (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

std::string error_text(std::int64_t failure) {
  if (failure == kNameUnknown) return "no such host name";
  if (failure == kNameServerFailed) return "the name server gave no answer";
  if (failure == kCongestionUnknown) {
    return "the kernel has no such congestion control (see "
           "net.ipv4.tcp_available_congestion_control)";
  }
  if (failure == kTlsFailed) return "no TLS connection could be agreed on, or it broke";
  if (failure == kTlsUntrusted) return "the certificate comes from no issuer that is trusted here";
  if (failure == kTlsExpired) return "the certificate is not valid today";
  if (failure == kTlsWrongName) return "the certificate is for another name";
  if (failure == kTlsBadFiles) return "the certificate files of `tls` cannot be read";
  return std::generic_category().message(static_cast<int>(failure < 0 ? -failure : failure));
}

}  // namespace weir
