// A dead letter as one JSON object on one line, the event in it as it was:
//
//     {"id":7,"target":"hook","bus":"default","event_id":"...","rules":["orders"],
//      "error_code":"HTTP_503","error_message":"...","attempts":186,
//      "exhausted_condition":"MaximumRetryAttempts","accepted":"2026-11-26T08:00:00.000Z",
//      "first_attempt":"...","last_attempt":"...","event":{...}}
//
// What there is none of is left out (`id`, `from`, `order_key`, times of attempts, ...).
//
// A dead letter that goes to another target (`dead_letter: NAME`) keeps what became of it at the
// first one in StoredEvent::letter, and NAME gets that object with the event in it.
#pragma once

#include <string>
#include <string_view>

#include "core/port/event_batch.h"

namespace weir {

void append_dead_letter(std::string& out, const StoredEvent& letter, bool with_event);

// The dead letter as an entry for the target `to`, to be tried there at once and as often as its
// own limits allow. `scratch` holds what the result refers to.
StoredEvent forwarded_letter(const StoredEvent& letter, std::string_view to, WallTime now,
                             std::string& scratch);
// What a target is sent of an entry: the event, or the letter with the event in it, in `scratch`.
std::string_view text_of_entry(const StoredEvent& entry, std::string& scratch);

// "2026-11-26T08:00:00.000Z", cut to milliseconds.
std::string format_time(WallTime time);

}  // namespace weir
