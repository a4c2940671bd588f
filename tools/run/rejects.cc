#include "tools/run/rejects.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/run/output_file.h"

namespace weir {
namespace {

constexpr std::size_t kWaitingBytesMax = 8UL * 1024 * 1024;

bool write_whole(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<RejectsFile>> RejectsFile::open(const std::string& path) {
  if (Status status = prepare_output_file(path); !status) return status.error();
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) {
    return Error{fmt::format("cannot write the rejects file {}: {}", path, std::strerror(errno))};
  }
  return std::unique_ptr<RejectsFile>(new RejectsFile(file, path));
}

RejectsFile::RejectsFile(int file, std::string path)
    : file_(file), path_(std::move(path)), writer_([this] { write_all(); }) {}

RejectsFile::~RejectsFile() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  news_.notify_one();
  writer_.join();
  ::close(file_);
}

void RejectsFile::add(std::string_view line) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() + 1 > kWaitingBytesMax) {
      ++lost_;
      return;
    }
    waiting_.append(line).push_back('\n');
    ++waiting_lines_;
  }
  news_.notify_one();
}

std::uint64_t RejectsFile::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void RejectsFile::write_all() {
  std::unique_lock lock(mutex_);
  while (true) {
    news_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::string bytes = std::exchange(waiting_, {});
    const std::uint64_t lines = std::exchange(waiting_lines_, 0);
    lock.unlock();
    const bool written = write_whole(file_, bytes);
    lock.lock();
    if (!written) lost_ += lines;
  }
}

}  // namespace weir
