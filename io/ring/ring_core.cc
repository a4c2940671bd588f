#include "io/ring/ring_core.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/base/check.h"
#include "io/ring/clock.h"
#include "io/ring/ring_port.h"

namespace weir {
namespace {

constexpr unsigned kSetupAlways =
    IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
// From best to what any kernel since 5.18 takes.
constexpr std::array kSetupFlags = {
    kSetupAlways | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
        IORING_SETUP_TASKRUN_FLAG,
    kSetupAlways | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    kSetupAlways,
};

constexpr std::size_t kPageBytes = 4096;
constexpr Nanoseconds kSleepMax = 3600s;

}  // namespace

Error ring_setup_error(int error) {
  const std::string cause = std::string("io_uring: ") + std::strerror(error) + ": ";
  switch (error) {
    case EPERM:
    case EACCES:
      return {
          cause +
          "this process may not use io_uring. Set the sysctl kernel.io_uring_disabled to 0, and "
          "in a container allow io_uring_setup, io_uring_enter and io_uring_register in the "
          "seccomp profile (docker run --security-opt seccomp=PROFILE)"};
    case ENOSYS:
      return {cause +
              "the kernel has no io_uring, or a sandbox hides it. weir needs Linux 5.19 or newer; "
              "in a container allow the io_uring system calls in the seccomp profile"};
    case ENOMEM:
      return {cause +
              "no memory to be locked is left for the rings. Raise the limit (ulimit -l 65536, or "
              "LimitMEMLOCK=64M in a systemd unit)"};
    case EMFILE:
      return {cause +
              "the process is out of descriptors. Raise the limit (ulimit -n 65536, or "
              "LimitNOFILE=65536 in a systemd unit)"};
    case ENFILE:
      return {cause + "the system is out of descriptors. Raise the sysctl fs.file-max"};
    case EINVAL:
      return {cause + "the kernel is too old. weir needs Linux 5.19 or newer"};
    default:
      return {cause + "cannot set up a ring"};
  }
}

Ring::Core::~Core() {
  resolver_.reset();  // first: it wakes us through wake_fd_
  for (const RingPort* port : ports_) WEIR_CHECK(port == nullptr);
  if (open_) io_uring_queue_exit(&ring_);
  for (const auto& op : controls_) {
    if (op->socket >= 0) ::close(op->socket);
  }
  for (void* memory : buffer_rings_) std::free(memory);
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

int Ring::Core::setup(unsigned flags) {
  io_uring_params params{};
  params.flags = flags;
  params.cq_entries = std::max(options_.completions, 2 * options_.submissions);
  return io_uring_queue_init_params(options_.submissions, &ring_, &params);
}

Status Ring::Core::open() {
  options_.buffers_per_port =
      std::bit_ceil(std::clamp(options_.buffers_per_port, std::uint32_t{1}, std::uint32_t{32768}));
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) return ring_setup_error(errno);
  int failed = -EINVAL;
  for (const unsigned flags : kSetupFlags) {
    if (options_.plain && flags != kSetupFlags.back()) continue;
    failed = setup(flags);
    if (failed != -EINVAL) break;
  }
  if (failed < 0) return ring_setup_error(-failed);
  open_ = true;
  // Provided-buffer rings are the newest thing we need: see at once whether they are there.
  if (register_buffers(0) == nullptr) return ring_setup_error(EINVAL);
  io_uring_unregister_buf_ring(&ring_, 0);
  return Done{};
}

Status Ring::Core::enable() {
  WEIR_CHECK(!enabled_);
  // Not io_uring_enable_rings(): Debian's liburing 2.3 declares it without exporting it.
  const unsigned descriptor = static_cast<unsigned>(ring_.ring_fd);
  const int failed = io_uring_register(descriptor, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (failed < 0) return ring_setup_error(-failed);
  enabled_ = true;
  io_uring_register_ring_fd(&ring_);  // spares a look-up per system call; fine without
  arm_wake();
  return Done{};
}

void Ring::Core::arm_wake() {
  // Edge-triggered and lasting: each write to the eventfd makes one completion, and nobody has to
  // read the eventfd.
  io_uring_sqe* entry = next_entry();
  io_uring_prep_poll_multishot(entry, wake_fd_, POLLIN);
  entry->user_data = kWakeData;
}

void Ring::Core::wake() {
  const std::uint64_t one = 1;
  // Fails only when 2^64 - 2 wakes lie unread, which is a wake-up in itself.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof(one));
}

io_uring_sqe* Ring::Core::next_entry() {
  operations_.add();
  io_uring_sqe* entry = nullptr;
  if (waiting_first_ == waiting_.size()) {
    entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr && enabled_) {
      submit();
      entry = io_uring_get_sqe(&ring_);
    }
  }
  if (entry == nullptr) entry = &waiting_.emplace_back();
  std::memset(entry, 0, sizeof(*entry));
  return entry;
}

io_uring_sqe* Ring::Core::next_operation(std::uint64_t user_data) {
  io_uring_sqe* entry = next_entry();
  entry->user_data = user_data;
  ++in_flight_;
  return entry;
}

void Ring::Core::flush_waiting() {
  while (waiting_first_ < waiting_.size()) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
      enters_.add();
      const int taken = io_uring_submit(&ring_);
      check_enter(taken);
      if (taken <= 0) return;
      continue;
    }
    *entry = waiting_[waiting_first_++];
  }
  waiting_.clear();
  waiting_first_ = 0;
}

