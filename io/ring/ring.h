// Ring: one thread's door to the kernel, an io_uring. It makes the Ports through which the stages
// of that thread see sockets and files, submits what they asked for in one system call per round,
// and sorts the completions into a queue per Port.
//
// Life: create() on any thread -> make_port() and the stages' first operations on that same thread
// -> enable() on the thread that will run it; from then on that thread alone may touch the Ring and
// its Ports (wake() excepted) -> drain() at the end of that thread -> destruction by anyone. Ports
// must be destroyed before the Ring, and the memory of operations under way must outlive drain().
//
// Errors: create() says in words what to allow when the kernel denies io_uring. A failure of a
// single operation is its Completion; a failure of the ring itself ends in error().
//
// Facts: io_uring_setup(2), io_uring_enter(2), io_uring_register(2), liburing 2.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/base/units.h"
#include "core/port/port.h"

namespace weir {

struct RingOptions {
  std::uint32_t submissions = 256;        // submitted early when more are asked for in one round
  std::uint32_t completions = 4096;       // the kernel keeps what does not fit
  std::uint32_t buffers_per_port = 1024;  // provided at one time; more wait in the port
  bool plain = false;                     // set up as on old kernels, without the newer flags
};

struct RingStats {
  std::uint64_t operations = 0;  // submitted
  std::uint64_t enters = 0;      // system calls made for it, sleeps included
  std::uint64_t sleeps = 0;
  std::uint64_t wakes = 0;  // wake() seen
};

class Ring final : public Waker {
 public:
  static constexpr std::size_t kPortsMax = 254;

  static Result<std::unique_ptr<Ring>> create(const RingOptions& options = {});
  ~Ring() override;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  std::unique_ptr<Port> make_port();

  // On the thread that runs the ring, once.
  Status enable();

  // Submits what is queued and takes the completions that are there; no system call when there is
  // nothing to do. Returns how many completions were handed to ports.
  std::size_t poll();

  // The same, but sleeps until a completion, a wake() or `deadline` when there is none. Returns at
  // once while a port still holds completions that its stage has not reaped.
  std::size_t submit_and_wait(MonotonicTime deadline);

  // Any thread. The next (or present) submit_and_wait returns early.
  void wake() override;

  // Cancels everything under way and waits for it to end, at most until `deadline`. True when no
  // operation holds the stages' memory any more.
  bool drain(MonotonicTime deadline);

  // A failure of the ring itself; the ring does nothing more after it.
  const Status& status() const;
  RingStats stats() const;

 private:
  class Core;
  friend class RingPort;
  explicit Ring(const RingOptions& options);
  std::unique_ptr<Core> core_;
};

// What to tell the user when io_uring_setup fails with `error` (an errno).
Error ring_setup_error(int error);

}  // namespace weir
