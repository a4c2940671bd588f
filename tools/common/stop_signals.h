// StopSignals: SIGINT and SIGTERM as something to wait for. While it lives the two are blocked in
// the calling thread and arrive at fd(), which becomes readable. Used by tools of one thread; the
// second signal, a user in a hurry, ends the process in the usual way.
#pragma once

#include <csignal>

#include "tools/common/sockets.h"

namespace weir {

class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int fd() const { return fd_.get(); }
  // True once a signal came; after that the signals have their default effect again.
  bool stopped();

 private:
  void restore();

  Fd fd_;
  sigset_t before_{};
  bool blocked_ = true;
  bool stopped_ = false;
};

}  // namespace weir
