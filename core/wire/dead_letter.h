// A dead letter as one JSON object on one line, the event in it as it was:
//
//     {"id":7,"target":"hook","bus":"default","event_id":"...","rules":["orders"],
//      "error_code":"HTTP_503","error_message":"...","attempts":186,
//      "exhausted_condition":"MaximumRetryAttempts","accepted":"2026-11-26T08:00:00.000Z",
//      "first_attempt":"...","last_attempt":"...","event":{...}}
//
// What there is none of is left out (`from`, `order_key`, times of attempts, ...).
#pragma once

#include <string>

#include "core/port/event_batch.h"

namespace weir {

void append_dead_letter(std::string& out, const StoredEvent& letter, bool with_event);

// "2026-11-26T08:00:00.000Z", cut to milliseconds.
std::string format_time(WallTime time);

}  // namespace weir
