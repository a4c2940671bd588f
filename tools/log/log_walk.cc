#include "tools/log/log_walk.h"

#include <cerrno>

namespace weir {
namespace {

struct SegmentFile {
  std::string name;
  std::uint64_t first = 0;
};

class BusWalk {
 public:
  BusWalk(Disk& disk, const LogWalk& walk, const LogVisitor& visitor, std::string folder)
      : disk_(disk), walk_(walk), visitor_(visitor), folder_(std::move(folder)) {}

  // False: the visitor has had enough.
  Result<bool, Error> run() {
    const std::string directory = join_path(join_path(walk_.data_dir, "buses"), folder_);
    const auto entries = disk_.list(directory);
    if (!entries) return Error{entries.error().message};
    std::vector<SegmentFile> files;
    for (const Disk::Entry& entry : *entries) {
      if (const auto first = parse_segment_name(entry.name)) files.push_back({entry.name, *first});
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
      const bool is_last = i + 1 == files.size();
      const std::uint64_t end = is_last ? UINT64_MAX : files[i + 1].first;
      if (end <= walk_.from) continue;
      const Result<bool, Error> more = segment(directory, files[i], end);
      if (!more || !*more) return more;
    }
    return true;
  }

 private:
  // `end`: blocks from there on stand in the next file.
  Result<bool, Error> segment(const std::string& directory, const SegmentFile& file,
                              std::uint64_t end) {
    SegmentScan scan;
    const auto opened = scan.open(disk_, join_path(directory, file.name));
    // Retention may have been faster.
    if (!opened && opened.error().code == ENOENT) return true;
    if (!opened) return Error{opened.error().message};
    LogSegment segment{.bus = opened->header_damaged ? folder_ : opened->header.bus,
                       .path = join_path(join_path("buses", folder_), file.name),
                       .first = file.first,
                       .next = file.first,
                       .bytes = opened->bytes,
                       .created_ns = opened->header.created_ns,
                       .header_damaged = opened->header_damaged};
    if (!walk_.bus.empty() && segment.bus != walk_.bus) return true;
    bool more = true;
    while (more) {
      const auto step = scan.next();
      if (!step) return Error{step.error().message};
      if (*step == SegmentScan::Step::end) break;
      if (*step == SegmentScan::Step::record) more = record(scan.record(), end, segment);
    }
    if (more && end != UINT64_MAX) gap_before(end, segment);
    visitor_.segment(segment);
    return more;
  }

  bool record(const RecordView& record, std::uint64_t end, LogSegment& segment) {
    const std::uint64_t sequence = record.header.sequence;
    if (record.header.kind != RecordKind::block || sequence < segment.next || sequence >= end) {
      return true;
    }
    gap_before(sequence, segment);
    segment.next = sequence + 1;
    ++segment.records;
    segment.events += record.header.events;
    return sequence < walk_.from || visitor_.record(segment.bus, record);
  }

  void gap_before(std::uint64_t sequence, LogSegment& segment) {
    if (sequence > segment.next && sequence > walk_.from) {
      visitor_.gap(
          {.bus = segment.bus, .path = segment.path, .from = segment.next, .to = sequence});
    }
    segment.next = sequence;
  }

  Disk& disk_;
  const LogWalk& walk_;
  const LogVisitor& visitor_;
  const std::string folder_;
};

}  // namespace

Status walk_logs(Disk& disk, const LogWalk& walk, const LogVisitor& visitor) {
  const auto folders = disk.list(join_path(walk.data_dir, "buses"));
  if (!folders) return Error{folders.error().message};
  for (const Disk::Entry& folder : *folders) {
    if (folder.kind != Disk::Entry::Kind::directory) continue;
    const Result<bool, Error> more = BusWalk(disk, walk, visitor, folder.name).run();
    if (!more) return more.error();
    if (!*more) break;
  }
  return Done{};
}

}  // namespace weir
