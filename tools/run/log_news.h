// What people are told of durable buses when a router starts and when it ends. Pure: from what was
// found and what is known to lines of text.
#pragma once

#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/cell/durable_buses.h"
#include "tools/log/log_state.h"

namespace weir {

// What a start has found on the disk; nothing in an empty directory.
std::vector<std::string> news_of_start(const Catalog& catalog, const RecoveredBuses& recovered);
// What waits on the disk when the process ends.
std::vector<std::string> news_of_end(const LogState& state);

}  // namespace weir
