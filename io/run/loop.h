// Loop: a thread that owns one Ring and polls a list of stages, in order, until it is stopped.
//
// Each round: completions to the ports, one look at the clock, every stage once. When no stage had
// work the thread spins for a short time if the plan allows it (only with more processors than
// threads), then sleeps by the SleepGate protocol: raise the flag, poll all stages once more, wait
// in the ring for a completion, a wake-up or the earliest deadline.
//
// Life: create() -> ring() to make ports, add() stages -> start() -> stop() -> join(). Stages and
// their memory must live until join() has returned. After stop() the thread cancels what is under
// way in the ring, so that no kernel operation holds their memory once join() returns.
//
// Threads: waker(), post(), stop() and the readings from any thread; the rest from the owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/units.h"
#include "core/port/port.h"
#include "core/port/stage.h"
#include "io/ring/ring.h"

namespace weir {

struct LoopOptions {
  std::string name = "weir-loop";    // of the thread; the kernel keeps 15 bytes
  std::optional<std::uint32_t> cpu;  // pin to this processor
  Nanoseconds spin{0};               // idle time before sleeping; 0 where threads >= processors
  RingOptions ring;
};

struct LoopStats {
  std::uint64_t rounds = 0;
  std::uint64_t rounds_idle = 0;  // no stage had work
  RingStats ring;
  Nanoseconds cpu_time{0};  // of the thread
};

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create(LoopOptions options);
  ~Loop();  // stops and joins
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Before start().
  Ring& ring();
  void add(Stage& stage);
  Status start();

  // Wakes the thread if (and only if) it sleeps: call it after handing work to one of its stages.
  Waker& waker();
  // Runs `task` on the loop's thread between two rounds; before start() it runs first thing. Tasks
  // posted after the thread has ended are not run.
  void post(std::function<void()> task);
  // Posts and waits until it ran; at once on the calling thread when the loop is not running.
  void run_and_wait(const std::function<void()>& task);

  void stop();
  void join();
  bool running() const;

  // Why the thread ended by itself, if it did.
  std::optional<Error> error() const;
  LoopStats stats() const;

 private:
  class Core;
  explicit Loop(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// Processors this process may run on (sched_getaffinity), ascending.
std::vector<std::uint32_t> usable_processors();

}  // namespace weir
