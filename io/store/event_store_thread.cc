#include "io/store/event_store_thread.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "io/store/event_file.h"
#include "io/store/event_store_client.h"

namespace weir {
namespace {

constexpr auto kTryAgain = std::chrono::milliseconds(250);
constexpr std::uint64_t kSetAsideMost = 8;  // files, in one life of the process
constexpr auto kIdle = std::chrono::seconds(1);

}  // namespace

EventStoreThread::EventStoreThread(std::string data_dir, Tell tell)
    : data_dir_(std::move(data_dir)), tell_(std::move(tell)) {}

Result<std::unique_ptr<EventStoreThread>> EventStoreThread::open(std::string data_dir, Tell tell) {
  Result<OpenedEvents> opened = open_events(data_dir);
  if (!opened) return opened.error();
  std::unique_ptr<EventStoreThread> store(
      new EventStoreThread(std::move(data_dir), std::move(tell)));
  store->table_ = std::move(opened->table);
  store->counters_.damaged_files.add(opened->files_set_aside);
  for (const std::string& message : opened->messages) store->tell_(message);
  store->refresh_gauges();
  return store;
}

EventStoreThread::~EventStoreThread() {
  stop();
}

EventStore& EventStoreThread::client(Waker& waker) {
  return *clients_.emplace_back(std::make_unique<EventStoreClient>(*this, waker));
}

void EventStoreThread::start() {
  thread_ = std::thread([this] { work(); });
}

void EventStoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (!thread_.joinable()) ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool EventStoreThread::submit(std::unique_ptr<StoreOperation>& operation) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    queued_.push_back(std::move(operation));
  }
  changed_.notify_one();
  return true;
}

bool EventStoreThread::run(const std::function<void(EventTable&)>& task) {
  std::mutex done_mutex;
  std::condition_variable done_changed;
  bool done = false;
  bool ran = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    tasks_.push_back([&] {
      if (table_ != nullptr) {
        task(*table_);
        ran = true;
      }
      const std::lock_guard done_lock(done_mutex);
      done = true;
      done_changed.notify_all();
    });
  }
  changed_.notify_one();
  std::unique_lock lock(done_mutex);
  done_changed.wait(lock, [&] { return done; });
  return ran;
}

void EventStoreThread::work() {
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      last = !wait_for_work(lock);
      for (auto& operation : queued_) pending_.push_back(std::move(operation));
      queued_.clear();
    }
    failing_ = false;
    const bool had_work = !pending_.empty();
    if (SqlStatus status = work_off(); !status) {
      recover(status.error());
    } else if (had_work && !std::exchange(last_told_, "").empty()) {
      tell_("the store of retries and dead letters works again");
    }
    wake_clients();
    run_tasks();
    if (last) break;
  }
  fail_pending();
  table_.reset();
}

// False: the last round. Nothing to do for a while is the time to give space back.
bool EventStoreThread::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto something = [this] { return stopping_ || !tasks_.empty(); };
  if (failing_) {
    changed_.wait_for(lock, kTryAgain, something);
    return !stopping_;
  }
  const auto anything = [&] { return something() || !queued_.empty(); };
  while (!changed_.wait_for(lock, kIdle, anything)) {
    lock.unlock();
    while (table_ != nullptr && table_->shrink()) {
      const std::lock_guard look(mutex_);
      if (anything()) break;
    }
    refresh_gauges();
    lock.lock();
  }
  return !stopping_;
}

void EventStoreThread::run_tasks() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    if (stopping_) ended_ = true;
  }
  for (const auto& task : tasks) task();
  if (!tasks.empty()) refresh_gauges();
}

SqlStatus EventStoreThread::work_off() {
  if (pending_.empty()) return Done{};
  if (table_ == nullptr) return SqlError{0, "it cannot be opened"};
  if (SqlStatus status = write_all(); !status) return status;
  complete_writes();
  return answer_reads();
}

SqlStatus EventStoreThread::write_all() {
  bool any = false;
  for (const auto& operation : pending_) any = any || operation->writes();
  if (!any) return Done{};
  redrove_ = false;
  if (SqlStatus status = table_->begin(); !status) return status;
  for (const auto& operation : pending_) {
    if (SqlStatus status = write(*operation); !status) return status;
  }
  if (SqlStatus status = table_->commit(); !status) return status;
  counters_.transactions.add();
  if (redrove_) redrives_.fetch_add();
  return Done{};
}

