// DurableBuses: what the durable buses of a cell have in common: their logs, the cursors of all
// targets, and the readers for targets that lag.
//
//     DATA_DIR/buses/NAME/     the segments of a bus (core/log/FORMAT.md)
//     DATA_DIR/cursors.0, .1   how far each target has come (core/log/cursor_file.h)
//
// Life: recover() on the control thread, while the directory's lock is held -> the constructor ->
// make_log() for each bus, make_keeper(), add_writer() for each Writer, open_feeds() for each
// target
// -> polled -> close() -> until quiescent().
//
// Threads: built and destroyed on the control thread while no stage is polled; open_feeds() on the
// thread of the target's Writer, or while it is not polled; what touches a log or the keeper on the
// thread that polls them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/catalog/catalog.h"
#include "core/deliver/writer.h"
#include "core/log/bus_log.h"
#include "core/log/catch_up.h"
#include "core/log/cursor_keeper.h"
#include "core/log/log_reader.h"
#include "core/log/recovery.h"
#include "core/log/replay.h"
#include "core/port/disk.h"
#include "core/route/distributor.h"
#include "core/route/sequencer.h"

namespace weir {

// The names and numbers of targets and sources in this process. Any thread.
class ProcessNames {
 public:
  virtual ~ProcessNames() = default;
  virtual std::string target_name(TargetId id) const = 0;
  virtual TargetId target_id(std::string_view name) const = 0;  // invalid: nobody has it
};

struct RecoveredBuses {
  struct Bus {
    BusId bus;
    RecoveredLog log;
    std::uint64_t first_sequence = 1;  // the oldest record there is
    std::uint64_t next_sequence = 1;   // of the next block
  };
  std::vector<Bus> buses;  // the durable ones
  ReadCursors cursors;
  // What people should know: damage, torn ends.
  std::vector<std::string> messages;

  const Bus* find(BusId bus) const;
  // Marks of the files that a source had taken.
  std::vector<FileMark> file_marks(std::string_view source) const;
};

// Makes what is missing; may take as long as the end of each log needs to be read.
Result<RecoveredBuses> recover_buses(Disk& disk, const Catalog& catalog,
                                     const LogFaults& faults = {});

class DurableBuses final : private BusLogOutput,
                           private CursorKeeperHost,
                           private LogNames,
                           private ReplayNames {
 public:
  // All of it outlives this.
  struct Shared {
    const EventRenderer& renderer;
    LayoutTable& layouts;
    Sequencer& sequencer;
    Distributor& distributor;
    const ProcessNames& names;
    BusLogHost& host;
  };
  // `faults`: for tests that must find them.
  DurableBuses(const Shared& shared, const Catalog& catalog, RecoveredBuses recovered,
               std::uint64_t run_seed, const LogFaults& faults = {});
  ~DurableBuses() override;
  DurableBuses(const DurableBuses&) = delete;
  DurableBuses& operator=(const DurableBuses&) = delete;

  std::size_t buses() const { return buses_.size(); }
  BusLog& make_log(std::size_t index, Port& port, const Now& now);
  CursorKeeper& make_keeper(Port& port);
  // Tells the Writer of every durable bus, and makes the stage that reads for it. One port for each
  // bus; the `index` is the Writer's.
  CatchUp& add_writer(std::size_t index, Writer& writer, std::vector<Port*> ports, const Now& now);
  // Every durable bus whose rules name the target feeds it: from its cursor on, or, if it is new,
  // from the end. So do those for which it has a cursor from an earlier run. Feeds that it has
  // already stay as they are.
  void open_feeds(std::size_t writer_index, Writer& writer, TargetId id, const TargetSpec& spec);

  // By BusId, null for memory buses.
  std::vector<const BusGate*> gates() const;
  const BusGate* gate(BusId bus) const;
  BusLog& log(std::size_t index) { return *buses_[index].log; }
  const std::string& bus_name(std::size_t index) const { return buses_[index].name; }
  const BusLog& log(std::size_t index) const { return *buses_[index].log; }
  CursorKeeper& keeper() { return *keeper_; }
  const CursorBoard& board() const { return board_; }
  BusId bus_id(std::size_t index) const { return buses_[index].id; }

  // On the thread of the logs.
  void set_free_space(std::uint64_t bytes);
  bool logs_idle() const;
  // Until true: what has settled is written down.
  bool save_cursors(const Now& now) { return keeper_->save_all(now); }
  // How far every target has come, those that are gone included.
  CursorState positions() { return keeper_->current(); }
  // Gives up the positions of a target that is gone: should the name return, it begins at the end.
  // The control thread waits meanwhile. `id`: invalid where it was never here. False: it has none.
  bool forget(const std::string& target, TargetId id);
  // That is written down.
  bool forgotten(std::string_view target) const;
  // The place of the target is, for each durable bus that it takes from: what is accepted from now
  // on reaches it, whatever happens to the process. On the thread of the logs.
  bool written_down(const TargetSpec& spec) const;
  void close();
  bool quiescent() const;

 private:
  struct Bus {
    BusId id;
    std::string name;
    std::uint64_t first_sequence = 1;
    std::uint64_t next_sequence = 1;
    std::optional<RecoveredLog> recovered;  // until make_log()
    std::unique_ptr<BusLog> log;
  };
  struct Reading {
    std::unique_ptr<CatchUp> catch_up;
    std::vector<std::unique_ptr<LogReader>> readers;
  };
  LogPosition start_of(const Bus& bus, const std::string& target) const;

  void durable(Block* block) override { shared_.distributor.pass_on(block); }
  std::string target_name(TargetId id) const override { return shared_.names.target_name(id); }
  void cursor_message(std::string_view text) override;
  std::string target(TargetId id) const override { return shared_.names.target_name(id); }
  std::string source(SourceId id) const override;
  const Rendering& rendering(SourceId id) const override { return shared_.renderer.rendering(id); }
  TargetId target(std::string_view name) const override { return shared_.names.target_id(name); }
  SourceId source(std::string_view name) const override;

  const Shared shared_;
  const std::string data_dir_;
  const DiskSpec disk_;
  const std::vector<BusSpec> specs_;
  std::vector<std::string> source_names_;
  const std::uint64_t run_seed_;
  const LogFaults faults_;
  ReplayTables tables_;
  CursorBoard board_;
  ReadCursors stored_;
  std::vector<Bus> buses_;
  std::unique_ptr<CursorKeeper> keeper_;
  std::vector<Reading> readings_;
};

}  // namespace weir
