// The date of the Date header: "Mon, 30 Nov 2026 22:00:00 GMT". Pure, any thread.
// Source: RFC 9110 5.6.7.
#pragma once

#include <string>

#include "core/base/units.h"

namespace weir {

std::string http_date(WallTime time);

}  // namespace weir
