#include "io/run/loop.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/check.h"
#include "core/sync/counter.h"
#include "core/sync/sleep_gate.h"
#include "io/ring/clock.h"

namespace weir {
namespace {

constexpr Nanoseconds kDrainLimit = 5s;

void pause_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace

class Loop::Core final : public Waker {
 public:
  Core(LoopOptions options, std::unique_ptr<Ring> ring)
      : options_(std::move(options)), ring_(std::move(ring)) {}

  Ring& ring() { return *ring_; }
  void add(Stage& stage) { stages_.push_back(&stage); }
  Status start();
  void stop() {
    stop_.raise();
    wake();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  void wake() override {
    if (gate_.needs_wake()) ring_->wake();
  }
  bool post(std::function<void()> task);
  void run_and_wait(const std::function<void()>& task);
  bool running() const {
    const std::lock_guard lock(mutex_);
    return phase_ == Phase::running;
  }
  std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  LoopStats stats() const;

 private:
  enum class Phase : std::uint8_t { prepared, running, ended };

  Status enter_thread();
  void run(std::promise<Status>& started);
  void serve();
  void leave_thread();
  std::size_t round();
  void run_tasks();
  bool may_spin();
  void sleep();

  // Set before the thread starts, or touched by it alone.
  LoopOptions options_;
  std::unique_ptr<Ring> ring_;
  std::vector<Stage*> stages_;
  std::thread thread_;
  Now now_;
  MonotonicTime idle_since_ = MonotonicTime::never();

  // Between threads.
  SleepGate gate_;
  Flag stop_;
  Flag has_tasks_;
  Counter rounds_;
  Counter rounds_idle_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::function<void()>> tasks_;
  Phase phase_ = Phase::prepared;
  std::optional<Error> error_;
  clockid_t cpu_clock_ = 0;  // while running
  Nanoseconds cpu_time_{0};  // once ended
};

Status Loop::Core::start() {
  WEIR_CHECK(!thread_.joinable());
  std::promise<Status> started;
  std::future<Status> result = started.get_future();
  try {
    thread_ = std::thread([this, started = std::move(started)]() mutable { run(started); });
  } catch (const std::system_error& failure) {
    return Error{std::string("cannot start a thread: ") + failure.what() +
                 ". Raise the limit of processes (ulimit -u)"};
  }
  Status status = result.get();
  if (!status) join();
  return status;
}

Status Loop::Core::enter_thread() {
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  if (options_.cpu.has_value()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (*options_.cpu >= CPU_SETSIZE) return Error{"cannot pin a thread: no such processor"};
    CPU_SET(*options_.cpu, &set);
    const int failed = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
    if (failed != 0) {
      return Error{"cannot pin a thread to processor " + std::to_string(*options_.cpu) + ": " +
                   error_text(-failed)};
    }
  }
  const std::lock_guard lock(mutex_);
  pthread_getcpuclockid(pthread_self(), &cpu_clock_);
  phase_ = Phase::running;
  return Done{};
}

void Loop::Core::run(std::promise<Status>& started) {
  Status status = enter_thread();
  if (status) status = ring_->enable();
  const bool good = status.ok();
  started.set_value(std::move(status));
  if (good) serve();
  leave_thread();
}

void Loop::Core::serve() {
  while (!stop_.up() && ring_->status().ok()) {
    run_tasks();
    if (round() > 0) {
      idle_since_ = MonotonicTime::never();
      continue;
    }
    rounds_idle_.add();
    if (!may_spin()) sleep();
  }
  const bool drained = ring_->drain(monotonic_now() + kDrainLimit);
  const std::lock_guard lock(mutex_);
  if (!ring_->status().ok()) {
    error_ = ring_->status().error();
  } else if (!drained) {
    error_ = Error{"operations of " + options_.name + " did not end after being cancelled"};
  }
}

std::size_t Loop::Core::round() {
  ring_->poll();
  now_ = read_clock();
  std::size_t work = 0;
  for (Stage* stage : stages_) work += stage->poll(now_);
  rounds_.add();
  return work;
}

bool Loop::Core::may_spin() {
  if (options_.spin == 0ns) return false;
  if (idle_since_ == MonotonicTime::never()) idle_since_ = now_.monotonic;
  if (now_.monotonic - idle_since_ >= options_.spin) return false;
  pause_processor();
  return true;
}

void Loop::Core::sleep() {
  gate_.prepare();
  // The second look: what was handed over before the flag was up has made no wake-up. The round
  // comes first, because it takes the completions: a wake-up among them is used up, so what it was
  // for must be looked at afterwards, and without another one to come there is no sleep.
  if (round() == 0 && !stop_.up() && !has_tasks_.up() && gate_.still_asleep()) {
    MonotonicTime deadline = MonotonicTime::never();
    for (const Stage* stage : stages_) deadline = std::min(deadline, stage->next_deadline());
    ring_->submit_and_wait(deadline);
  }
  gate_.awake();
  idle_since_ = MonotonicTime::never();
}

void Loop::Core::run_tasks() {
  if (!has_tasks_.up()) return;
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    has_tasks_.lower();
  }
  for (const auto& task : tasks) task();
}

void Loop::Core::leave_thread() {
  for (;;) {
    run_tasks();
    const std::lock_guard lock(mutex_);
    if (!tasks_.empty()) continue;
    phase_ = Phase::ended;
    cpu_time_ = thread_cpu_time();
    return;
  }
}

bool Loop::Core::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::ended) return false;
    tasks_.push_back(std::move(task));
    has_tasks_.raise();
  }
  wake();
  return true;
}

void Loop::Core::run_and_wait(const std::function<void()>& task) {
  if (!running()) return task();
  const auto done = std::make_shared<std::promise<void>>();
  std::future<void> ran = done->get_future();
  const bool posted = post([&task, done] {
    task();
    done->set_value();
  });
  if (!posted) return task();  // it ended this moment
  ran.wait();
}

LoopStats Loop::Core::stats() const {
  LoopStats stats{rounds_.read(), rounds_idle_.read(), ring_->stats(), 0ns};
  const std::lock_guard lock(mutex_);
  stats.cpu_time = cpu_time_;
  timespec used{};
  if (phase_ == Phase::running && clock_gettime(cpu_clock_, &used) == 0) {
    stats.cpu_time = std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec);
  }
  return stats;
}

Loop::Loop(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Loop::~Loop() {
  stop();
  join();
}

Result<std::unique_ptr<Loop>> Loop::create(LoopOptions options) {
  Result<std::unique_ptr<Ring>> ring = Ring::create(options.ring);
  if (!ring) return ring.error();
  auto core = std::make_unique<Core>(std::move(options), std::move(ring).value());
  return std::unique_ptr<Loop>(new Loop(std::move(core)));
}

Ring& Loop::ring() {
  return core_->ring();
}
void Loop::add(Stage& stage) {
  core_->add(stage);
}
Status Loop::start() {
  return core_->start();
}
Waker& Loop::waker() {
  return *core_;
}
void Loop::post(std::function<void()> task) {
  core_->post(std::move(task));
}
void Loop::run_and_wait(const std::function<void()>& task) {
  core_->run_and_wait(task);
}
void Loop::stop() {
  core_->stop();
}
void Loop::join() {
  core_->join();
}
bool Loop::running() const {
  return core_->running();
}
std::optional<Error> Loop::error() const {
  return core_->error();
}
LoopStats Loop::stats() const {
  return core_->stats();
}

std::vector<std::uint32_t> usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<std::uint32_t> found;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) found.push_back(cpu);
    }
  }
  if (found.empty()) found.push_back(0);
  return found;
}

}  // namespace weir
