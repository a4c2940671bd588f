// SegmentScan: reads one segment from a Disk, record by record, synchronously. For recovery and
// tools.
#pragma once

#include <memory>
#include <string>

#include "core/log/record_window.h"
#include "core/log/segment.h"
#include "core/port/disk.h"

namespace weir {

class SegmentScan {
 public:
  explicit SegmentScan(std::size_t window_bytes = kWindowBytes, const DecodeOptions& options = {})
      : window_(window_bytes, options) {}

  // Opens the file and reads its header. `header_damaged` tells that the header is none; the
  // records can be read all the same.
  struct Opened {
    SegmentHeader header;
    bool header_damaged = false;
    std::uint64_t bytes = 0;
  };
  Result<Opened, DiskError> open(Disk& disk, const std::string& path,
                                 Disk::Access access = Disk::Access::read);

  using Step = RecordWindow::Step;
  // record, hole or end.
  Result<Step, DiskError> next();
  const RecordView& record() const { return window_.record(); }
  std::uint64_t record_offset() const { return window_.record_offset(); }
  const RecordWindow::Hole& hole() const { return window_.hole(); }
  std::uint64_t segment_id() const { return window_.segment_id(); }
  DiskFile& file() { return *file_; }
  // Reads on from here, which is a record or any page.
  void seek(std::uint64_t offset) { window_.begin(window_.segment_id(), offset); }

 private:
  static constexpr std::size_t kWindowBytes = 8 * kMiB;
  static constexpr std::size_t kReadBytes = 2 * kMiB;

  RecordWindow window_;
  std::unique_ptr<DiskFile> file_;
  std::uint64_t file_bytes_ = 0;
};

// What of a format this program does not know is refused with; `code` is 0.
DiskError version_error(const std::string& path, std::uint32_t version);

}  // namespace weir
