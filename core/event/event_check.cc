#include "core/event/event_check.h"

#include "core/rule/json_scanner.h"

namespace weir {

static_assert(kEventDepthMax == kJsonDepthMax);

std::string_view to_string(EventError error) {
  switch (error) {
    case EventError::none:
      return "none";
    case EventError::malformed:
      return "malformed";
    case EventError::truncated:
      return "truncated";
    case EventError::not_object:
      return "not_object";
    case EventError::not_utf8:
      return "not_utf8";
    case EventError::too_deep:
      return "too_deep";
    case EventError::too_complex:
      return "too_complex";
  }
  return "unknown";
}

EventCheck check_event(std::string_view text) {
  JsonScanner scanner(text);
  bool object = false;
  std::uint32_t first = 0;
  for (bool at_first = true;; at_first = false) {
    const JsonToken token = scanner.next();
    const auto position = static_cast<std::uint32_t>(scanner.position());
    if (token == JsonToken::end) break;
    if (token == JsonToken::fault) {
      switch (scanner.fault()) {
        case JsonFault::truncated:
          return {EventError::truncated, position};
        case JsonFault::not_utf8:
          return {EventError::not_utf8, position};
        case JsonFault::too_deep:
          return {EventError::too_deep, position};
        default:
          return {EventError::malformed, position};
      }
    }
    if (at_first) {
      object = token == JsonToken::object_begin;
      first = position;
    }
  }
  if (!object) return {EventError::not_object, first};
  return {};
}

}  // namespace weir
