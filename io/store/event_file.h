// events.db in a data directory: made, opened, and set aside when it is damaged. What can still be
// read of a damaged one is taken over into a new file; the damaged one is kept under a name of its
// own for people to look at.
//
// Threads: one at a time; whoever opens it holds the lock of the data directory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/store/event_table.h"

namespace weir {

struct OpenedEvents {
  std::unique_ptr<EventTable> table;
  // What people must know: that a file was damaged, where it is now, what was saved of it.
  std::vector<std::string> messages;
  std::uint64_t files_set_aside = 0;
};

// The directory must be there. An error names the file and leaves it as it is: it is another
// program's, of another version, a link, or cannot be opened at all.
Result<OpenedEvents> open_events(const std::string& data_dir);
// After is_damage(): the table must have been destroyed.
Result<OpenedEvents> reopen_damaged_events(const std::string& data_dir, const std::string& reason);
// Whether there is a file; a tool that only looks makes none.
bool has_events(const std::string& data_dir);

}  // namespace weir
