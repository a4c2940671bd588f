// The address of an HTTP target, checked without asking any name service and strictly: what one
// program would read otherwise than another is refused.
//
// Facts: RFC 3986 (grammar), RFC 9110 (http and https). Errors never repeat the text: an address
// may carry a token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

struct Url {
  bool https = false;
  std::string host;  // lower case, without the brackets of IPv6
  std::uint16_t port = 0;
  std::string authority;  // as the Host header has it: without the default port
  std::string path;       // with the query, "/" at least
};

inline constexpr std::size_t kUrlBytesMax = 8192;

Result<Url> parse_url(std::string_view text);

}  // namespace weir
