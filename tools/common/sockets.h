// Non-blocking sockets for the tools and the end-to-end tests: addresses from text, listening,
// connecting. The router itself never uses these; its sockets belong to io/ring.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/port/port.h"

namespace weir {

// Owns one file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// "127.0.0.1:7000", "[::1]:7000", "localhost:7000"; no host means 127.0.0.1.
Result<Endpoint> parse_tcp_address(std::string_view text);
// "tcp://HOST:PORT" or "unix://PATH".
Result<Endpoint> parse_address_url(std::string_view text);

// A non-blocking listener; `endpoint.port` becomes the real one. A stale unix socket file that
// nobody serves is replaced. TCP listeners carry the congestion control for their connections (see
// `set_congestion`). `receive_buffer_bytes` 0: the kernel's own choice.
Result<Fd> listen_on(Endpoint& endpoint, int receive_buffer_bytes = 0);

// A connected non-blocking socket. Refused attempts are repeated for `patience` (a peer that is
// about to listen).
Result<Fd> connect_to(const Endpoint& endpoint, Nanoseconds patience = 0s);

// BBR, the default of some kernels, paces and so costs 2.4 times the CPU of cubic on loopback; the
// default here is cubic for loopback peers and the kernel's own for others.
void set_congestion(int fd, const Endpoint& endpoint);

}  // namespace weir
