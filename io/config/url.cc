#include "io/config/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/config/host_port.h"

namespace weir {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

// What stands unescaped in a path or query: unreserved, sub-delims, and ":@/?".
bool is_path_character(char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

Status check_path(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      if (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2])) {
        return Error{"a '%' in the path that two hexadecimal digits do not follow"};
      }
      i += 2;
    } else if (!is_path_character(path[i])) {
      return Error{fmt::format("the path or query has a '{}', write it as %{:02X}", path[i],
                               static_cast<unsigned char>(path[i]))};
    }
  }
  return Done{};
}

// What is wrong whatever part it stands in.
Status check_bytes(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return Error{fmt::format("longer than {} bytes", kUrlBytesMax)};
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return Error{"contains a control character"};
    if (byte == ' ') return Error{"contains a blank, write it as %20"};
    if (byte >= 0x80) return Error{"contains a character beyond ASCII, write it percent-encoded"};
    if (c == '\\') return Error{"contains a '\\', write '/'"};
    if (c == '#') return Error{"has a fragment ('#'), which is never sent: leave it out"};
  }
  return Done{};
}

Result<HostPort> parse_authority(std::string_view authority, std::uint16_t default_port) {
  if (authority.find('@') != std::string_view::npos) {
    return Error{"has a user part ('@'): write it as 'auth: {basic: {user: ..., password: ...}}'"};
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string whole =
      has_port ? std::string(authority) : fmt::format("{}:{}", authority, default_port);
  Result<HostPort> parsed = parse_host_port(whole);
  if (!parsed) {
    const bool bad_port =
        has_port && parse_host_port(fmt::format("{}:{}", authority.substr(0, colon), default_port));
    return Error{bad_port ? "has no port behind the colon, a number from 1 to 65535 is needed"
                          : "has no host, a name or address such as example.com, 127.0.0.1 or "
                            "[::1] is needed"};
  }
  if (parsed->port == 0) return Error{"nothing can be sent to port 0"};
  if (is_wildcard_host(parsed->host)) {
    return Error{"an address to send to is needed, such as 127.0.0.1"};
  }
  std::ranges::transform(parsed->host, parsed->host.begin(), lower);
  return parsed;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (Status status = check_bytes(text); !status) return status.error();
  const std::size_t colon = text.find("://");
  std::string scheme(text.substr(0, std::min(colon, text.size())));
  std::ranges::transform(scheme, scheme.begin(), lower);
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return Error{"begins with neither http:// nor https://"};
  }
  Url url;
  url.https = scheme == "https";
  std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::uint16_t default_port = url.https ? 443 : 80;
  Result<HostPort> host_port = parse_authority(rest.substr(0, end), default_port);
  if (!host_port) return host_port.error();
  rest.remove_prefix(end);
  if (Status status = check_path(rest); !status) return status.error();
  url.host = host_port->host;
  url.port = host_port->port;
  url.authority = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != default_port) url.authority += ":" + std::to_string(url.port);
  url.path = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

}  // namespace weir
