// Asks the router that runs on a data directory, by its control.sock.
//
// Threads: any. Waits for the answer.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

struct ControlError {
  enum class Kind : std::uint8_t {
    not_running,  // nobody listens there
    refused,      // we may not connect
    failed        // the router says so, or the connection broke
  };
  Kind kind = Kind::failed;
  std::string message;
};
using ControlStatus = Result<Done, ControlError>;

// `on_line` gets each line of the answer; its end is the result.
ControlStatus ask_router(const std::string& data_dir, std::string_view request,
                         const std::function<void(std::string_view)>& on_line);

}  // namespace weir
