#include "core/log/segment_scan.h"

#include <algorithm>

namespace weir {

DiskError version_error(const std::string& path, std::uint32_t version) {
  return {0, path + " has log format version " + std::to_string(version) +
                 ", and this program knows only version " + std::to_string(kLogVersion) +
                 ": run the version of weir that wrote it"};
}

Result<SegmentScan::Opened, DiskError> SegmentScan::open(Disk& disk, const std::string& path,
                                                         Disk::Access access) {
  auto file = disk.open(path, access);
  if (!file.ok()) return file.error();
  file_ = std::move(*file);
  file_bytes_ = file_->size();
  AlignedMemory page(kPageBytes);
  const auto read = file_->read(page.span(), 0);
  if (!read.ok()) return read.error();
  Opened opened;
  opened.bytes = file_bytes_;
  std::uint32_t version = 0;
  switch (decode_segment_header(page.span().first(*read), opened.header, version)) {
    case SegmentHeaderError::none:
      break;
    case SegmentHeaderError::damaged:
      opened.header_damaged = true;
      opened.header.segment_id = 0;
      break;
    case SegmentHeaderError::version:
      return version_error(path, version);
  }
  window_.begin(opened.header.segment_id, kPageBytes);
  return opened;
}

Result<SegmentScan::Step, DiskError> SegmentScan::next() {
  for (;;) {
    const Step step = window_.next();
    if (step != Step::more) return step;
    if (window_.in_hole()) {
      // Over what was allocated and never written, in one step.
      const std::uint64_t data = file_->next_data(window_.filled_to()) / kPageBytes * kPageBytes;
      if (data > window_.filled_to()) window_.skip_to(data);
    }
    const RecordWindow::Fill fill = window_.fill(kReadBytes);
    const auto read = file_->read(fill.memory, fill.offset);
    if (!read.ok()) return read.error();
    window_.filled(*read, *read < fill.memory.size());
  }
}

}  // namespace weir
