// Recovery: finds out, before a bus starts, what its log holds. It reads the header of each segment
// and the records of the last one, in a stream; it may be interrupted and run again.
//
// How it tells the end of the log from damage: the last segment may end in anything, because what
// was not yet synced may have reached the disk in part and in any order. But each record says what
// was known to be durable when it was made, and so do the cursors (`durable_known`). A place where
// no record decodes is damage if blocks that were durable stood there; otherwise it is the end, and
// what lies behind it was never acknowledged: the file is cut off there.
//
// Damage is counted, named and left where it lies; nothing is repaired by guessing. Only what this
// process could mistake later is cleared away: the cut-off tail, a segment without any record, and
// the spare file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/log/log_view.h"
#include "core/log/mark_table.h"
#include "core/log/record.h"
#include "core/port/disk.h"

namespace weir {

// Blocks [from, to) that were durable and are not there, and where one would look for them.
struct LogDamage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // 0: the whole file
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // equal: no block is lost by it (a header)
  std::string what;
};

struct RecoveredLog {
  SegmentList segments;
  std::uint64_t next_sequence = 1;  // for the next block
  std::vector<LoggedMark> marks;    // the last of each file, by source
  std::vector<LogDamage> damage;
  std::uint64_t torn_bytes = 0;    // cut off, never acknowledged
  std::uint64_t bytes_read = 0;    // of records
  std::uint64_t records_read = 0;  // checked
};

struct RecoveryOptions {
  std::string directory;
  std::string bus;
  // All blocks below were durable at some time: from the cursors. 0: nothing is known.
  std::uint64_t durable_known = 0;
  // Makes the directory, cuts the tail, syncs what is kept. False for tools: nothing is changed.
  bool repair = true;
  DecodeOptions decode;
};

// Fails when the disk does, or at a format that this program does not know.
Result<RecoveredLog, Error> recover_bus_log(Disk& disk, const RecoveryOptions& options);

}  // namespace weir
