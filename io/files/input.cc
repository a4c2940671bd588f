#include "io/files/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "core/base/check.h"

namespace weir {

StopLine::StopLine() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  WEIR_CHECK(event_ >= 0);
}

StopLine::~StopLine() {
  ::close(event_);
}

void StopLine::pull() {
  flag_.raise();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_, &one, sizeof(one));
}

bool StopLine::wait_ms(int milliseconds) const {
  pollfd wanted{event_, POLLIN, 0};
  ::poll(&wanted, 1, milliseconds);
  return pulled();
}

namespace {

FileLook look_from(const struct statx& status) {
  FileLook look;
  look.id.device = std::uint64_t{status.stx_dev_major} << 32U | status.stx_dev_minor;
  look.id.inode = status.stx_ino;
  if ((status.stx_mask & STATX_BTIME) != 0) {
    look.id.birth_ns = status.stx_btime.tv_sec * 1'000'000'000 + status.stx_btime.tv_nsec;
  }
  look.size = status.stx_size;
  return look;
}

}  // namespace

std::optional<FileLook> look_at_file(const std::string& path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &status) != 0 ||
      !S_ISREG(status.stx_mode)) {
    return std::nullopt;
  }
  return look_from(status);
}

Error read_fault(const std::string& label, const std::string& what) {
  return {"cannot read " + label + ": " + what};
}

Error read_fault(const std::string& label, int error) {
  switch (error) {
    case ENOENT:
      return read_fault(label, "there is no such file");
    case EACCES:
    case EPERM:
      return read_fault(label, "no right to read it. Allow this user to (chmod, chown, setfacl)");
    case EISDIR:
      return read_fault(label,
                        "it is a directory. Name its files, for example " + label + "/*.json");
    case EMFILE:
      return read_fault(label,
                        "the process is out of descriptors. Raise the limit: ulimit -n 65536");
    case ENXIO:
      return read_fault(label, "it is a socket, not a file");
    default:
      return read_fault(label, std::generic_category().message(error));
  }
}

Result<Input> Input::open(const std::string& path) {
  const bool standard = path == kStandardInput;
  // Non-blocking, so that a named pipe without a writer does not hang here; read() waits instead.
  const int descriptor =
      standard ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return read_fault(path, errno);
  Input input(descriptor, !standard, standard ? "standard input" : path);
  struct statx status {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) {
    return read_fault(input.label_, errno);
  }
  if (S_ISDIR(status.stx_mode)) return read_fault(input.label_, EISDIR);
  input.regular_ = S_ISREG(status.stx_mode);
  input.id_ = look_from(status).id;
  if (input.regular_) posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return input;
}

Input::~Input() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

bool Input::ready() const {
  if (regular_) return true;
  pollfd wanted{descriptor_, POLLIN, 0};
  return ::poll(&wanted, 1, 0) > 0;
}

std::int64_t Input::read(std::span<char> into, const StopLine& stop) const {
  for (;;) {
    if (stop.pulled()) return -ECANCELED;
    if (!regular_) {
      std::array<pollfd, 2> wanted{{{descriptor_, POLLIN, 0}, {stop.descriptor(), POLLIN, 0}}};
      if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return -errno;
      if (wanted[0].revents == 0) continue;
    }
    const ssize_t count = ::read(descriptor_, into.data(), into.size());
    if (count >= 0) return count;
    if (errno != EINTR && errno != EAGAIN) return -errno;
  }
}

std::uint64_t Input::size() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || status.st_size < 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

bool Input::linked() const {
  struct stat status {};
  return fstat(descriptor_, &status) == 0 && status.st_nlink > 0;
}

void Input::rewind() const {
  ::lseek(descriptor_, 0, SEEK_SET);
}

void Input::pass_over(std::uint64_t bytes) const {
  ::lseek(descriptor_, static_cast<off_t>(bytes), SEEK_CUR);
}

std::uint64_t Input::position() const {
  const off_t at = ::lseek(descriptor_, 0, SEEK_CUR);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

std::size_t Input::read_at(std::span<char> into, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::pread(descriptor_, into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace weir
