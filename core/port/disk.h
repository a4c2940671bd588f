// Disk: files and directories, synchronously. For start-up, recovery and tools, which may wait; a
// running stage uses its Port. io/disk implements it over the kernel, tests/sim over the simulated
// disk that SimPort shares.
//
// Threads: one at a time. Paths are as the kernel takes them. A symbolic link is never followed at
// the end of a path, and what is no regular file is refused: what lies in our directories is ours,
// and anything else there is an error to be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace weir {

// `code` is the errno; `message` names the operation and the path.
struct DiskError {
  int code = 0;
  std::string message;
};
using DiskStatus = Result<Done, DiskError>;

// One open file. Closed by its destruction.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  virtual std::uint64_t size() = 0;
  // Fills `bytes` from `offset` as far as the file goes; returns how many. What is read is what is
  // on the disk, not what a cache holds of it, as far as the file system lets us know. Fast where
  // memory, offset and length are multiples of kDirectBytes (core/port/port.h).
  virtual Result<std::size_t, DiskError> read(std::span<char> bytes, std::uint64_t offset) = 0;
  // From `offset` on, where data may lie; all before it is known to be zeros. `offset` itself where
  // the file system cannot tell; the size of the file where nothing follows.
  virtual std::uint64_t next_data(std::uint64_t offset) = 0;

  // For files opened to write.
  virtual DiskStatus write(std::span<const char> bytes, std::uint64_t offset) = 0;
  virtual DiskStatus truncate(std::uint64_t bytes) = 0;
  // As Port::sync().
  virtual DiskStatus sync() = 0;
};

// A lock that ends with the object or the process.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;

  enum class Access : std::uint8_t {
    read,
    read_write,  // the file is there
    create,      // made with mode 0600 where it is not
  };
  virtual Result<std::unique_ptr<DiskFile>, DiskError> open(const std::string& path,
                                                            Access access) = 0;

  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    enum class Kind : std::uint8_t { file, directory, other } kind = Kind::other;
  };
  // In the order of the names' bytes.
  virtual Result<std::vector<Entry>, DiskError> list(const std::string& directory) = 0;

  // The directory and those above it, with mode 0700, durable when it returns. Fine if there.
  virtual DiskStatus make_directories(const std::string& path) = 0;
  // Replaces `to`.
  virtual DiskStatus rename(const std::string& from, const std::string& to) = 0;
  virtual DiskStatus remove(const std::string& path) = 0;
  virtual DiskStatus sync_directory(const std::string& path) = 0;

  // The code is EWOULDBLOCK when another process holds it.
  virtual Result<std::unique_ptr<DiskLock>, DiskError> lock(const std::string& path) = 0;
  // Bytes that an unprivileged process may still take on the file system of `path`.
  virtual Result<std::uint64_t, DiskError> free_space(const std::string& path) = 0;
};

}  // namespace weir
