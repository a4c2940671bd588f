#include "tools/match/event_words.h"

namespace weir {

std::string_view in_words(EventError error) {
  switch (error) {
    case EventError::none:
      return "sound";
    case EventError::malformed:
      return "not valid JSON";
    case EventError::truncated:
      return "ends inside a value";
    case EventError::not_object:
      return "no object at the top";
    case EventError::not_utf8:
      return "not UTF-8";
    case EventError::too_deep:
      return "nested too deep";
    case EventError::too_complex:
      return "too many arrays within arrays";
  }
  return "bad";
}

}  // namespace weir
