// RejectsFile: keeps refused lines as they came, one a line, for people to look at. A thread of its
// own writes; what it cannot keep up with is counted and left out, since the pipeline never waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/result.h"

namespace weir {

class RejectsFile {
 public:
  // Appends to `path`; the error names it.
  static Result<std::unique_ptr<RejectsFile>> open(const std::string& path);
  ~RejectsFile();  // writes what is left
  RejectsFile(const RejectsFile&) = delete;
  RejectsFile& operator=(const RejectsFile&) = delete;

  void add(std::string_view line);
  // Lines that could not be kept: the writer was too slow or the disk refused.
  std::uint64_t lost() const;

 private:
  RejectsFile(int file, std::string path);
  void write_all();

  const int file_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::string waiting_;
  std::uint64_t waiting_lines_ = 0;
  std::uint64_t lost_ = 0;
  bool closing_ = false;
  std::thread writer_;
};

}  // namespace weir
