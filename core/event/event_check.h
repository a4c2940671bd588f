// check_event(): what exactly is wrong with a line that is not an event, and where. The careful,
// slow twin of the walk in core/match; it sees only lines that the walk refused.
//
// Pure; any thread; no allocation, no recursion.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/event/event_error.h"

namespace weir {

struct EventCheck {
  EventError error = EventError::none;
  std::uint32_t offset = 0;
};
EventCheck check_event(std::string_view text);

}  // namespace weir
