#include "io/run/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "core/base/check.h"
#include "io/ring/clock.h"

namespace weir {

struct SignalWaiter::Saved {
  sigset_t mask;
  struct sigaction pipe;
};

SignalWaiter::SignalWaiter() : saved_(std::make_unique<Saved>()) {
  sigset_t waited;
  sigemptyset(&waited);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&waited, signal);
  pthread_sigmask(SIG_BLOCK, &waited, &saved_->mask);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &saved_->pipe);
  signals_ = signalfd(-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
  wakes_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  WEIR_CHECK(signals_ >= 0 && wakes_ >= 0);
}

SignalWaiter::~SignalWaiter() {
  ::close(signals_);
  ::close(wakes_);
  sigaction(SIGPIPE, &saved_->pipe, nullptr);
  pthread_sigmask(SIG_SETMASK, &saved_->mask, nullptr);
}

SignalWaiter::Event SignalWaiter::wait(MonotonicTime deadline) {
  for (;;) {
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      return info.ssi_signo == SIGHUP ? Event::reload : Event::stop;
    }
    std::uint64_t wakes = 0;
    if (::read(wakes_, &wakes, sizeof(wakes)) > 0) return Event::woken;
    const MonotonicTime now = monotonic_now();
    if (deadline <= now) return Event::timeout;
    const auto left = std::min<Nanoseconds>(deadline - now, 3600s).count();
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    std::array<pollfd, 2> wanted{{{signals_, POLLIN, 0}, {wakes_, POLLIN, 0}}};
    ppoll(wanted.data(), wanted.size(), &timeout, nullptr);
  }
}

void SignalWaiter::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wakes_, &one, sizeof(one));
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

}  // namespace weir
