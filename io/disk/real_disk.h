// RealDisk: Disk (core/port/disk.h) over the kernel. Stateless; errors name the operation and the
// path. Used on the control thread and in tools: every call may wait for the disk.
#pragma once

#include "core/port/disk.h"

namespace weir {

class RealDisk final : public Disk {
 public:
  Result<std::unique_ptr<DiskFile>, DiskError> open(const std::string& path,
                                                    Access access) override;
  Result<std::vector<Entry>, DiskError> list(const std::string& directory) override;
  DiskStatus make_directories(const std::string& path) override;
  DiskStatus rename(const std::string& from, const std::string& to) override;
  DiskStatus remove(const std::string& path) override;
  DiskStatus sync_directory(const std::string& path) override;
  Result<std::unique_ptr<DiskLock>, DiskError> lock(const std::string& path) override;
  Result<std::uint64_t, DiskError> free_space(const std::string& path) override;
};

}  // namespace weir
