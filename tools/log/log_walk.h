// Walks over the logs of a data directory for people: every segment of every bus, every record that
// counts, and what should be there and is not. Reads only; beside a running router, too, since what
// is synced is never written again.
//
// How a hole is judged: block numbers have no gap, so a number that is missing between two records,
// or before the next segment, was lost to damage. Behind the last record of the last segment
// nothing can be told from here: it may not have been written yet. (Recovery knows more: core/log.)
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/log/segment_scan.h"
#include "core/port/disk.h"

namespace weir {

struct LogSegment {
  std::string bus;          // as its header says; the directory's name where that is damaged
  std::string path;         // below the data directory
  std::uint64_t first = 0;  // block
  std::uint64_t next = 0;   // the first block behind it
  std::uint64_t bytes = 0;
  std::int64_t created_ns = 0;
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  bool header_damaged = false;
};

struct LogGap {
  std::string bus;
  std::string path;
  std::uint64_t from = 0;  // blocks [from, to) are not there
  std::uint64_t to = 0;
};

struct LogVisitor {
  // False: enough, the walk ends.
  std::function<bool(const std::string& bus, const RecordView& record)> record;
  std::function<void(const LogSegment& segment)> segment;  // after its records
  std::function<void(const LogGap& gap)> gap;
};

struct LogWalk {
  std::string data_dir;
  std::string bus;         // empty: all
  std::uint64_t from = 0;  // blocks below are passed over, with the segments that hold only such
};

Status walk_logs(Disk& disk, const LogWalk& walk, const LogVisitor& visitor);

}  // namespace weir
