// The file operations of SimPort.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "tests/sim/sim_port.h"

namespace weir::sim {

void SimPort::open(const std::string& path, OpenMode mode, Token token) {
  submit({.kind = Kind::open, .token = token, .path = path, .mode = mode});
}

std::uint64_t SimPort::file_size(Handle handle) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.file);
  return slot.file->content.size();
}

void SimPort::check_direct(const World::Slot& slot, std::span<const char> bytes,
                           std::uint64_t offset) {
  WEIR_CHECK(slot.open && slot.file && !bytes.empty());
  if (!slot.mode.direct) return;
  WEIR_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectBytes == 0);
  WEIR_CHECK(bytes.size() % kDirectBytes == 0 && offset % kDirectBytes == 0);
}

void SimPort::write(Handle handle, std::span<const char> bytes, std::uint64_t offset, Token token) {
  check_direct(world_.slot(handle), bytes, offset);
  WEIR_CHECK(world_.slot(handle).mode.kind != OpenMode::Kind::read_only);
  submit({.kind = Kind::write,
          .token = token,
          .handle = handle,
          .bytes = bytes,
          .copy = std::string(bytes.data(), bytes.size()),
          .offset = offset});
}

void SimPort::read(Handle handle, std::span<char> bytes, std::uint64_t offset, Token token) {
  check_direct(world_.slot(handle), bytes, offset);
  submit({.kind = Kind::read, .token = token, .handle = handle, .memory = bytes, .offset = offset});
}

void SimPort::sync(Handle handle, Token token) {
  WEIR_CHECK(world_.slot(handle).open && world_.slot(handle).file);
  submit({.kind = Kind::sync, .token = token, .handle = handle});
}

void SimPort::sync_directory(Handle handle, Token token) {
  const World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.mode.kind == OpenMode::Kind::directory);
  submit({.kind = Kind::sync_directory, .token = token, .handle = handle});
}

void SimPort::allocate(Handle handle, std::uint64_t bytes, Token token) {
  WEIR_CHECK(world_.slot(handle).open && world_.slot(handle).file);
  submit({.kind = Kind::allocate, .token = token, .handle = handle, .offset = bytes});
}

void SimPort::truncate(Handle handle, std::uint64_t bytes, Token token) {
  WEIR_CHECK(world_.slot(handle).open && world_.slot(handle).file);
  submit({.kind = Kind::truncate, .token = token, .handle = handle, .offset = bytes});
}

void SimPort::rename(const std::string& from, const std::string& to, Token token) {
  submit({.kind = Kind::rename, .token = token, .path = from, .path_to = to});
}

void SimPort::remove(const std::string& path, Token token) {
  submit({.kind = Kind::remove, .token = token, .path = path});
}

std::int64_t SimPort::do_file(const Operation& operation) {
  switch (operation.kind) {
    case Kind::open:
      return do_open(operation);
    case Kind::write:
      WEIR_CHECK(
          std::memcmp(operation.bytes.data(), operation.copy.data(), operation.copy.size()) == 0);
      return do_write(operation);
    case Kind::read:
      return do_read(operation);
    case Kind::sync:
      return do_sync(operation);
    case Kind::sync_directory:
      if (world_.chance(world_.faults.sync_error)) return -EIO;
      world_.disk.sync_directory(world_.slot(operation.handle).name);
      return 0;
    case Kind::allocate:
      return do_allocate(operation);
    case Kind::truncate:
      world_.disk.truncate(*world_.slot(operation.handle).file, operation.offset);
      return 0;
    case Kind::rename:
      return do_rename(operation);
    case Kind::remove:
      return do_remove(operation);
    default:
      return -ENOSYS;
  }
}

