// What a status says about the records of its request. One table for all HTTP targets.
//
//     2xx                              delivered, unless the body names records that failed
//     401 407 408 409 421 425 429 5xx  may pass later: tried again
//     3xx                              the address is wrong for all: refused, never followed
//     any other 4xx                    these records will not pass: refused, one by one
//
// Source: EventBridge's API destinations (401, 407, 409, 429 and 5xx are tried again, others are
// not); 408, 421 and 425 say "again" by their definition (RFC 9110, RFC 8470).
#pragma once

#include <cstdint>

namespace weir {

enum class StatusVerdict : std::uint8_t {
  delivered,
  again,     // a failure that may pass
  refused,   // permanent, and perhaps because of one record of the batch
  elsewhere  // permanent for all records alike: a redirect
};
StatusVerdict judge_status(int status);

// A server that answers so asks everybody to wait, not only the batch at hand.
constexpr bool is_overload(int status) {
  return status == 429 || status == 503;
}

}  // namespace weir
