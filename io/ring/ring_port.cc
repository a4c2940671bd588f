#include "io/ring/ring_port.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "core/base/check.h"

namespace weir {
namespace {

// The kernel takes at most this much in one operation; the rest is the next one's.
std::uint32_t clamped(std::size_t size) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, 0x7ffff000U));
}

}  // namespace

void RingPort::accept(Handle listener, Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_ACCEPT;
  entry->fd = listener.value;
  entry->accept_flags = SOCK_CLOEXEC;
}

void RingPort::connect(const Endpoint& endpoint, Token token) {
  core_.connect(*this, endpoint, token);
}

bool RingPort::buffers_usable() {
  if (buffers_ == nullptr && !buffers_failed_) {
    buffers_ = core_.register_buffers(number_);
    buffers_failed_ = buffers_ == nullptr;
  }
  return !buffers_failed_;
}

void RingPort::provide(std::uint32_t buffer, std::span<char> memory) {
  WEIR_CHECK(buffer <= std::numeric_limits<std::uint16_t>::max());
  WEIR_CHECK(!memory.empty() && memory.size() <= std::numeric_limits<std::int32_t>::max());
  if (!buffers_usable()) return;  // every receive says so
  if (provided_.size() <= buffer) provided_.resize(buffer + 1);
  provided_[buffer] = {memory.data(), static_cast<std::uint32_t>(memory.size())};
  const auto id = static_cast<std::uint16_t>(buffer);
  if (buffers_held_ == core_.buffer_capacity()) {
    buffers_late_.push_back(id);
  } else {
    push_buffer(id);
  }
}

void RingPort::push_buffer(std::uint16_t id) {
  const Provided& provided = provided_[id];
  io_uring_buf_ring_add(buffers_, provided.memory, provided.length, id,
                        io_uring_buf_ring_mask(core_.buffer_capacity()), 0);
  io_uring_buf_ring_advance(buffers_, 1);
  ++buffers_held_;
}

void RingPort::receive(Handle handle, Token token) {
  if (!buffers_usable()) return finish(token, -ENOMEM);
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_RECV;
  entry->fd = handle.value;
  entry->flags = IOSQE_BUFFER_SELECT;
  entry->buf_group = number_;
}

void RingPort::send(Handle handle, std::span<const char> bytes, Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_SEND;
  entry->fd = handle.value;
  entry->addr = reinterpret_cast<std::uintptr_t>(bytes.data());
  entry->len = clamped(bytes.size());
  entry->msg_flags = MSG_NOSIGNAL;
}

std::uint64_t RingPort::unacknowledged(Handle handle) {
  int bytes = 0;
  if (ioctl(handle.value, SIOCOUTQ, &bytes) != 0 || bytes <= 0) return 0;
  // A FIN on its way counts as a byte in the kernel's arithmetic.
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (getsockopt(handle.value, IPPROTO_TCP, TCP_INFO, &info, &length) == 0) {
    const bool fin_sent = info.tcpi_state == TCP_FIN_WAIT1 || info.tcpi_state == TCP_CLOSING ||
                          info.tcpi_state == TCP_LAST_ACK;
    if (fin_sent) --bytes;
  }
  return static_cast<std::uint64_t>(bytes);
}

bool RingPort::broken(Handle handle) {
  pollfd asked{handle.value, 0, 0};
  return ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

void RingPort::shutdown_receive(Handle handle) {
  ::shutdown(handle.value, SHUT_RD);
}

void RingPort::shutdown_send(Handle handle) {
  core_.submit();  // what was asked for before must reach the socket before the end does
  ::shutdown(handle.value, SHUT_WR);
}

std::string RingPort::peer_name(Handle handle) {
  return to_text(peer_address(handle.value));
}

void RingPort::open(const std::string& path, OpenMode mode, Token token) {
  core_.open_file(*this, path, mode, token);
}

std::uint64_t RingPort::file_size(Handle handle) {
  struct stat status {};
  if (fstat(handle.value, &status) != 0 || status.st_size < 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

void RingPort::write(Handle handle, std::span<const char> bytes, std::uint64_t offset,
                     Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_WRITE;
  entry->fd = handle.value;
  entry->addr = reinterpret_cast<std::uintptr_t>(bytes.data());
  entry->len = clamped(bytes.size());
  entry->off = offset;
}

void RingPort::read(Handle handle, std::span<char> bytes, std::uint64_t offset, Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_READ;
  entry->fd = handle.value;
  entry->addr = reinterpret_cast<std::uintptr_t>(bytes.data());
  entry->len = clamped(bytes.size());
  entry->off = offset;
}

void RingPort::sync(Handle handle, Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_FSYNC;
  entry->fd = handle.value;
  entry->fsync_flags = IORING_FSYNC_DATASYNC;
}

void RingPort::sync_directory(Handle handle, Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_FSYNC;
  entry->fd = handle.value;
}

void RingPort::allocate(Handle handle, std::uint64_t bytes, Token token) {
  io_uring_sqe* entry = core_.next_operation(user_data(token));
  entry->opcode = IORING_OP_FALLOCATE;
  entry->fd = handle.value;
  entry->addr = bytes;  // the length; offset and mode are 0
}

// The ring knows ftruncate only since Linux 6.9. It waits for no data, and happens once in a file's
// life.
void RingPort::truncate(Handle handle, std::uint64_t bytes, Token token) {
  const bool done = ::ftruncate(handle.value, static_cast<off_t>(bytes)) == 0;
  finish(token, done ? 0 : -errno);
}

void RingPort::remove(const std::string& path, Token token) {
  core_.remove_file(*this, path, token);
}

void RingPort::rename(const std::string& from, const std::string& to, Token token) {
  core_.rename_file(*this, from, to, token);
}

void RingPort::close(Handle handle) {
  core_.cancel_and_close(handle.value);
}

void RingPort::finish(Token token, std::int64_t result) {
  ready_.push_back({token, result, 0});
  core_.note_ready();
}

void RingPort::complete(const io_uring_cqe& cqe) {
  Completion done;
  done.token = cqe.user_data & ((Token{1} << Ring::Core::kTagShift) - 1);
  done.result = cqe.res;
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    const auto id = static_cast<std::uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
    WEIR_CHECK(buffers_held_ > 0);
    --buffers_held_;
    if (cqe.res > 0) {
      done.buffer = id;
    } else {
      push_buffer(id);  // taken, but nothing was put into it
    }
    if (!buffers_late_.empty() && buffers_held_ < core_.buffer_capacity()) {
      push_buffer(buffers_late_.back());
      buffers_late_.pop_back();
    }
  }
  ready_.push_back(done);
  core_.note_ready();
}

std::size_t RingPort::reap(std::span<Completion> out) {
  const std::size_t count = std::min(out.size(), unreaped());
  if (count == 0) return 0;
  std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(ready_first_), count, out.begin());
  ready_first_ += count;
  if (ready_first_ == ready_.size()) {
    ready_.clear();
    ready_first_ = 0;
  } else if (ready_first_ >= ready_.size() / 2) {  // a stage that never takes all at once
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_first_));
    ready_first_ = 0;
  }
  core_.note_reaped(count);
  return count;
}

}  // namespace weir
