// Answers a LetterRequest from the store: in the running router on the store's thread, step by
// step, so that its own work goes on in between; without a router on a table that the tool has
// opened.
//
// The answer: for `ls` a dead letter a line (core/wire/dead_letter.h), for the others one line,
// {"redriven":N} or {"dropped":N}.
#pragma once

#include <functional>
#include <string_view>

#include "core/base/result.h"
#include "core/base/units.h"
#include "io/store/event_table.h"
#include "tools/dlq/letter_request.h"

namespace weir {

struct LetterAccess {
  // Runs a step on the table; false: the store is closed.
  std::function<bool(const std::function<void(EventTable&)>&)> run;
  std::function<void()> redriven;  // after each step that has made retries due
};

// `now` is the SteadyClock's. `emit` returns false when nobody listens any more.
Status serve_letters(const LetterRequest& request, WallTime now, const LetterAccess& access,
                     const std::function<bool(std::string_view line)>& emit);

}  // namespace weir
