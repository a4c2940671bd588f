// The operations of more than one step, or with a path: open, rename, remove, connect, close.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/check.h"
#include "io/ring/ring_core.h"
#include "io/ring/ring_port.h"

namespace weir {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kPrivateFileMode = 0600;  // of what only weir reads: its log
// Lost connection requests are repeated this often: a silent host is given up after about 15 s
// (the kernel's own default is over two minutes).
constexpr int kConnectRepeats = 3;

int open_flags(OpenMode mode) {
  const int always = O_CLOEXEC | (mode.direct ? O_DIRECT : 0);
  switch (mode.kind) {
    case OpenMode::Kind::append:
      return always | O_WRONLY | O_CREAT;
    case OpenMode::Kind::truncate:
      return always | O_WRONLY | O_CREAT | O_TRUNC;
    case OpenMode::Kind::create_new:
      return always | O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
    case OpenMode::Kind::read_only:
      // O_NONBLOCK: a FIFO in the place of a file must not stop us.
      return always | O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    case OpenMode::Kind::directory:
      return always | O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  }
  return always | O_RDONLY;
}

}  // namespace

std::uint32_t Ring::Core::new_control(RingPort& port, Token token) {
  if (controls_free_.empty()) {
    controls_free_.push_back(static_cast<std::uint32_t>(controls_.size()));
    controls_.push_back(std::make_unique<ControlOp>());
  }
  const std::uint32_t index = controls_free_.back();
  controls_free_.pop_back();
  *controls_[index] = ControlOp{};
  controls_[index]->port = &port;
  controls_[index]->token = token;
  return index;
}

void Ring::Core::finish_control(std::uint32_t index, std::int64_t result) {
  ControlOp& op = *controls_[index];
  if (op.port != nullptr) {
    op.port->finish(op.token, result);
  } else if (result >= 0 && (op.connecting || op.opening)) {
    ::close(static_cast<int>(result));  // a descriptor that nobody waits for any more
  }
  op.socket = -1;
  controls_free_.push_back(index);
}

void Ring::Core::open_file(RingPort& port, const std::string& path, OpenMode mode, Token token) {
  const std::uint32_t index = new_control(port, token);
  ControlOp& op = *controls_[index];
  op.path = path;
  op.opening = true;
  const mode_t permissions = mode.kind == OpenMode::Kind::create_new ? kPrivateFileMode : kFileMode;
  io_uring_sqe* entry = next_operation(control_data(index));
  io_uring_prep_openat(entry, AT_FDCWD, op.path.c_str(), open_flags(mode), permissions);
  entry->user_data = control_data(index);
}

void Ring::Core::rename_file(RingPort& port, const std::string& from, const std::string& to,
                             Token token) {
  const std::uint32_t index = new_control(port, token);
  ControlOp& op = *controls_[index];
  op.path = from;
  op.path_to = to;
  io_uring_sqe* entry = next_operation(control_data(index));
  io_uring_prep_renameat(entry, AT_FDCWD, op.path.c_str(), AT_FDCWD, op.path_to.c_str(),
                         RENAME_NOREPLACE);
  entry->user_data = control_data(index);
}

void Ring::Core::remove_file(RingPort& port, const std::string& path, Token token) {
  const std::uint32_t index = new_control(port, token);
  ControlOp& op = *controls_[index];
  op.path = path;
  io_uring_sqe* entry = next_operation(control_data(index));
  io_uring_prep_unlinkat(entry, AT_FDCWD, op.path.c_str(), 0);
  entry->user_data = control_data(index);
}

void Ring::Core::connect(RingPort& port, const Endpoint& endpoint, Token token) {
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    return port.finish(token, connect_unix(endpoint.host));
  }
  const std::uint32_t index = new_control(port, token);
  ControlOp& op = *controls_[index];
  op.connecting = true;
  op.endpoint = endpoint;
  if (const auto address = parse_numeric_address(endpoint.host, endpoint.port)) {
    op.addresses.push_back(*address);
    connect_next(index);
  } else {
    resolver_->ask(index, endpoint.host, endpoint.port);
  }
}

