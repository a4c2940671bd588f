// ControlServer: the running router's ear, DATA_DIR/control.sock (mode 0600). Tools connect, write
// one request line and read the answer.
//
// Only the router's own user and root are heard. A few connections at a time, each with a thread of
// its own and a time limit for every step, so that a client that stands still costs nothing else.
//
// Threads: open() and stop() by the control thread; the handler runs on the connections' threads.
// Lifetime: the caller holds the lock of the directory from before open() until after stop().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

// Sends one line; false: nobody listens any more, give up.
using ControlEmit = std::function<bool(std::string_view line)>;
// Answers one request; an error becomes the end of the answer.
using ControlHandler = std::function<Status(const std::string& request, const ControlEmit& emit)>;

class ControlServer {
 public:
  static Result<std::unique_ptr<ControlServer>> open(const std::string& data_dir,
                                                     ControlHandler handler);
  ~ControlServer();  // stops
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Cuts what is under way off and takes the socket away.
  void stop();

 private:
  class Core;
  explicit ControlServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace weir
