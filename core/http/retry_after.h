// The Retry-After header: seconds, or the date of the end of the wait.
//
// Pure; any thread. Sources: RFC 9110 10.2.3 and 5.6.7; a negative number ends the retries as in
// EventBridge's API destinations.
#pragma once

#include <string_view>

#include "core/base/units.h"

namespace weir {

// However long a server asks for, nobody waits longer than this before the next try.
inline constexpr Nanoseconds kRetryAfterMost = 1h;

struct RetryAfter {
  bool given = false;  // and understood
  bool never = false;  // negative: no further try
  Nanoseconds wait{0};
};
RetryAfter parse_retry_after(std::string_view value, WallTime now);

}  // namespace weir