void Ring::Core::take_answers() {
  for (Resolver::Answer& answer : resolver_->take()) {
    const auto index = static_cast<std::uint32_t>(answer.question);
    ControlOp& op = *controls_[index];
    op.addresses = std::move(answer.addresses);
    op.last_error = answer.error;
    connect_next(index);
  }
}

void Ring::Core::connect_next(std::uint32_t index) {
  ControlOp& op = *controls_[index];
  while (op.address_next < op.addresses.size() && op.port != nullptr && !draining_) {
    const SocketAddress& address = op.addresses[op.address_next++];
    const int socket = open_socket(op.endpoint, address);
    if (socket < 0) {
      op.last_error = socket;
      continue;
    }
    op.socket = socket;
    io_uring_sqe* entry = next_operation(control_data(index));
    io_uring_prep_connect(entry, socket, address.get(), address.length);
    entry->user_data = control_data(index);
    return;
  }
  finish_control(index, op.last_error < 0 ? op.last_error : -ECANCELED);
}

int Ring::Core::open_socket(const Endpoint& endpoint, const SocketAddress& address) {
  // Blocking on purpose: on a non-blocking socket io_uring would answer -EAGAIN instead of waiting.
  const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -errno;
  set_no_delay(socket);
  set_keep_alive(socket);
  setsockopt(socket, IPPROTO_TCP, TCP_SYNCNT, &kConnectRepeats, sizeof(kConnectRepeats));
  if (endpoint.congestion.empty()) {
    if (is_loopback(address)) set_congestion(socket, kLoopbackCongestion);
    return socket;
  }
  const int failed = set_congestion(socket, endpoint.congestion);
  if (failed == 0) return socket;
  ::close(socket);
  return failed == -ENOENT ? static_cast<int>(kCongestionUnknown) : failed;
}

std::int64_t Ring::Core::on_connected(ControlOp& op) {
  const SocketAddress local = local_address(op.socket);
  const SocketAddress peer = peer_address(op.socket);
  // The kernel may connect a socket to itself when nobody listens on a port of the ephemeral range.
  if (same_address(local, peer)) return -ECONNREFUSED;
  // Our own outward address is reached over loopback as well.
  if (op.endpoint.congestion.empty() && same_host(local, peer)) {
    set_congestion(op.socket, kLoopbackCongestion);
  }
  return op.socket;
}

std::int64_t Ring::Core::connect_unix(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return -ENAMETOOLONG;
  // Never waits: a full backlog is -EAGAIN, and the stage tries again after a while.
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return -errno;
  if (::connect(socket, address->get(), address->length) != 0) {
    const int failed = -errno;
    ::close(socket);
    return failed;
  }
  const int flags = fcntl(socket, F_GETFL);
  fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
  return socket;
}

void Ring::Core::on_control(std::uint32_t index, std::int64_t result) {
  ControlOp& op = *controls_[index];
  if (!op.connecting) return finish_control(index, result);
  if (result >= 0) result = on_connected(op);
  if (result >= 0) return finish_control(index, result);
  ::close(op.socket);
  op.socket = -1;
  op.last_error = result;
  connect_next(index);
}

void Ring::Core::cancel_and_close(int descriptor) {
  // In this order: the cancel must find the operations by the descriptor, and what was asked for
  // before must not meet a descriptor that has been reused.
  const bool may_skip = (ring_.features & IORING_FEAT_CQE_SKIP) != 0;
  io_uring_sqe* cancel = next_entry();
  io_uring_prep_cancel_fd(cancel, descriptor, IORING_ASYNC_CANCEL_ALL);
  cancel->user_data = kIgnoredData;
  if (may_skip) cancel->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe* close = next_entry();
  io_uring_prep_close(close, descriptor);
  close->user_data = kIgnoredData;
  if (may_skip) close->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

}  // namespace weir
