#include "io/control/control_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir {

std::string control_path(int directory) {
  return fmt::format("/proc/self/fd/{}/control.sock", directory);
}

Result<Descriptor> open_directory(const std::string& data_dir) {
  Descriptor directory(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return Error{fmt::format("'{}' cannot be opened: {}", data_dir, std::strerror(errno))};
  }
  return directory;
}

Result<Descriptor> make_control_socket() {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return Error{fmt::format("no socket can be made: {}", std::strerror(errno))};
  }
  return socket;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> LineReader::next() {
  std::size_t looked_at = begin_;
  for (;;) {
    const std::size_t end = held_.find('\n', looked_at);
    if (end != std::string::npos) {
      std::string line = held_.substr(begin_, end - begin_);
      begin_ = end + 1;
      return line;
    }
    held_.erase(0, std::exchange(begin_, 0));
    if (held_.size() > bytes_max_) return std::nullopt;
    looked_at = held_.size();
    std::array<char, 65536> bytes;
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    held_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace weir
