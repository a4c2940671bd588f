// What tools say about events.
#pragma once

#include <string>
#include <string_view>

#include "core/event/event_error.h"

namespace weir {

// In words for people, where the router's own name of the error is meant for counters. Looks at the
// event for what is easily overlooked.
std::string in_words(EventError error, std::string_view event);

// The text inside of JSON quotes. What is no UTF-8, half of a surrogate pair, becomes U+FFFD.
std::string quotable(std::string_view text);

}  // namespace weir
