// An event of a log as one JSON object on one line:
//
//     {"bus":"default","block":12,"event":0,"received":"2026-11-26T08:00:00.000Z","source":"flow",
//      "targets":["siem"],"data":{...}}
//
// `data` is what was received: JSON as it was, any other line (a flow log) as a text.
#pragma once

#include <string>

#include "core/log/record.h"

namespace weir {

// `index` < record.header.events.
void append_log_event(std::string& out, const std::string& bus, const RecordView& record,
                      std::uint32_t index);

}  // namespace weir
