// Listener: an open listening socket. Opened before anything runs, so that a wrong address, a port
// in use or a missing right is one clear message and not a fault under load.
//
// Life: open() -> its handle() is given to the stage that accepts -> destroyed after that stage's
// loop has been joined; the path of a unix socket is removed then.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "core/base/result.h"
#include "core/port/port.h"

namespace weir {

class Listener {
 public:
  // The error names the address and the remedy. Port 0 takes any free one: see endpoint().
  static Result<std::unique_ptr<Listener>> open(const Endpoint& endpoint);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Handle handle() const { return handle_; }
  // Where it really listens: numeric host, real port.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  static Result<std::unique_ptr<Listener>> open_tcp_at(const Endpoint& endpoint);
  static Result<std::unique_ptr<Listener>> open_unix(const Endpoint& endpoint);
  Listener(Handle handle, Endpoint endpoint, std::uint64_t device, std::uint64_t inode)
      : handle_(handle), endpoint_(std::move(endpoint)), device_(device), inode_(inode) {}
  Handle handle_;
  Endpoint endpoint_;
  std::uint64_t device_;  // of the unix socket's path as we made it
  std::uint64_t inode_;
};

}  // namespace weir