void Ring::Core::submit() {
  if (!enabled_ || !status_.ok()) return;
  flush_waiting();
  if (io_uring_sq_ready(&ring_) == 0) return;
  enters_.add();
  check_enter(io_uring_submit(&ring_));
}

void Ring::Core::check_enter(int result) {
  switch (result) {
    case -EINTR:
    case -ETIME:
    case -EAGAIN:
    case -EBUSY:
      return;  // tried again at the next round
    default:
      if (result < 0 && status_.ok()) status_ = ring_setup_error(-result);
  }
}

bool Ring::Core::has_kernel_work() const {
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  return io_uring_sq_ready(&ring_) != 0 ||
         (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

std::size_t Ring::Core::poll() {
  if (!enabled_ || !status_.ok()) return 0;
  flush_waiting();
  if (has_kernel_work()) {
    enters_.add();
    check_enter(io_uring_submit_and_get_events(&ring_));
  }
  return take_completions();
}

std::size_t Ring::Core::submit_and_wait(MonotonicTime deadline) {
  if (!enabled_ || !status_.ok()) return 0;
  if (unreaped_ == 0) sleep(deadline);
  return poll();
}

void Ring::Core::sleep(MonotonicTime deadline) {
  flush_waiting();
  if (io_uring_cq_ready(&ring_) != 0) return;
  const Nanoseconds left =
      deadline == MonotonicTime::never() ? kSleepMax : deadline - monotonic_now();
  if (left <= 0ns) return;
  const auto capped = std::min(left, kSleepMax).count();
  __kernel_timespec timeout{capped / 1'000'000'000, capped % 1'000'000'000};
  io_uring_cqe* cqe = nullptr;
  enters_.add();
  sleeps_.add();
  check_enter(io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &timeout, nullptr));
}

std::size_t Ring::Core::take_completions() {
  const std::size_t before = unreaped_;
  const unsigned mask = ring_.cq.ring_mask;
  unsigned head = *ring_.cq.khead;
  for (;;) {
    const unsigned tail = io_uring_smp_load_acquire(ring_.cq.ktail);
    if (head == tail) break;
    while (head != tail) {
      dispatch(ring_.cq.cqes[head & mask]);
      ++head;
    }
    io_uring_smp_store_release(ring_.cq.khead, head);
  }
  return unreaped_ - before;
}

void Ring::Core::dispatch(const io_uring_cqe& cqe) {
  const std::uint64_t tag = cqe.user_data >> kTagShift;
  if (tag == kControlTag) {
    --in_flight_;
    return on_control(static_cast<std::uint32_t>(cqe.user_data), cqe.res);
  }
  if (tag != 0) {
    --in_flight_;
    if (ports_[tag] != nullptr) ports_[tag]->complete(cqe);
    return;
  }
  if (cqe.user_data != kWakeData) return;
  wakes_.add();
  if ((cqe.flags & IORING_CQE_F_MORE) == 0 && !draining_) arm_wake();
  take_answers();
}

bool Ring::Core::drain(MonotonicTime deadline) {
  if (!enabled_) return true;  // the kernel has seen nothing
  draining_ = true;
  while (status_.ok()) {
    if (in_flight_ > 0) {
      io_uring_sqe* entry = next_entry();
      io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
      entry->user_data = kIgnoredData;
    }
    poll();
    const MonotonicTime now = monotonic_now();
    if (in_flight_ == 0 || now >= deadline) break;
    sleep(std::min(deadline, now + 10ms));
  }
  return in_flight_ == 0;
}

std::uint8_t Ring::Core::add_port(RingPort& port) {
  // Numbers are never used twice: a late completion must not reach another stage.
  WEIR_CHECK(ports_made_ < kPortsMax);
  ++ports_made_;
  ports_[ports_made_] = &port;
  return static_cast<std::uint8_t>(ports_made_);
}

void Ring::Core::remove_port(RingPort& port) {
  unreaped_ -= port.unreaped();
  ports_[port.number()] = nullptr;
  for (const auto& op : controls_) {
    if (op->port == &port) op->port = nullptr;
  }
}

io_uring_buf_ring* Ring::Core::register_buffers(std::uint8_t group) {
  const std::size_t bytes = options_.buffers_per_port * sizeof(io_uring_buf);
  const std::size_t rounded = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  void* memory = std::aligned_alloc(kPageBytes, rounded);
  if (memory == nullptr) return nullptr;
  std::memset(memory, 0, rounded);
  io_uring_buf_reg request{};
  request.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  request.ring_entries = options_.buffers_per_port;
  request.bgid = group;
  if (io_uring_register_buf_ring(&ring_, &request, 0) != 0) {
    std::free(memory);
    return nullptr;
  }
  buffer_rings_[group] = memory;
  auto* ring = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(ring);
  return ring;
}

RingStats Ring::Core::stats() const {
  return {operations_.read(), enters_.read(), sleeps_.read(), wakes_.read()};
}

}  // namespace weir
