#include "io/disk/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/port/port.h"
#include "io/descriptor/descriptor.h"

namespace weir {
namespace {

DiskError error_of(const char* what, const std::string& path, int code) {
  return {code, std::string("cannot ") + what + " " + path + ": " + error_text(-code)};
}
DiskError last_error(const char* what, const std::string& path) {
  return error_of(what, path, errno);
}

template <typename Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool whole_pages(std::span<const char> bytes, std::uint64_t offset) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectBytes == 0 &&
         bytes.size() % kDirectBytes == 0 && offset % kDirectBytes == 0;
}

class RealFile final : public DiskFile {
 public:
  RealFile(std::string path, Descriptor plain, Descriptor direct)
      : path_(std::move(path)), plain_(std::move(plain)), direct_(std::move(direct)) {}

  std::uint64_t size() override {
    struct stat status {};
    return ::fstat(plain_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

  Result<std::size_t, DiskError> read(std::span<char> bytes, std::uint64_t offset) override {
    std::size_t done = 0;
    if (direct_.valid() && whole_pages(bytes, offset)) {
      auto part = read_by(direct_.get(), bytes, offset, done);
      // A file system may take the flag at open and refuse it here; the plain way is left.
      if (part && (*part == 0 || done == bytes.size())) return done;
    }
    ::posix_fadvise(plain_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes.size()),
                    POSIX_FADV_DONTNEED);
    for (;;) {
      auto part = read_by(plain_.get(), bytes, offset, done);
      if (!part) return part.error();
      if (*part == 0 || done == bytes.size()) return done;
    }
  }

  std::uint64_t next_data(std::uint64_t offset) override {
    const off_t found = ::lseek(plain_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return static_cast<std::uint64_t>(found);
    return errno == ENXIO ? std::max(size(), offset) : offset;
  }

  DiskStatus write(std::span<const char> bytes, std::uint64_t offset) override {
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted([&] {
        return ::pwrite(plain_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (count < 0) return last_error("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return Done{};
  }

  DiskStatus truncate(std::uint64_t bytes) override {
    if (uninterrupted([&] { return ::ftruncate(plain_.get(), static_cast<off_t>(bytes)); }) < 0) {
      return last_error("cut", path_);
    }
    return Done{};
  }

  DiskStatus sync() override {
    if (::fdatasync(plain_.get()) < 0) return last_error("sync", path_);
    return Done{};
  }

 private:
  // One read behind what is `done`; returns its length.
  Result<std::size_t, DiskError> read_by(int fd, std::span<char> bytes, std::uint64_t offset,
                                         std::size_t& done) {
    const std::span<char> rest = bytes.subspan(done);
    const ssize_t count = uninterrupted(
        [&] { return ::pread(fd, rest.data(), rest.size(), static_cast<off_t>(offset + done)); });
    if (count < 0) return last_error("read", path_);
    done += static_cast<std::size_t>(count);
    return static_cast<std::size_t>(count);
  }

  const std::string path_;
  const Descriptor plain_;
  const Descriptor direct_;  // for reads; closed where the file system has no such thing
};

class RealLock final : public DiskLock {
 public:
  explicit RealLock(Descriptor file) : file_(std::move(file)) {}

 private:
  const Descriptor file_;
};

int flags_of(Disk::Access access) {
  // O_NONBLOCK: a pipe put in place of a file must not hold us up before it is refused.
  constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  switch (access) {
    case Disk::Access::read:
      return kAlways | O_RDONLY;
    case Disk::Access::read_write:
      return kAlways | O_RDWR;
    case Disk::Access::create:
      return kAlways | O_RDWR | O_CREAT;
  }
  return kAlways | O_RDONLY;
}

Result<Descriptor, DiskError> open_regular(const std::string& path, int flags) {
  Descriptor file(uninterrupted([&] { return ::open(path.c_str(), flags, 0600); }));
  if (!file.valid()) return last_error("open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return last_error("look at", path);
  if (!S_ISREG(status.st_mode)) {
    return DiskError{EINVAL, path + " is no regular file; what lies in a data directory must be"};
  }
  return file;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<DiskFile>, DiskError> RealDisk::open(const std::string& path,
                                                            Access access) {
  auto file = open_regular(path, flags_of(access));
  if (!file) return file.error();
  Descriptor direct(::open(path.c_str(), flags_of(Access::read) | O_DIRECT));
  return std::unique_ptr<DiskFile>(
      std::make_unique<RealFile>(path, std::move(file).value(), std::move(direct)));
}

Result<std::vector<Disk::Entry>, DiskError> RealDisk::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (open == nullptr) return last_error("list", directory);
  std::vector<Entry> entries;
  for (errno = 0; const dirent* found = ::readdir(open.get()); errno = 0) {
    Entry entry{.name = found->d_name};
    if (entry.name == "." || entry.name == "..") continue;
    struct stat status {};
    if (::fstatat(::dirfd(open.get()), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // gone in the meantime
      return last_error("look at", directory + "/" + entry.name);
    }
    entry.size = static_cast<std::uint64_t>(status.st_size);
    if (S_ISREG(status.st_mode)) entry.kind = Entry::Kind::file;
    if (S_ISDIR(status.st_mode)) entry.kind = Entry::Kind::directory;
    entries.push_back(std::move(entry));
  }
  if (errno != 0) return last_error("list", directory);
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

DiskStatus RealDisk::make_directories(const std::string& path) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (part.empty() || part.ends_with('/')) continue;
    if (::mkdir(part.c_str(), 0700) == 0) {
      if (DiskStatus status = sync_directory(parent_of(part)); !status) return status;
    } else if (errno != EEXIST) {
      return last_error("make the directory", part);
    }
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return last_error("look at", path);
  if (!S_ISDIR(status.st_mode)) return error_of("use as a directory", path, ENOTDIR);
  return Done{};
}

DiskStatus RealDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return last_error("rename", from);
  return Done{};
}

DiskStatus RealDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return last_error("remove", path);
  return Done{};
}

DiskStatus RealDisk::sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return last_error("open", path);
  // Not every file system knows how to sync a directory; those have nothing to sync.
  if (::fsync(directory.get()) != 0 && errno != EINVAL) return last_error("sync", path);
  return Done{};
}

Result<std::unique_ptr<DiskLock>, DiskError> RealDisk::lock(const std::string& path) {
  auto file = open_regular(path, flags_of(Access::create));
  if (!file) return file.error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) return last_error("lock", path);
  return std::unique_ptr<DiskLock>(std::make_unique<RealLock>(std::move(file).value()));
}

Result<std::uint64_t, DiskError> RealDisk::free_space(const std::string& path) {
  struct statvfs status {};
  if (uninterrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0) {
    return last_error("look at the space of", path);
  }
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace weir
