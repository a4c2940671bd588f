// CursorKeeper: writes down now and then how far every target has come, and tells each log what may
// go: only what no position on disk needs.
//
// Every `every`, if something moved: the positions of the CursorBoard and the durable ends of the
// logs go into the older of the two slots (cursor_file.h), then a sync; only after that do the logs
// hear of it. Whatever a crash leaves, a whole slot says no more than what has settled.
//
// Positions of targets that are gone are kept, and hold their part of the log, until they are
// forgotten by command.
//
// Threads: a stage, on the thread of the logs; forget() and add_log() on that thread too.
// Memory: the two slots' worth of bytes. Errors: told to the host, and tried again after a second;
// until then nothing of the logs is given up.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/log/cursor_board.h"
#include "core/log/cursor_file.h"
#include "core/port/port.h"
#include "core/port/stage.h"
#include "core/sync/counter.h"

namespace weir {

class CursorKeeperHost {
 public:
  virtual ~CursorKeeperHost() = default;
  virtual std::string target_name(TargetId id) const = 0;
  virtual void cursor_message(std::string_view text) = 0;
};

struct CursorCounters {
  Counter saves;
  Counter failed_saves;
};

class CursorKeeper final : public Stage {
 public:
  struct Options {
    std::string data_dir;
    Nanoseconds every = 50ms;
    bool past_unsettled = false;  // a deliberate fault, for tests that must find it
  };
  // What a log has to do with its cursors.
  struct Log {
    BusId bus;
    std::string name;
    std::function<std::uint64_t()> durable;           // all records below are
    std::function<void(std::uint64_t)> may_go_below;  // no cursor needs them
  };
  // `stored`: what was read at the start.
  CursorKeeper(Options options, ReadCursors stored, Port& port, const CursorBoard& board,
               CursorKeeperHost& host);
  ~CursorKeeper() override = default;

  void add_log(Log log);

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  // Saves at once what has moved; true once nothing is under way and all that settled is saved. For
  // the end: call it and poll until then.
  bool save_all(const Now& now);
  // Gives up the positions of a target that is gone and not on the board. False: there are none.
  bool forget(std::string_view target);
  // The newest positions: those on the board, and of the stored ones what the board does not have.
  CursorState current();
  // What the last save holds.
  const CursorState& saved() const { return saved_; }

  // Closes the slots; then poll until quiescent().
  void close();
  bool quiescent() const { return !busy() && closed_; }
  const CursorCounters& counters() const { return counters_; }

 private:
  enum class Step : std::uint8_t { idle, opening, writing, syncing };
  bool busy() const { return step_ != Step::idle; }
  void complete(const Completion& completion, const Now& now);
  void begin_save(const Now& now);
  void write_rest();
  void saved(const Now& now);
  void failed(std::string_view what, std::int64_t result, const Now& now);
  void tell_logs();

  const Options options_;
  Port& port_;
  CursorBoard::Reader board_;
  CursorKeeperHost& host_;
  std::vector<Log> logs_;
  CursorState saved_;
  CursorState saving_;
  std::vector<StoredCursor> gone_;  // of targets or buses that the board does not know
  std::size_t slot_;                // the next to be written
  Handle handles_[2];
  std::string bytes_;
  std::size_t written_ = 0;
  Step step_ = Step::idle;
  MonotonicTime next_save_;
  CursorCounters counters_;
  bool closed_ = false;
};

}  // namespace weir
