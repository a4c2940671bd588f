#include "tools/match/event_words.h"

#include <algorithm>

#include "core/rule/json_scanner.h"
#include "core/rule/json_text.h"
#include "core/wire/json_text.h"

namespace weir {
namespace {

std::string_view kind_of(EventError error) {
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
      return "takes too many steps to match (raise limits.array_steps, limits.wildcard_steps)";
  }
  return "bad";
}

}  // namespace

std::string in_words(EventError error, std::string_view event) {
  const bool marked = error != EventError::none && event.starts_with(kUtf8ByteOrderMark);
  return std::string(kind_of(error)) + (marked ? " (a byte order mark)" : "");
}

std::string quotable(std::string_view text) {
  std::string sound;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) sound += "\xef\xbf\xbd";
    sound += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return json_escaped(sound);
}

}  // namespace weir
