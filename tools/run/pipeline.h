// Pipeline: one configuration as running threads: a cell, its loops with their rings, listeners and
// file readers. Everything that can be wrong with the outside (a port in use, a missing file, no
// io_uring) shows in create(), before anything runs.
//
// Threads: all calls from the control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/cell/cell.h"
#include "core/cell/notifying_stage.h"
#include "io/files/file_reader.h"
#include "io/run/listener.h"
#include "io/run/loop.h"
#include "io/tls/handshaker.h"
#include "tools/run/data_directory.h"
#include "tools/run/errands.h"
#include "tools/run/file_feed.h"
#include "tools/run/messages.h"

namespace weir {

class Pipeline final : private ProcessNames, private DataDirectory::Logs {
 public:
  // `data`: of the catalog's data_dir; null without one. `control` wakes the control thread, and
  // outlives this.
  static Result<std::unique_ptr<Pipeline>> create(const Catalog& catalog,
                                                  std::unique_ptr<DataDirectory> data,
                                                  Console& console, Waker& control);
  ~Pipeline() override;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  Status start();
  // "listening on tcp 127.0.0.1:7000, source flow", one a listener.
  std::vector<std::string> listening() const;

  // Rules and targets as in `catalog`, as one change; answered once every Router has adopted it.
  // Sources, buses and threads stay as they are. An error changes nothing.
  Status reload(const Catalog& catalog);

  // Every source is finite and has come to its end.
  bool sources_finished() const;
  // Takes no more input; what was received goes on its way.
  void stop_sources();
  // After stop_sources() or when they finished: true once everything is delivered. `of_logs`: what
  // lagging targets have still to get from the logs included; else that waits on disk.
  bool drained(bool of_logs);
  // Gives up what is not delivered, ends all threads. Counters stay readable.
  void finish();
  // A thread ended by itself.
  std::optional<Error> failure() const;
  // To be called now and then while it runs: tells the logs how much space the disk has.
  void look_at_disk();
  // As often as tools are to be answered: what they ask of the control thread.
  void serve_errands() { errands_.serve(); }
  // After finish(): all that was taken for durable buses is on disk.
  bool all_written() const { return all_written_; }
  // After finish(): where each target stands with the logs.
  const LogState& left_on_disk() const { return left_on_disk_; }
  // The same: answers who has asked for /metrics.
  void answer_metrics(const std::function<std::string(const Pipeline&)>& make_page);
  // There is a source of kind `http` that asks for no token.
  bool open_to_all() const;
  // Buses whose events are gone with the process.
  bool has_memory_bus() const;
  // The bus's log; null for a memory bus.
  const BusLog* log_of(std::size_t bus) const;
  std::uint64_t free_bytes() const { return free_bytes_; }

  struct TargetView {
    std::string name;
    std::shared_ptr<TargetCounters> counters;
    bool retired = false;
  };
  const Catalog& catalog() const { return catalog_; }
  const Cell& cell() const { return *cell_; }
  const Ingest* ingest() const { return std::as_const(*cell_).ingest(); }
  FrontDoor* front_door() { return cell_->front_door(); }
  // There is something for the thread that takes requests.
  void wake_input() { ingest_loop_->waker().wake(); }
  const FrontDoor* front_door() const { return std::as_const(*cell_).front_door(); }
  const std::vector<TargetView>& targets() const { return targets_; }
  std::uint64_t bytes_in() const;
  // How often each rule matched, rules of earlier configurations included.
  std::map<std::string, std::uint64_t> rule_matches() const;

 private:
  struct FileSource {
    std::unique_ptr<FileFeed> feed;
    std::unique_ptr<FileReader> reader;
  };
  Pipeline(Catalog catalog, std::unique_ptr<DataDirectory> data, Waker& control);
  Status open_listeners();
  Status make_loops(const Plan& plan);
  Status open_files();
  void place_stages(const Plan& plan);
  void place_input(std::size_t thread, const Plan& plan);
  void stop_input();
  bool input_stopped();
  void make_logs(std::size_t thread);
  void place_logs(std::size_t thread, const Plan& plan);
  void place_writer(std::size_t thread, const Plan& plan, std::size_t index);
  void place_file_feeds(const Plan& plan);
  Port& new_port(std::size_t thread);
  void remember_file_marks();
  void open_feeds(TargetId id, Writer& writer, const TargetSpec& spec);
  std::string target_name(TargetId id) const override;
  TargetId target_id(std::string_view name) const override;
  std::vector<Waker*> loops_with(const Plan& plan, bool ThreadPlan::*role);
  void watch(std::size_t thread, Stage& stage, std::vector<Waker*> wakers);
  Loop& writer_loop(TargetId target);
  void install_target(const TargetSpec& spec);
  void retire_missing(const Catalog& catalog);
  void publish(std::shared_ptr<const Routing> routing);
  bool writers_idle();
  void save_and_close_logs();
  bool caught_up();
  Status write_down(const Catalog& catalog);
  bool reach(const std::function<bool()>& condition);
  bool logs_reach(const std::function<bool()>& condition);  // asked on the logs' thread
  bool only_disk_waits() const;
  bool in_use(std::string_view target) const;
  LogState look_at_logs();
  Status forget(const std::string& name);
  Result<LogState> log_state() override;
  Status forget_target(const std::string& name) override;

  Catalog catalog_;
  Waker& control_;
  std::unique_ptr<Messages> messages_;
  TargetSlots slots_;
  mutable std::mutex slots_mutex_;  // names are read by stages' messages
  BusRules bus_rules_;
  std::shared_ptr<const Routing> routing_;
  std::uint64_t version_ = 1;

  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<SourceId> listener_sources_;
  std::vector<std::unique_ptr<Loop>> loops_;
  Handshaker handshaker_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::unique_ptr<DataDirectory> data_;  // null: every bus is a memory bus
  Errands errands_;
  std::uint64_t free_bytes_ = 0;
  LogState left_on_disk_;
  bool all_written_ = true;
  std::unique_ptr<Cell> cell_;
  std::vector<std::unique_ptr<NotifyingStage>> stages_;
  std::vector<Loop*> writer_loops_;
  Loop* ingest_loop_ = nullptr;
  Loop* log_loop_ = nullptr;
  std::vector<std::vector<FileMark>> file_marks_;  // by file source
  std::vector<FileSource> files_;

  std::vector<TargetView> targets_;  // by slot
  std::map<std::string, TargetSpec> target_specs_;
  std::map<std::string, std::uint64_t> earlier_matches_;
  std::uint64_t metrics_asked_ = 0;
  bool sources_stopped_ = false;
  bool draining_ = false;
  bool finished_ = false;
};

}  // namespace weir
