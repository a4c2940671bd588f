// The value of `order_by` in an event: events with equal values go to their target one after the
// other.
//
// Pure functions, any thread. Costs a scan of the event up to the value.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/catalog/catalog.h"

namespace weir {

// The text of the string (as written, without quotes), number, boolean or null at this path; empty
// where there is none, or an object or array.
std::string_view order_key(std::string_view event, const FieldPath& path);
// Never 0 but for the empty key. Without `hash_key` nobody can prepare values that hold up others.
std::uint64_t hash_order_key(std::string_view key, std::uint64_t hash_key);

}  // namespace weir
