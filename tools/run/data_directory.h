// DataDirectory: what a router with a `data_dir` holds besides its stages: the lock that keeps
// other processes out, the store of retries and dead letters, and the control socket for the tools.
//
// Threads: all calls from the control thread; requests are answered on threads of the socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/steady_clock.h"
#include "core/catalog/catalog.h"
#include "core/cell/durable_buses.h"
#include "io/control/control_server.h"
#include "io/disk/real_disk.h"
#include "io/store/event_store_thread.h"
#include "tools/log/log_state.h"

namespace weir {

class DataDirectory {
 public:
  using Tell = std::function<void(const std::string& warning)>;  // any thread
  // What the router says of its logs, for weir log. Called on threads of the socket.
  class Logs {
   public:
    virtual ~Logs() = default;
    virtual Result<LogState> log_state() = 0;
    virtual Status forget_target(const std::string& name) = 0;
  };

  // Makes what is missing, takes the lock, and finds out what the logs hold.
  static Result<std::unique_ptr<DataDirectory>> open(const Catalog& catalog, Tell tell);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  RecoveredBuses take_recovered() { return std::move(recovered_); }
  const RecoveredBuses& recovered() const { return recovered_; }
  EventStoreThread& store() { return *store_; }

  // Once the clients of the store are made: the store works, and the tools are heard.
  // `logs` outlives stop().
  Status start(const Now& now, Logs& logs);
  // What waits in the store, into `state`.
  SqlStatus read_store(LogState& state);
  // Before the stages go: finishes what the store was asked for.
  void stop();
  // Of the file system, for the marks of the logs.
  std::uint64_t free_space();

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  Status answer(const std::string& request, const ControlEmit& emit);
  Status answer_of_logs(const std::string& request, const ControlEmit& emit);

  const std::string path_;
  RealDisk disk_;
  std::unique_ptr<DiskLock> lock_;
  RecoveredBuses recovered_;
  std::unique_ptr<EventStoreThread> store_;
  SteadyClock clock_;
  Logs* logs_ = nullptr;
  std::unique_ptr<ControlServer> control_;
};

}  // namespace weir
