// Dead letters for people: a line each, columns one below the other.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

std::string letter_heading();
// From a dead letter as JSON.
std::string letter_row(std::string_view json);
// "90s", "24h", "7d" ago, or "2026-11-26T08:00:00Z"; in nanoseconds since 1970.
Result<std::int64_t> parse_since(std::string_view text, std::int64_t now);

}  // namespace weir
