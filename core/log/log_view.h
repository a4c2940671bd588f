// LogView: what readers see of the log of one bus while it grows: its segments, and up to where its
// blocks are durable.
//
// Threads: published by the log's thread, read by any. `durable` is published after the segments
// that hold what it promises; so a reader looks at `durable` first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/sync/snapshot.h"
#include "core/sync/watermark.h"

namespace weir {

struct SegmentInfo {
  std::uint64_t first_sequence = 0;
  std::uint64_t segment_id = 0;  // 0: its header is damaged
  std::uint64_t bytes = 0;       // of the file
  std::int64_t created_ns = 0;   // since 1970
};
using SegmentList = std::vector<SegmentInfo>;  // ascending

struct LogView {
  LogView(std::string in_directory, BusId of_bus)
      : directory(std::move(in_directory)), bus(of_bus) {}
  const std::string directory;
  const BusId bus;
  Snapshot<SegmentList> segments{std::make_shared<const SegmentList>()};
  Watermark durable{1};  // all blocks below this number
};

}  // namespace weir
