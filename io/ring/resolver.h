// Resolver: looks names up on a background thread, because getaddrinfo() blocks for as long as a
// name server cares to be silent, and cannot be cancelled.
//
// That is also why the thread is detached and its state shared: a Resolver that goes away does not
// wait for an answer nobody wants. Nothing runs until the first name is asked for.
//
// Threads: ask(), take() from the owning thread; the Waker is called from the background thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/port/port.h"
#include "io/ring/socket_address.h"

namespace weir {

class Resolver {
 public:
  struct Answer {
    std::uint64_t question = 0;
    std::int64_t error = 0;  // 0, or negative: see error_text() of core/port
    std::vector<SocketAddress> addresses;
  };

  // `waker` is called for each answer until the Resolver is destroyed.
  explicit Resolver(Waker& waker) : waker_(waker) {}
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::uint64_t question, const std::string& host, std::uint16_t port);
  // All answers that have come.
  std::vector<Answer> take();

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);
  Waker& waker_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace weir
