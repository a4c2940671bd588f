// EventError in words for people, where the router's own name of it is meant for counters.
#pragma once

#include <string_view>

#include "core/event/event_error.h"

namespace weir {

std::string_view in_words(EventError error);

}  // namespace weir
