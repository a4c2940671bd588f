// The main thread's waiting place: signals, wake-ups by other threads, deadlines.
//
// Construct it before any thread is started: it blocks SIGTERM, SIGINT and SIGHUP for this thread
// and all that it starts later, and ignores SIGPIPE. One per process; wake() from any thread.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/base/units.h"
#include "core/port/port.h"

namespace weir {

class SignalWaiter final : public Waker {
 public:
  enum class Event : std::uint8_t {
    timeout,
    woken,
    stop /* SIGTERM, SIGINT */,
    reload /* SIGHUP */
  };

  SignalWaiter();
  ~SignalWaiter() override;  // restores the mask
  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;

  Event wait(MonotonicTime deadline);
  void wake() override;

 private:
  int signals_ = -1;
  int wakes_ = -1;
  struct Saved;
  std::unique_ptr<Saved> saved_;
};

// Lifts the soft limit of open descriptors to the hard one; returns the limit in force.
std::uint64_t raise_descriptor_limit();

}  // namespace weir
