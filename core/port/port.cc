#include "core/port/port.h"

namespace weir {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::unix_socket) return "unix " + endpoint.host;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return "tcp " + (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

}  // namespace weir
