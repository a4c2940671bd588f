#include "core/log/log_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "core/log/segment.h"

namespace weir {
namespace {

// Below this, reading on costs less than looking for a better place.
constexpr std::uint64_t kSearchBytes = kMiB;
constexpr std::size_t kProbeBytes = 256 * kKiB;
constexpr Nanoseconds kRetryAfter = 100ms;

}  // namespace

LogReader::LogReader(const Options& options, Port& port, LogView& view, const ReplayNames& names,
                     ReplayTables& tables, const Now& now)
    : options_(options),
      port_(port),
      view_(view),
      segments_(view.segments),
      blocks_(names, tables, view.bus, options.blocks, options.block_bytes),
      clock_(now),
      read_bytes_(options.read_bytes) {}

LogReader::~LogReader() {
  WEIR_CHECK(quiescent());
  leave_segment();
}

void LogReader::seek(std::uint64_t sequence) {
  if (active_ && phase_ == Phase::walking && sequence == sequence_) return;
  active_ = true;
  constexpr std::uint64_t kNear = 8;  // records
  if (phase_ == Phase::walking && sequence > sequence_ && sequence < end_ &&
      sequence - sequence_ <= kNear) {
    sequence_ = sequence;  // the walk passes over what lies before it
    return;
  }
  leave_segment();
  sequence_ = std::max<std::uint64_t>(sequence, 1);
}

void LogReader::stop() {
  active_ = false;
  leave_segment();
  if (!reading_) window_.reset();
  blocks_.trim();
}

void LogReader::leave_segment() {
  if (handle_.valid()) port_.close(handle_);
  handle_ = {};
  phase_ = Phase::nowhere;
  stale_read_ = reading_;
}

std::size_t LogReader::poll(const Now& now) {
  std::size_t work = take_completions();
  if (!active_ || reading_ || stale_read_ || sequence_ >= view_.durable.read()) {
    if (!active_ && !reading_) window_.reset();
    return work;
  }
  if (window_ == nullptr) {
    window_ = std::make_unique<RecordWindow>(options_.window_bytes, options_.decode);
  }
  if (phase_ == Phase::nowhere) {
    if (under_way_ > 0 || now.monotonic < retry_) return work;
    retry_ = now.monotonic + kRetryAfter;  // counts only if this fails
    open_segment();
    ++work;
  } else if (phase_ == Phase::walking && want_read()) {
    read_more();
    ++work;
  }
  return work;
}

std::size_t LogReader::take_completions() {
  std::array<Completion, 8> done{};
  const std::size_t count = port_.reap(done);
  for (std::size_t i = 0; i < count; ++i) {
    --under_way_;
    if (static_cast<Op>(done[i].token) == Op::open) {
      opened(done[i].result);
    } else {
      read_done(done[i].result);
    }
  }
  return count;
}

void LogReader::look_at_segments() {
  const SegmentList& list = segments_.get();
  const auto next = std::ranges::upper_bound(list, sequence_, {}, &SegmentInfo::first_sequence);
  if (next == list.begin()) {
    gone_to_ = list.empty() ? view_.durable.read() : next->first_sequence;
    segment_ = {};
    return;
  }
  segment_ = *(next - 1);
  end_ = next == list.end() ? kNoEnd : next->first_sequence;
}

// The active segment may have been closed since it was opened here.
void LogReader::look_at_end() {
  const SegmentList& list = segments_.get();
  const auto next =
      std::ranges::upper_bound(list, segment_.first_sequence, {}, &SegmentInfo::first_sequence);
  if (next != list.end()) end_ = next->first_sequence;
}

void LogReader::open_segment() {
  look_at_segments();
  if (sequence_ < gone_to_) return;
  phase_ = Phase::opening;
  ++under_way_;
  port_.open(join_path(view_.directory, segment_name(segment_.first_sequence)),
             {.kind = OpenMode::Kind::read_only, .direct = direct_}, static_cast<Token>(Op::open));
}

void LogReader::opened(std::int64_t result) {
  const Handle handle{static_cast<std::int32_t>(result)};
  if (phase_ != Phase::opening) {  // nobody waits for it any more
    if (result >= 0) port_.close(handle);
    return;
  }
  phase_ = Phase::nowhere;
  if (result >= 0) {
    handle_ = handle;
    retry_ = {};
    return begin_search();
  }
  if (result == -EINVAL && direct_) {
    direct_ = false;
    retry_ = {};
    return;
  }
  counters_.read_errors.add();
  if (result != -ENOENT && result != -ELOOP) return;  // out of descriptors, say: again later
  // Gone. Retention may have taken it a moment ago.
  retry_ = {};
  const std::uint64_t first = segment_.first_sequence;
  look_at_segments();
  if (segment_.first_sequence == first) {
    gone_to_ = end_ == kNoEnd ? view_.durable.read() : end_;
  }
}

// Looks for the last record that is easily found at or before the wanted one.
void LogReader::begin_search() {
  low_ = kPageBytes;
  high_ = port_.file_size(handle_);
  search_on();
}

void LogReader::search_on() {
  if (sequence_ == segment_.first_sequence || high_ <= low_ + kSearchBytes) return go_to(low_);
  phase_ = Phase::bisecting;
  middle_ = (low_ + (high_ - low_) / 2) / kPageBytes * kPageBytes;
  go_to(middle_);
  phase_ = Phase::bisecting;
  read_more();
}

// The bytes at the middle have come.
void LogReader::probe() {
  RecordWindow::Step step = window_->next();
  if (step == RecordWindow::Step::hole) step = window_->next();
  const bool before =
      step == RecordWindow::Step::record && window_->record().header.sequence <= sequence_;
  (before ? low_ : high_) = before ? window_->record_offset() : middle_;
  search_on();
}

void LogReader::go_to(std::uint64_t offset) {
  window_->begin(segment_.segment_id, offset);
  phase_ = Phase::walking;
  hole_begin_ = kNoEnd;
  window_fresh_ = true;
  file_ended_ = false;
}

bool LogReader::want_read() const {
  return !file_ended_ &&
         window_->unread() < std::max<std::uint64_t>(window_->wanted(), read_bytes_);
}

void LogReader::read_more() {
  if (window_fresh_) window_durable_ = view_.durable.read();
  window_fresh_ = false;
  const RecordWindow::Fill fill =
      window_->fill(phase_ == Phase::bisecting ? std::min(kProbeBytes, read_bytes_) : read_bytes_);
  filling_ = fill.memory.data();
  filling_bytes_ = fill.memory.size();
  reading_ = true;
  ++under_way_;
  port_.read(handle_, fill.memory, fill.offset, static_cast<Token>(Op::read));
}

void LogReader::read_done(std::int64_t result) {
  reading_ = false;
  if (stale_read_) {
    stale_read_ = false;
    return;
  }
  std::size_t bytes = result > 0 ? static_cast<std::size_t>(result) : 0;
  if (result < 0) {
    counters_.read_errors.add();
    if (read_bytes_ > kPageBytes || filling_bytes_ > kPageBytes) {  // page by page, then
      read_bytes_ = kPageBytes;
      return phase_ == Phase::bisecting ? go_to(low_) : void();
    }
    // A page that cannot be read holds nothing.
    bytes = filling_bytes_;
    std::memset(filling_, 0, bytes);
  } else {
    read_bytes_ = std::min(options_.read_bytes, read_bytes_ * 2);
  }
  counters_.bytes_read.add(bytes);
  // A read that ends within the file was only short; a whole page is then missing.
  file_ended_ = result >= 0 && bytes < filling_bytes_ &&
                window_->filled_to() + bytes >= port_.file_size(handle_);
  if (!file_ended_) bytes = bytes / kPageBytes * kPageBytes;
  window_->filled(bytes, file_ended_);
  if (phase_ == Phase::bisecting) probe();
}

BlockSource::Item LogReader::missed(std::uint64_t to) {
  counters_.missed_records.add(to - sequence_);
  counters_.damaged_places.add();
  sequence_ = to;
  return {.kind = Item::Kind::missed, .block = nullptr, .next = to};
}

BlockSource::Item LogReader::next() {
  if (!active_) return {};
  if (sequence_ < gone_to_) return missed(gone_to_);
  if (phase_ != Phase::walking || sequence_ >= view_.durable.read()) return {};
  while (blocks_.available()) {
    if (sequence_ >= end_) {
      leave_segment();
      return {};
    }
    switch (window_->next()) {
      case RecordWindow::Step::hole:
        hole_begin_ = window_->hole().begin;
        break;  // the record behind it tells what is missing
      case RecordWindow::Step::record: {
        const RecordHeader& header = window_->record().header;
        if (header.kind == RecordKind::block && header.sequence >= sequence_) return record();
        break;
      }
      case RecordWindow::Step::more:
        return window_->in_hole() ? hole_at_tail(false) : Item{};
      case RecordWindow::Step::end:
        return hole_at_tail(true);
    }
  }
  return {};
}

BlockSource::Item LogReader::record() {
  const std::uint64_t found = std::min(window_->record().header.sequence, end_);
  if (found > sequence_) {
    // What stands between was durable when this was read, or will be read again.
    const std::uint64_t offset = std::min(hole_begin_, window_->record_offset());
    const bool known = window_durable_ > sequence_;
    const std::uint64_t to = std::min(found, window_durable_);
    const std::uint64_t back = known && to == found ? window_->record_offset() : offset;
    if (reading_) {
      stale_read_ = true;
      leave_segment();
    } else {
      go_to(back);
    }
    return known ? missed(to) : Item{};
  }
  Block* block = blocks_.make(window_->record(), clock_);
  if (block == nullptr) return missed(sequence_ + 1);
  ++sequence_;
  hole_begin_ = kNoEnd;
  counters_.blocks.add();
  return {.kind = Item::Kind::block, .block = block, .next = 0};
}

// All that was read behind the last record is none. It is damage if a record was durable there.
BlockSource::Item LogReader::hole_at_tail(bool file_ended) {
  if (reading_) return {};
  look_at_end();
  if (sequence_ >= end_) {
    leave_segment();
    return {};
  }
  if (window_durable_ <= sequence_) {  // not written yet when it was read
    const std::uint64_t from =
        window_->hole().begin == window_->hole().end ? window_->filled_to() : window_->hole().begin;
    read_bytes_ = std::min(options_.read_bytes, kProbeBytes);  // little has come since
    go_to(from / kPageBytes * kPageBytes);
    return {};
  }
  if (!file_ended) return {};
  const std::uint64_t to = std::min(window_durable_, end_);
  leave_segment();
  return missed(to);
}

}  // namespace weir
