// What a router knows of its logs, for `weir log`: its buses, how far every target has come, and
// what waits in the store. The running router tells it through its control socket, as one line of
// JSON; when none runs it is read from the files of the data directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log_position.h"
#include "core/base/result.h"
#include "core/port/disk.h"
#include "io/store/event_table.h"

namespace weir {

struct LogState {
  struct Bus {
    std::string name;
    std::uint64_t durable = 0;  // all blocks below are; 0: not known
    std::string input;          // "accepting", or why not; empty: no router runs
  };
  struct Target {
    std::string bus;
    std::string name;
    LogPosition next;
    std::optional<bool> in_use;  // of the configuration in force; nothing: no router runs
  };
  struct Stored {
    std::string target;
    std::uint64_t retries = 0;
    std::uint64_t dead_letters = 0;
  };
  bool running = false;
  std::vector<Bus> buses;
  std::vector<Target> targets;
  std::vector<Stored> stored;
  // Of the file system, and the marks below which accepting slows and stops. 0: not known.
  std::uint64_t free_bytes = 0;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

std::string to_json(const LogState& state);
Result<LogState> read_log_state(std::string_view line);

// From the files, where no router runs. The caller holds the lock of the directory.
Result<LogState> log_state_of(Disk& disk, const std::string& data_dir);
std::vector<LogState::Stored> stored_of(const std::vector<TargetTotals>& totals);

// What goes to the router: {"command":"log","do":"state"}, {"command":"log","do":"forget",
// "target":"siem"}. It answers the first with a state, the second with {"forgotten":"siem"}.
struct LogRequest {
  enum class Action : std::uint8_t { state, forget };
  Action action = Action::state;
  std::string target;
};
bool is_log_request(std::string_view line);
std::string to_json(const LogRequest& request);
Result<LogRequest> read_log_request(std::string_view line);
std::string forgotten_line(std::string_view target);
std::string no_such_target(std::string_view target);  // the error where it has no place

// Gives up the stored positions of a target, where no router runs and the caller holds the lock.
// False: there are none.
Result<bool, Error> forget_cursors(Disk& disk, const std::string& data_dir,
                                   const std::string& target);

}  // namespace weir
