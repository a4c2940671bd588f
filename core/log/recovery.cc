#include "core/log/recovery.h"

#include <algorithm>
#include <cerrno>

#include "core/log/mark_table.h"
#include "core/log/segment_scan.h"

namespace weir {
namespace {

constexpr std::string_view kAsideSuffix = ".aside";

// Blocks that are not where they should be, and what was read behind them.
struct Gap {
  std::uint64_t from = 0;  // blocks [from, to); equal: nothing but a checkpoint
  std::uint64_t to = 0;
  std::uint64_t begin = 0;  // bytes of the file
  std::uint64_t end = 0;
  RecordError error = RecordError::none;
};

// What stands between two gaps: accepted or not as a whole.
struct Stretch {
  std::uint64_t next = 0;        // behind its last block
  std::uint64_t end_offset = 0;  // behind its last record
  std::vector<LoggedMark> marks;
};

// One segment, read from its start.
struct SegmentTale {
  std::uint64_t segment_id = 0;
  bool checkpoint = false;  // its first record is one: it knows all marks before it
  std::uint64_t records = 0;
  std::uint64_t durable = 0;  // all blocks below were durable, as its records say
  std::vector<Stretch> stretches{1};
  std::vector<Gap> gaps;  // gap i lies before stretch i + 1
  std::uint64_t bytes = 0;
  bool blank_tail = true;  // nothing was written behind the last record
};

std::vector<LoggedMark> marks_of(const RecordView& record) {
  std::vector<LoggedMark> marks;
  SourceImage source;
  for (std::size_t i = 0; i < record.header.file_marks; ++i) {
    const auto mark = RecordView::at<FileMark>(record.file_marks, i);
    std::size_t index = mark.span;
    if (record.header.kind == RecordKind::block) {
      index = RecordView::at<SpanImage>(record.spans, mark.span).source;
    }
    if (!decode_source(record.source_images[index], source)) continue;
    marks.push_back({std::string(source.name), mark});
  }
  return marks;
}

// How many gaps lie before the end of the log: the first whose blocks were not all durable ends it.
// A gap that misses no block is a checkpoint, lost with what was first written.
std::size_t gaps_within(const SegmentTale& tale, std::uint64_t durable) {
  std::size_t count = 0;
  while (count < tale.gaps.size() &&
         (tale.gaps[count].to <= durable || tale.gaps[count].from == tale.gaps[count].to)) {
    ++count;
  }
  return count;
}

class Recovery {
 public:
  Recovery(Disk& disk, const RecoveryOptions& options)
      : disk_(disk), options_(options), scan_(kWindowBytes, options.decode) {}
  Result<RecoveredLog, Error> run();

 private:
  static constexpr std::size_t kWindowBytes = 8 * kMiB;
  std::string path(std::string_view name) const { return join_path(options_.directory, name); }
  DiskStatus collect();
  DiskStatus take_file(const Disk::Entry& entry, std::uint64_t first);
  DiskStatus set_aside(const std::string& name, const std::string& why);
  DiskStatus read_tail();
  DiskStatus read_marks(bool complete);
  Result<SegmentTale, DiskError> read_segment(const SegmentInfo& segment, Disk::Access access);
  void take_record(const RecordView& record, const RecordWindow::Hole& hole, SegmentTale& tale);
  void damaged_header(std::uint64_t first);
  DiskStatus restore_header(const SegmentInfo& segment);
  DiskStatus fill(const Gap& gap);
  DiskStatus drop_empty(std::uint64_t first);
  DiskStatus end_log(const SegmentInfo& segment, SegmentTale& tale);
  void damaged(LogDamage damage) { log_.damage.push_back(std::move(damage)); }

