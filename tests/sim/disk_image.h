// DiskImage: what a simulated disk holds, what of it would survive the loss of power, and the crash
// itself.
//
// The content of a file is what a read returns now. Beside it stands, for each page written since
// the last sync, what the page held before; a crash chooses between the two, page by page or sector
// by sector. Names work likewise: each name made, renamed or removed since its directory was synced
// may be lost. After a failed sync a page may be lost at once, be safe all the same, or be in the
// worst state: read back well through the cache until the crash and gone after it, whatever is
// synced meanwhile.
//
// Files and contents that a test puts into `files` by hand are there for good.
//
// One thread. Copies are made by crash() alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace weir::sim {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kSectorBytes = 512;

struct SimFile {
  std::string content;
  // By page, what it held before it was written and not yet synced; shorter than a page where the
  // file ended there.
  std::map<std::uint64_t, std::string> unsynced = {};
  // The same of pages whose sync failed: a later sync does not help them, only writing them again.
  std::map<std::uint64_t, std::string> untrusted = {};
  std::optional<std::uint64_t> synced_size = std::nullopt;  // where it differs from the present one
};
using SimFilePtr = std::shared_ptr<SimFile>;

class DiskImage {
 public:
  DiskImage() = default;
  DiskImage(DiskImage&&) = default;
  DiskImage& operator=(DiskImage&&) = default;

  std::map<std::string, SimFilePtr> files;
  std::set<std::string> directories;
  std::uint64_t bytes_left = kUnlimited;  // then ENOSPC
  static constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

  // Contents. The counts are what happened; none may be 0 where the disk is full.
  std::uint64_t write(SimFile& file, std::span<const char> bytes, std::uint64_t offset);
  bool allocate(SimFile& file, std::uint64_t bytes);  // false: full, nothing changed
  void truncate(SimFile& file, std::uint64_t bytes);
  static void sync(SimFile& file);
  // Puts in what the disk holds where `bytes`, read from `offset`, come from a cache alone.
  static void uncache(const SimFile& file, std::span<char> bytes, std::uint64_t offset);
  static void fail_sync(SimFile& file, Random& random);

  // Names. `path` is there, or is not, as the operation needs.
  SimFilePtr create(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  void sync_directory(const std::string& directory);

  // What a new start would find. The image itself stays as it is.
  DiskImage crash(Random& random) const;
  // One bit of what is written turns over. Nothing when all files are empty.
  void rot(Random& random);
  std::uint64_t bytes_used() const;

 private:
  struct NameChange {
    enum class Kind : std::uint8_t { create, rename, remove } kind;
    std::string path;
    std::string path_to;
    SimFilePtr file;
    SimFilePtr replaced;  // by a rename
  };
  static void keep_before(SimFile& file, std::uint64_t begin, std::uint64_t end);
  std::vector<NameChange> unsynced_names_;
};

// "a/b" of "a/b/c"; empty where there is no slash.
std::string directory_of(const std::string& path);

}  // namespace weir::sim