SqlStatus EventStoreThread::write(StoreOperation& operation) {
  const auto take = [&](const auto& result) -> SqlStatus {
    if (!result) return result.error();
    operation.completion.result = static_cast<std::int64_t>(*result);
    return Done{};
  };
  switch (operation.kind) {
    case StoreOperation::Kind::put:
      for (std::size_t i = 0; i < operation.batch->size() && !redrove_; ++i) {
        const StoredEvent event = operation.batch->at(i);
        redrove_ = event.kind == EntryKind::retry && event.due == WallTime{};
      }
      return take(table_->put(*operation.batch));
    case StoreOperation::Kind::change:
      return take(table_->change(*operation.batch));
    case StoreOperation::Kind::settle:
      return take(table_->settle(operation.ids));
    case StoreOperation::Kind::take_due:
    case StoreOperation::Kind::order_keys:
      break;
  }
  return Done{};
}

void EventStoreThread::complete_writes() {
  Operations reads;
  for (auto& operation : pending_) {
    if (operation->writes()) {
      complete(*operation);
    } else {
      reads.push_back(std::move(operation));
    }
  }
  pending_ = std::move(reads);
}

// After the transaction, so that they see all of it. Those behind a failure wait for the next
// round.
SqlStatus EventStoreThread::answer_reads() {
  std::size_t done = 0;
  SqlStatus status = Done{};
  while (done < pending_.size() && status) {
    status = answer(*pending_[done]);
    if (status) complete(*pending_[done++]);
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
  refresh_gauges();
  return status;
}

SqlStatus EventStoreThread::answer(StoreOperation& operation) {
  StoreCompletion& completion = operation.completion;
  if (operation.kind == StoreOperation::Kind::take_due) {
    auto taken =
        table_->take_due(operation.target, operation.now, operation.count_max, operation.bytes_max);
    if (!taken) return taken.error();
    completion.next_due = taken->next_due;
    completion.events = std::move(taken->events);
  } else {
    auto keys = table_->order_keys(operation.target, operation.after, operation.count_max);
    if (!keys) return keys.error();
    completion.events = std::move(*keys);
  }
  completion.result = static_cast<std::int64_t>(completion.events->size());
  return Done{};
}

void EventStoreThread::complete(StoreOperation& operation) {
  operation.client->complete(std::move(operation.completion), operation.bytes);
}

void EventStoreThread::wake_clients() {
  for (const auto& client : clients_) client->wake();
}

// Whatever it was, what is pending stays so and is tried again; but for what SQLite says makes no
// sense, which would fail for ever: it is refused.
void EventStoreThread::recover(const SqlError& error) {
  failing_ = true;
  counters_.failures.add();
  if (table_ != nullptr) table_->rollback();
  if (table_ == nullptr || is_damage(error)) {
    reopen(error);
  } else if (may_pass(error)) {
    tell_once(
        fmt::format("the store of retries and dead letters fails: {}; it is tried again, "
                    "undelivered events wait meanwhile",
                    error.message));
  } else {
    tell_once(fmt::format("the store of retries and dead letters refuses: {}", error.message));
    for (auto& operation : pending_) {
      operation->completion.result = -EIO;
      complete(*operation);
    }
    pending_.clear();
  }
}

void EventStoreThread::reopen(const SqlError& error) {
  const bool damaged = table_ != nullptr;
  table_.reset();
  if (files_set_aside_ >= kSetAsideMost) {
    return tell_once(
        "the store of retries and dead letters is damaged again and again: it stays "
        "closed until the next start, undelivered events wait meanwhile");
  }
  Result<OpenedEvents> opened =
      damaged ? reopen_damaged_events(data_dir_, error.message) : open_events(data_dir_);
  if (!opened) return tell_once(opened.error().message);
  table_ = std::move(opened->table);
  files_set_aside_ += opened->files_set_aside;
  counters_.damaged_files.add(opened->files_set_aside);
  for (const std::string& message : opened->messages) tell_(message);
}

void EventStoreThread::tell_once(const std::string& text) {
  if (text == last_told_) return;
  tell_(text);
  last_told_ = text;
}

void EventStoreThread::fail_pending() {
  {
    const std::lock_guard lock(mutex_);
    for (auto& operation : queued_) pending_.push_back(std::move(operation));
    queued_.clear();
  }
  for (auto& operation : pending_) {
    operation->completion.result = -ECANCELED;
    complete(*operation);
  }
  pending_.clear();
  wake_clients();
}

void EventStoreThread::refresh_gauges() {
  if (table_ == nullptr) return;
  const EventTable::Counts counts = table_->counts();
  counters_.retries.set(counts.retries);
  counters_.dead_letters.set(counts.dead_letters);
  counters_.damaged_rows.set(table_->damaged_rows());
}

}  // namespace weir
