// EventStoreThread: the EventStore of a running router. One thread owns events.db; every stage that
// uses the store has a client of its own. What the clients have asked for since the last look is
// one transaction, so that one sync serves all of it.
//
// Errors: a disk that is full or fails is tried again four times a second; meanwhile the clients'
// operations wait, and put() says so by returning false. A damaged file is set aside, what can be
// read is taken over, and the work goes on. Each is counted and told once in a while.
//
// Threads: open(), client(), start(), stop(), run() by the control thread; client objects by their
// stage's thread; counters by any. Memory: kBytesMax for each client, besides the table's own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/port/event_store.h"
#include "core/port/port.h"
#include "core/sync/counter.h"
#include "io/store/event_table.h"

namespace weir {

class EventStoreClient;
struct StoreOperation;

struct EventStoreCounters {
  Counter transactions;
  Counter retries;       // gauge: entries that wait to be tried again
  Counter dead_letters;  // gauge
  Counter failures;      // transactions that a full or failing disk refused; they were tried again
  Counter damaged_rows;  // entries whose checksum is wrong, set aside
  Counter damaged_files;
};

class EventStoreThread {
 public:
  using Tell = std::function<void(const std::string& warning)>;  // on the store's thread

  // The caller holds the lock of the directory.
  static Result<std::unique_ptr<EventStoreThread>> open(std::string data_dir, Tell tell);
  ~EventStoreThread();
  EventStoreThread(const EventStoreThread&) = delete;
  EventStoreThread& operator=(const EventStoreThread&) = delete;

  // Before start(). `waker` is woken when completions are there; it must outlive the store.
  EventStore& client(Waker& waker);
  void start();
  // Finishes what was asked for, if the disk lets it, and ends. What is left completes with
  // -ECANCELED. Operations that come later do, too.
  void stop();

  // Runs `task` on the store's thread, between two transactions, and waits for it. False: the store
  // has ended.
  bool run(const std::function<void(EventTable&)>& task);
  // Somebody else than the clients has made retries due, inside of run().
  void note_redrive() { redrives_.fetch_add(); }

  const EventStoreCounters& counters() const { return counters_; }
  std::uint64_t redrives() const { return redrives_.read(); }

 private:
  friend class EventStoreClient;
  using Operations = std::vector<std::unique_ptr<StoreOperation>>;

  EventStoreThread(std::string data_dir, Tell tell);
  bool submit(std::unique_ptr<StoreOperation>& operation);
  void work();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void run_tasks();
  SqlStatus write_all();
  SqlStatus write(StoreOperation& operation);
  SqlStatus work_off();
  void complete_writes();
  SqlStatus answer_reads();
  SqlStatus answer(StoreOperation& operation);
  void complete(StoreOperation& operation);
  void wake_clients();
  void recover(const SqlError& error);
  void reopen(const SqlError& error);
  void tell_once(const std::string& text);
  void fail_pending();
  void refresh_gauges();

  const std::string data_dir_;
  const Tell tell_;
  std::vector<std::unique_ptr<EventStoreClient>> clients_;
  std::unique_ptr<EventTable> table_;
  EventStoreCounters counters_;
  SharedCounter redrives_;
  bool redrove_ = false;  // by the transaction under way
  std::uint64_t files_set_aside_ = 0;
  std::string last_told_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Operations queued_;
  std::vector<std::function<void()>> tasks_;
  bool stopping_ = false;
  bool ended_ = false;

  // The thread's.
  Operations pending_;  // taken from queued_, not done yet
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace weir
