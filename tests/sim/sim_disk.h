// SimDisk: the synchronous Disk over the files of a World, for recovery and tools under test. It
// sees and makes the same files as SimPort, with the same faults; nothing of it takes time.
//
// One thread. It must go before its World. A lock is lost with the World, as with a process.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/port/disk.h"
#include "tests/sim/sim_port.h"

namespace weir::sim {

class SimDisk final : public Disk {
 public:
  explicit SimDisk(World& world) : world_(world) {}

  Result<std::unique_ptr<DiskFile>, DiskError> open(const std::string& path,
                                                    Access access) override;
  Result<std::vector<Entry>, DiskError> list(const std::string& directory) override;
  DiskStatus make_directories(const std::string& path) override;
  DiskStatus rename(const std::string& from, const std::string& to) override;
  DiskStatus remove(const std::string& path) override;
  DiskStatus sync_directory(const std::string& path) override;
  Result<std::unique_ptr<DiskLock>, DiskError> lock(const std::string& path) override;
  Result<std::uint64_t, DiskError> free_space(const std::string& path) override;

  // For tests: bytes that reads have brought.
  std::uint64_t bytes_read = 0;

 private:
  friend class SimDiskFile;
  void changed() {
    if (world_.on_disk_effect) world_.on_disk_effect();
  }
  bool chance(double p) { return p > 0 && world_.random.uniform() < p; }

  World& world_;
  std::set<std::string> locked_;
};

}  // namespace weir::sim
