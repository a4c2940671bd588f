// How much of the logs each target has still to get: a LogState and what stands in the files behind
// each position. What a target waits for is told by the records themselves, which name the targets
// of every event; so it is right for targets that are gone, too.
//
// It reads the log from the position that is furthest behind: as long as that takes, which is about
// a second for each two gigabytes. Everything else is told from names and sizes of files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/port/disk.h"
#include "tools/log/log_state.h"
#include "tools/log/log_walk.h"

namespace weir {

struct LogStat {
  struct Bus {
    std::string name;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;    // of their files
    std::uint64_t first = 0;    // the oldest block there is; 0: there is none
    std::uint64_t next = 0;     // behind the last block that was looked at
    std::uint64_t damaged = 0;  // blocks that could not be read, of those that were to be read
    std::string input;
  };
  struct Target {
    LogState::Target at;
    std::uint64_t events = 0;    // that it has still to get from this bus
    std::uint64_t bytes = 0;     // of their text
    std::int64_t oldest_ns = 0;  // when the first of them was received; 0: there is none
  };
  std::vector<Bus> buses;
  std::vector<Target> targets;
  std::vector<LogGap> gaps;
};

Result<LogStat> measure_logs(Disk& disk, const std::string& data_dir, const LogState& state);

// For people, `now_ns` since 1970; and as one JSON object.
std::string log_stat_text(const LogState& state, const LogStat& stat, std::int64_t now_ns);
std::string log_stat_json(const LogState& state, const LogStat& stat);

}  // namespace weir