  Disk& disk_;
  const RecoveryOptions& options_;
  SegmentScan scan_;
  RecoveredLog log_;
  std::uint64_t durable_ = 0;  // known by whatever means
  MarkTable marks_;
  bool names_changed_ = false;
};

DiskStatus Recovery::set_aside(const std::string& name, const std::string& why) {
  damaged({.file = name, .what = why + "; it is not read"});
  if (!options_.repair) return Done{};
  names_changed_ = true;
  return disk_.rename(path(name), path(name + std::string(kAsideSuffix)));
}

DiskStatus Recovery::take_file(const Disk::Entry& entry, std::uint64_t first) {
  if (entry.kind != Disk::Entry::Kind::file) {
    damaged({.file = entry.name, .what = "no regular file; it is not read"});
    return Done{};
  }
  const auto opened = scan_.open(disk_, path(entry.name));
  if (!opened.ok()) return opened.error();
  const SegmentHeader& header = opened->header;
  if (opened->header_damaged) {
    // Told later, when it is clear whether it had ever been safe; until then its id is 0.
  } else if (header.bus != options_.bus) {
    return set_aside(entry.name, "it belongs to the bus " + header.bus);
  } else if (header.first_sequence != first) {
    return set_aside(entry.name, "it is a copy of " + segment_name(header.first_sequence));
  }
  log_.segments.push_back({.first_sequence = first,
                           .segment_id = header.segment_id,
                           .bytes = opened->bytes,
                           .created_ns = header.created_ns});
  return Done{};
}

DiskStatus Recovery::collect() {
  if (options_.repair) {
    if (DiskStatus made = disk_.make_directories(options_.directory); !made.ok()) return made;
  }
  const auto entries = disk_.list(options_.directory);
  if (!entries.ok()) {
    if (entries.error().code == ENOENT && !options_.repair) return Done{};
    return entries.error();
  }
  for (const Disk::Entry& entry : *entries) {
    DiskStatus status = Done{};
    if (entry.name == kSpareName && options_.repair) {
      status = disk_.remove(path(entry.name));
      names_changed_ = true;
    } else if (const auto first = parse_segment_name(entry.name)) {
      status = take_file(entry, *first);
    }
    if (!status.ok()) return status;
  }
  return Done{};
}

void Recovery::take_record(const RecordView& record, const RecordWindow::Hole& hole,
                           SegmentTale& tale) {
  const RecordHeader& header = record.header;
  const bool block = header.kind == RecordKind::block;
  Stretch* stretch = &tale.stretches.back();
  tale.durable = std::max(tale.durable, header.durable_below);
  if (block && header.sequence < stretch->next) return;  // an old one of this place: not possible
  const bool gap = hole.begin != hole.end;
  if (gap || header.sequence > stretch->next) {
    tale.gaps.push_back({.from = stretch->next,
                         .to = header.sequence,
                         .begin = gap ? hole.begin : scan_.record_offset(),
                         .end = gap ? hole.end : scan_.record_offset(),
                         .error = hole.error});
    tale.stretches.push_back({.next = header.sequence, .end_offset = 0, .marks = {}});
    stretch = &tale.stretches.back();
  }
  if (block) stretch->next = header.sequence + 1;
  stretch->end_offset = scan_.record_offset() + record.padded_bytes();
  for (LoggedMark& mark : marks_of(record)) stretch->marks.push_back(std::move(mark));
}

Result<SegmentTale, DiskError> Recovery::read_segment(const SegmentInfo& segment,
                                                      Disk::Access access) {
  const auto opened = scan_.open(disk_, path(segment_name(segment.first_sequence)), access);
  if (!opened.ok()) return opened.error();
  SegmentTale tale;
  tale.bytes = opened->bytes;
  tale.stretches[0].next = segment.first_sequence;
  tale.stretches[0].end_offset = kPageBytes;
  RecordWindow::Hole hole;
  for (;;) {
    const auto step = scan_.next();
    if (!step.ok()) return step.error();
    if (*step == SegmentScan::Step::end) break;
    if (*step == SegmentScan::Step::hole) {
      hole = scan_.hole();
      continue;
    }
    const RecordView& record = scan_.record();
    if (tale.records++ == 0) {
      tale.checkpoint = record.header.kind == RecordKind::checkpoint && hole.begin == hole.end;
    }
    log_.bytes_read += record.padded_bytes();
    take_record(record, hole, tale);
    hole = {};
  }
  tale.segment_id = scan_.segment_id();
  tale.blank_tail = scan_.hole().begin == scan_.hole().end || scan_.hole().blank;
  log_.records_read += tale.records;
  return tale;
}

void Recovery::damaged_header(std::uint64_t first) {
  damaged({.file = segment_name(first),
           .bytes = kPageBytes,
           .from = first,
           .to = first,
           .what = "the header is damaged; its records are read by what they say themselves"});
}

// A header that was lost in a crash together with other pages of the first writes. What is there of
// them is kept, and gets a header again.
DiskStatus Recovery::restore_header(const SegmentInfo& segment) {
  AlignedMemory page(kPageBytes);
  encode_segment_header({.segment_id = segment.segment_id,
                         .first_sequence = segment.first_sequence,
                         .created_ns = segment.created_ns,
                         .segment_bytes = segment.bytes,
                         .bus = options_.bus},
                        page.span());
  return scan_.file().write(page.span(), 0);
}

// So that a later start does not take for damage what a crash left where nothing was safe yet.
DiskStatus Recovery::fill(const Gap& gap) {
  const std::uint64_t bytes = gap.end - gap.begin;
  if (!options_.repair || bytes == 0 || bytes > kRecordBytesMax) return Done{};
  AlignedMemory filler(bytes);
  encode_filler({scan_.segment_id(), gap.begin}, gap.from, filler.span());
  return scan_.file().write(filler.span(), gap.begin);
}

// A segment in which no record stands, and of which none was durable.
DiskStatus Recovery::drop_empty(std::uint64_t first) {
  durable_ = std::max(durable_, first);  // it has its name: all below it is durable
  log_.segments.pop_back();
  if (!options_.repair) return Done{};
  names_changed_ = true;
  return disk_.remove(path(segment_name(first)));
}

DiskStatus Recovery::read_tail() {
  while (!log_.segments.empty()) {
    SegmentInfo& last = log_.segments.back();
    auto read = read_segment(last, options_.repair ? Disk::Access::read_write : Disk::Access::read);
    if (!read.ok()) return read.error();
    SegmentTale& tale = *read;
    durable_ = std::max(durable_, tale.durable);
    const std::uint64_t end = tale.stretches[gaps_within(tale, durable_)].next;
    if (std::max(end, durable_) <= last.first_sequence) {  // no block of it counts
      log_.torn_bytes += tale.stretches.back().end_offset - kPageBytes;
      if (DiskStatus dropped = drop_empty(last.first_sequence); !dropped.ok()) return dropped;
      continue;
    }
    const bool no_header = last.segment_id == 0;
    last.segment_id = tale.segment_id;
    const bool complete = tale.checkpoint;
    const bool was_safe = durable_ > last.first_sequence;
    if (no_header && was_safe) damaged_header(last.first_sequence);
    if (no_header && !was_safe && options_.repair) {
      if (DiskStatus restored = restore_header(last); !restored.ok()) return restored;
    }
    if (DiskStatus ended = end_log(last, tale); !ended.ok()) return ended;
    return read_marks(complete);
  }
  return Done{};
}

// Decides where the log ends. A gap is damage if all that is missing was durable; the first that is
// not ends the log.
DiskStatus Recovery::end_log(const SegmentInfo& segment, SegmentTale& tale) {
  const std::string name = segment_name(segment.first_sequence);
  const std::size_t accepted = gaps_within(tale, durable_);
  for (std::size_t i = 0; i < accepted; ++i) {
    const Gap& gap = tale.gaps[i];
    if (gap.to >= durable_ && gap.from == gap.to) {  // nothing that was safe
      if (DiskStatus filled = fill(gap); !filled.ok()) return filled;
      continue;
    }
    damaged({.file = name,
             .offset = gap.begin,
             .bytes = gap.end - gap.begin,
             .from = gap.from,
             .to = gap.to,
             .what = std::string(to_string(gap.error))});
  }
  const Stretch& end = tale.stretches[accepted];
  log_.next_sequence = end.next;
  for (std::size_t i = 0; i <= accepted; ++i) {
    for (const LoggedMark& mark : tale.stretches[i].marks) marks_.set(mark.source, mark.mark);
  }
  const bool lost = durable_ > end.next;
  if (lost) {
    damaged({.file = name,
             .offset = end.end_offset,
             .bytes = tale.bytes - std::min(tale.bytes, end.end_offset),
             .from = end.next,
             .to = durable_,
             .what = "the end of the file is missing or damaged"});
    log_.next_sequence = durable_;
  } else if (accepted < tale.gaps.size()) {
    log_.torn_bytes += tale.stretches.back().end_offset - end.end_offset;
  } else if (!tale.blank_tail) {
    log_.torn_bytes += scan_.hole().end - end.end_offset;
  }
  if (!options_.repair) return Done{};
  if (!lost && tale.bytes > end.end_offset) {
    if (DiskStatus cut = scan_.file().truncate(end.end_offset); !cut.ok()) return cut;
    log_.segments.back().bytes = end.end_offset;
  }
  // What was read may be in a cache only. From here on it counts as durable.
  return scan_.file().sync();
}

// The marks of the last segment stand in marks_; where it does not say what was known before it,
// earlier segments do.
DiskStatus Recovery::read_marks(bool complete) {
  if (complete || log_.segments.size() < 2) return Done{};
  std::vector<SegmentTale> tales;
  for (std::size_t i = log_.segments.size() - 1; i-- > 0;) {
    auto tale = read_segment(log_.segments[i], Disk::Access::read);
    if (!tale.ok()) return tale.error();
    tales.push_back(std::move(*tale));
    if (tales.back().checkpoint) break;
  }
  MarkTable all;
  for (auto tale = tales.rbegin(); tale != tales.rend(); ++tale) {
    for (const Stretch& stretch : tale->stretches) {
      for (const LoggedMark& mark : stretch.marks) all.set(mark.source, mark.mark);
    }
  }
  for (const LoggedMark& mark : marks_.list()) all.set(mark.source, mark.mark);
  marks_ = std::move(all);
  return Done{};
}

Result<RecoveredLog, Error> Recovery::run() {
  durable_ = options_.durable_known;
  DiskStatus status = collect();
  if (status.ok()) status = read_tail();
  for (std::size_t i = 0; i + 1 < log_.segments.size(); ++i) {
    if (log_.segments[i].segment_id == 0) damaged_header(log_.segments[i].first_sequence);
  }
  if (status.ok() && names_changed_) status = disk_.sync_directory(options_.directory);
  if (!status.ok()) return Error{status.error().message};
  if (log_.segments.empty()) {
    log_.next_sequence = std::max<std::uint64_t>(1, durable_);
    if (options_.durable_known > 1) {
      damaged({.file = options_.directory,
               .from = 1,
               .to = options_.durable_known,
               .what = "all segments are missing"});
    }
  }
  log_.marks = marks_.list();
  return std::move(log_);
}

}  // namespace

Result<RecoveredLog, Error> recover_bus_log(Disk& disk, const RecoveryOptions& options) {
  return Recovery(disk, options).run();
}

}  // namespace weir
