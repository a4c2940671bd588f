#include "tools/common/stop_signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/check.h"

namespace weir {

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  fd_ = Fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  WEIR_CHECK(fd_.open());
}

StopSignals::~StopSignals() {
  restore();
}

void StopSignals::restore() {
  if (blocked_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  blocked_ = false;
}

bool StopSignals::stopped() {
  if (stopped_) return true;
  signalfd_siginfo info{};
  if (read(fd_.get(), &info, sizeof info) != sizeof info) return false;
  stopped_ = true;
  restore();
  return true;
}

}  // namespace weir
