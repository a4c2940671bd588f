#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace weir::sim {
namespace {

DiskError failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

}  // namespace

class SimDiskFile final : public DiskFile {
 public:
  SimDiskFile(SimDisk& disk, SimFilePtr file, std::string path)
      : disk_(disk), file_(std::move(file)), path_(std::move(path)) {}

  std::uint64_t size() override { return file_->content.size(); }

  Result<std::size_t, DiskError> read(std::span<char> bytes, std::uint64_t offset) override {
    if (disk_.chance(disk_.world_.faults.read_error)) return failure(EIO, "read " + path_);
    const std::string& content = file_->content;
    if (offset >= content.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(bytes.size(), content.size() - offset);
    std::memcpy(bytes.data(), content.data() + offset, count);
    DiskImage::uncache(*file_, bytes.first(count), offset);
    if (disk_.chance(disk_.world_.faults.stale_read)) std::memset(bytes.data(), 0, count);
    disk_.bytes_read += count;
    return count;
  }

  std::uint64_t next_data(std::uint64_t offset) override {
    const std::size_t found = file_->content.find_first_not_of('\0', offset);
    if (found == std::string::npos) return file_->content.size();
    return found / kPageBytes * kPageBytes < offset ? offset : found / kPageBytes * kPageBytes;
  }

  DiskStatus write(std::span<const char> bytes, std::uint64_t offset) override {
    if (disk_.chance(disk_.world_.faults.write_error)) return failure(EIO, "write " + path_);
    const std::uint64_t count = disk_.world_.disk.write(*file_, bytes, offset);
    disk_.changed();
    if (count < bytes.size()) return failure(ENOSPC, "write " + path_);
    return Done{};
  }

  DiskStatus truncate(std::uint64_t bytes) override {
    disk_.world_.disk.truncate(*file_, bytes);
    disk_.changed();
    return Done{};
  }

  DiskStatus sync() override {
    if (disk_.chance(disk_.world_.faults.sync_error)) {
      DiskImage::fail_sync(*file_, disk_.world_.random);
      return failure(EIO, "sync " + path_);
    }
    DiskImage::sync(*file_);
    disk_.changed();
    return Done{};
  }

 private:
  SimDisk& disk_;
  SimFilePtr file_;
  std::string path_;
};

namespace {

class SimLock final : public DiskLock {
 public:
  SimLock(std::set<std::string>& locked, std::string path)
      : locked_(locked), path_(std::move(path)) {
    locked_.insert(path_);
  }
  ~SimLock() override { locked_.erase(path_); }

 private:
  std::set<std::string>& locked_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<DiskFile>, DiskError> SimDisk::open(const std::string& path, Access access) {
  const auto found = world_.files.find(path);
  if (found != world_.files.end()) {
    return std::unique_ptr<DiskFile>(std::make_unique<SimDiskFile>(*this, found->second, path));
  }
  if (access != Access::create) return failure(ENOENT, "open " + path);
  if (world_.unwritable.contains(path)) return failure(EACCES, "open " + path);
  SimFilePtr file = world_.disk.create(path);
  changed();
  return std::unique_ptr<DiskFile>(std::make_unique<SimDiskFile>(*this, std::move(file), path));
}

Result<std::vector<Disk::Entry>, DiskError> SimDisk::list(const std::string& directory) {
  std::vector<Entry> entries;
  bool there = world_.disk.directories.contains(directory);
  for (const auto& [path, file] : world_.files) {
    if (directory_of(path) != directory) continue;
    there = true;
    entries.push_back({.name = path.substr(directory.size() + 1),
                       .size = file->content.size(),
                       .kind = Entry::Kind::file});
  }
  for (const std::string& path : world_.disk.directories) {
    if (path == directory || directory_of(path) != directory) continue;
    there = true;
    entries.push_back(
        {.name = path.substr(directory.size() + 1), .size = 0, .kind = Entry::Kind::directory});
  }
  if (!there) return failure(ENOENT, "list " + directory);
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

DiskStatus SimDisk::make_directories(const std::string& path) {
  for (std::string part = path; !part.empty(); part = directory_of(part)) {
    world_.disk.directories.insert(part);
  }
  return Done{};
}

DiskStatus SimDisk::rename(const std::string& from, const std::string& to) {
  if (!world_.files.contains(from)) return failure(ENOENT, "rename " + from);
  world_.disk.rename(from, to);
  changed();
  return Done{};
}

DiskStatus SimDisk::remove(const std::string& path) {
  if (!world_.files.contains(path)) return failure(ENOENT, "remove " + path);
  world_.disk.remove(path);
  changed();
  return Done{};
}

DiskStatus SimDisk::sync_directory(const std::string& path) {
  if (chance(world_.faults.sync_error)) return failure(EIO, "sync " + path);
  world_.disk.sync_directory(path);
  changed();
  return Done{};
}

Result<std::unique_ptr<DiskLock>, DiskError> SimDisk::lock(const std::string& path) {
  if (locked_.contains(path)) return failure(EWOULDBLOCK, "lock " + path);
  return std::unique_ptr<DiskLock>(std::make_unique<SimLock>(locked_, path));
}

Result<std::uint64_t, DiskError> SimDisk::free_space(const std::string& /*path*/) {
  return world_.disk.bytes_left;
}

}  // namespace weir::sim
