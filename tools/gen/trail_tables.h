// The API calls that a generated CloudTrail is made of, and how often each comes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

struct TrailCall {
  std::string_view service;     // "s3": source aws.s3, host s3.amazonaws.com
  std::string_view name;        // "GetObject"
  std::string_view parameters;  // JSON; each # stands for a random hexadecimal digit
  std::string_view response;    // the same; "null" for calls that only read
  bool read_only;
  bool data_event;
  std::uint32_t weight;
};

std::span<const TrailCall> trail_calls();

}  // namespace weir