std::int64_t SimPort::do_open(const Operation& operation) {
  const std::string& path = operation.path;
  World::Slot slot{.kind = World::Slot::Kind::file};
  slot.name = path;
  slot.mode = operation.mode;
  const bool writes = operation.mode.kind == OpenMode::Kind::append ||
                      operation.mode.kind == OpenMode::Kind::truncate ||
                      operation.mode.kind == OpenMode::Kind::create_new;
  if (writes && world_.unwritable.contains(path)) return -EACCES;
  if (world_.chance(world_.faults.open_error)) return -EACCES;
  if (operation.mode.direct && world_.direct_refused) return -EINVAL;
  if (operation.mode.kind == OpenMode::Kind::directory) return world_.add(std::move(slot)).value;
  const auto found = world_.files.find(path);
  const bool there = found != world_.files.end();
  if (there && operation.mode.kind == OpenMode::Kind::create_new) return -EEXIST;
  if (!there && operation.mode.kind == OpenMode::Kind::read_only) return -ENOENT;
  slot.file = there ? found->second : world_.disk.create(path);
  if (operation.mode.kind == OpenMode::Kind::truncate) world_.disk.truncate(*slot.file, 0);
  return world_.add(std::move(slot)).value;
}

std::int64_t SimPort::do_write(const Operation& operation) {
  World::Slot& slot = world_.slot(operation.handle);
  if (world_.chance(world_.faults.write_error)) return -EIO;
  std::uint64_t count =
      cut(operation.bytes.size(), world_.faults.short_write, world_.faults.write_bytes_max);
  std::uint64_t at = operation.offset == kAtPosition ? slot.file->content.size() : operation.offset;
  if (world_.chance(world_.faults.misdirected_write)) {
    const std::uint64_t pages = slot.file->content.size() / kPageBytes;
    const std::uint64_t elsewhere = pages == 0 ? 0 : world_.random.below(pages) * kPageBytes;
    if (elsewhere + count > slot.file->content.size()) return static_cast<std::int64_t>(count);
    at = elsewhere;
  }
  count = world_.disk.write(*slot.file, operation.bytes.first(count), at);
  return count == 0 ? -ENOSPC : static_cast<std::int64_t>(count);
}

std::int64_t SimPort::do_read(const Operation& operation) {
  const World::Slot& slot = world_.slot(operation.handle);
  if (world_.chance(world_.faults.read_error)) return -EIO;
  const std::string& content = slot.file->content;
  if (operation.offset >= content.size()) return 0;
  std::uint64_t count =
      std::min<std::uint64_t>(operation.memory.size(), content.size() - operation.offset);
  if (count > kDirectBytes && world_.chance(world_.faults.short_read)) {
    count = (1 + world_.random.below(count / kDirectBytes)) * kDirectBytes;
  }
  std::memcpy(operation.memory.data(), content.data() + operation.offset, count);
  if (slot.mode.direct) {
    DiskImage::uncache(*slot.file, operation.memory.first(count), operation.offset);
  }
  if (world_.chance(world_.faults.stale_read)) std::memset(operation.memory.data(), 0, count);
  return static_cast<std::int64_t>(count);
}

std::int64_t SimPort::do_sync(const Operation& operation) {
  SimFile& file = *world_.slot(operation.handle).file;
  if (world_.chance(world_.faults.sync_error)) {
    DiskImage::fail_sync(file, world_.random);
    return -EIO;
  }
  DiskImage::sync(file);
  return 0;
}

std::int64_t SimPort::do_allocate(const Operation& operation) {
  if (world_.chance(world_.faults.allocate_error)) return -EIO;
  const bool done = world_.disk.allocate(*world_.slot(operation.handle).file, operation.offset);
  return done ? 0 : -ENOSPC;
}

std::int64_t SimPort::do_rename(const Operation& operation) {
  if (!world_.files.contains(operation.path)) return -ENOENT;
  if (world_.unwritable.contains(operation.path_to)) return -EACCES;
  if (world_.files.contains(operation.path_to)) return -EEXIST;
  world_.disk.rename(operation.path, operation.path_to);
  return 0;
}

std::int64_t SimPort::do_remove(const Operation& operation) {
  if (!world_.files.contains(operation.path)) return -ENOENT;
  world_.disk.remove(operation.path);
  return 0;
}

}  // namespace weir::sim
