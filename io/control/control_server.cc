#include "io/control/control_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "core/wire/json_text.h"
#include "io/control/control_socket.h"

namespace weir {
namespace {

constexpr std::size_t kConnectionsMax = 8;
constexpr timeval kStepLimit = {.tv_sec = 10, .tv_usec = 0};

bool is_own_user(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

Error failure(const std::string& data_dir, const char* what) {
  return {fmt::format("'{}/control.sock' {}: {}", data_dir, what, std::strerror(errno))};
}

// Whoever held the lock of the directory before may have left a socket.
Status bind_socket(int fd, const std::string& path, const std::string& data_dir) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) {
      return Error{fmt::format("'{}/control.sock' is no socket", data_dir)};
    }
    if (::unlink(path.c_str()) != 0) return failure(data_dir, "cannot be replaced");
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  // The mode of the socket is that of its file from the first moment.
  const bool bound = ::fchmod(fd, 0600) == 0 &&
                     ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     ::listen(fd, 16) == 0;
  if (!bound) return failure(data_dir, "cannot be made");
  return Done{};
}

}  // namespace

class ControlServer::Core {
 public:
  Core(Descriptor directory, Descriptor socket, Descriptor wake, ControlHandler handler)
      : directory_(std::move(directory)),
        socket_(std::move(socket)),
        wake_(std::move(wake)),
        handler_(std::move(handler)),
        thread_([this] { accept_all(); }) {}

  void stop() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_.get(), &one, sizeof one));
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (Connection& connection : connections_) ::shutdown(connection.fd.get(), SHUT_RDWR);
    }
    for (Connection& connection : connections_) connection.thread.join();
    connections_.clear();
    ::unlink(control_path(directory_.get()).c_str());
  }

 private:
  struct Connection {
    Descriptor fd;
    std::thread thread;
    bool done = false;
  };

  void accept_all() {
    for (;;) {
      std::array<pollfd, 2> ready = {pollfd{wake_.get(), POLLIN, 0},
                                     pollfd{socket_.get(), POLLIN, 0}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
      if (ready[0].revents != 0) return;
      if (ready[1].revents == 0) continue;
      Descriptor fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fd.valid()) {
        begin(std::move(fd));
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));  // no descriptor: not a spin
      }
    }
  }

  void begin(Descriptor fd) {
    const std::lock_guard lock(mutex_);
    for (auto at = connections_.begin(); at != connections_.end();) {
      if (!at->done) {
        ++at;
        continue;
      }
      at->thread.join();
      at = connections_.erase(at);
    }
    if (connections_.size() >= kConnectionsMax || !is_own_user(fd.get())) return;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kStepLimit, sizeof kStepLimit);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kStepLimit, sizeof kStepLimit);
    Connection& connection = connections_.emplace_back();
    connection.fd = std::move(fd);
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }

  void serve(Connection& connection) {
    answer(connection.fd.get());
    ::shutdown(connection.fd.get(), SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    connection.done = true;
  }

  void answer(int fd) {
    LineReader reader(fd, kRequestBytesMax);
    const std::optional<std::string> request = reader.next();
    if (!request) return;
    const Status status = handler_(
        *request, [fd](std::string_view line) { return send_all(fd, line) && send_all(fd, "\n"); });
    const std::string end = status ? std::string(kEndOk)
                                   : fmt::format("{}\"error\",\"message\":\"{}\"}}", kEndMark,
                                                 json_escaped(status.error().message));
    static_cast<void>(send_all(fd, end + "\n"));
  }

  Descriptor directory_;
  Descriptor socket_;
  Descriptor wake_;
  ControlHandler handler_;
  std::mutex mutex_;
  std::list<Connection> connections_;
  std::thread thread_;
};

ControlServer::ControlServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}

ControlServer::~ControlServer() {
  stop();
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(const std::string& data_dir,
                                                           ControlHandler handler) {
  Result<Descriptor> directory = open_directory(data_dir);
  if (!directory) return directory.error();
  Result<Descriptor> socket = make_control_socket();
  if (!socket) return socket.error();
  const std::string path = control_path(directory->get());
  if (Status status = bind_socket(socket->get(), path, data_dir); !status) return status.error();
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) return failure(data_dir, "cannot be watched");
  return std::unique_ptr<ControlServer>(new ControlServer(std::make_unique<Core>(
      std::move(*directory), std::move(*socket), std::move(wake), std::move(handler))));
}

void ControlServer::stop() {
  core_->stop();
}

}  // namespace weir
