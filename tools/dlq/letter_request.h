// What `weir dlq` asks for, as it goes to the running router: one line of JSON,
// {"command":"dlq","do":"ls","target":"hook","ids":[7],"since":0,"limit":100,"events":true}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/store/event_table.h"

namespace weir {

struct LetterRequest {
  enum class Action : std::uint8_t { ls, redrive, drop };
  Action action = Action::ls;
  LetterFilter filter;
  std::uint64_t limit = 0;   // ls: letters at most; 0: all
  bool with_events = false;  // ls
};

// Whether a request of the control socket is one of ours.
bool is_letter_request(std::string_view line);
std::string to_json(const LetterRequest& request);
Result<LetterRequest> read_letter_request(std::string_view line);

}  // namespace weir
