#include "core/log/bus_log.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/log/segment.h"

namespace weir {

BusLog::BusLog(Options options, RecoveredLog recovered, Port& port, const LogNames& names,
               BusLogOutput& output, BusLogHost& host, const Now& now)
    : options_(std::move(options)),
      port_(port),
      output_(output),
      host_(host),
      view_(options_.directory, options_.bus),
      random_(options_.seed),
      clock_(now),
      encoder_(names),
      staging_(options_.staging_buffers, options_.staging_bytes),
      next_sequence_(recovered.next_sequence),
      durable_(recovered.next_sequence),
      preparer_(port, join_path(options_.directory, kSpareName), options_.spec.segment_bytes,
                kPreparerTokens),
      retention_(port, view_, options_.spec, kRetentionTokens, std::move(recovered.segments)) {
  for (const LoggedMark& mark : recovered.marks) marks_.set(mark.source, mark.mark);
  view_.durable.publish(durable_);
  now_ = now;
  open_directory(now);
}

BusLog::~BusLog() {
  drop_blocks();
}

void BusLog::drop_blocks() {
  for (const Entry& entry : entries_) {
    entry.block->refs.reset(1);
    entry.block->release();
  }
  entries_.clear();
  staged_ = 0;
}

bool BusLog::append(Block* block) {
  // At most one block waits here for room; others wait where they came from.
  if (closing_ || staged_ < entries_.size()) return false;
  block->log_sequence = next_sequence_++;
  entries_.push_back({.block = block, .sequence = block->log_sequence});
  if (may_stage()) stage(now_);
  return true;
}

std::size_t BusLog::poll(const Now& now) {
  if (closed_) return 0;
  now_ = now;
  std::size_t work = take_completions(now);
  if (closing_) {
    if (under_way_ == 0) finish_close();
    return work;
  }
  if (!directory_.valid() && !directory_opening_ && now.monotonic >= retry_) open_directory(now);
  if (failed_) {
    work += start_anew(now);
  } else if (may_stage()) {
    work += stage(now);
    work += submit(now);
    work += turn_over(now);
  }
  work += hand_out();
  work += prepare(now);
  update_gate(now);
  return work;
}

MonotonicTime BusLog::next_deadline() const {
  if (closing_) return MonotonicTime::never();
  // What was due at the last poll has begun, or waits for something else than time.
  const MonotonicTime polled = now_.monotonic;
  MonotonicTime next = MonotonicTime::never();
  if (directory_.valid()) next = retention_.next_deadline();
  if (retry_ > polled) next = std::min(next, retry_);
  if (wants_segment()) {
    next = std::min(next, std::max(preparer_.retry(), polled + kLookForRoom));
  }
  return next;
}

std::size_t BusLog::stage(const Now& now) {
  std::size_t count = 0;
  while (staged_ < entries_.size() && stage_entry(entries_[staged_], now)) {
    ++staged_;
    ++count;
  }
  return count;
}

// True once the whole record is in staging buffers.
bool BusLog::stage_entry(Entry& entry, const Now& now) {
  for (;;) {
    std::optional<Open>& segment = next_ ? next_ : active_;
    if (copying_ != Copy::nothing) {
      const bool block = copying_ == Copy::block;
      if (!copy_record(*segment)) return false;
      if (!block) continue;
      laid_out_ = false;
      entry.segment = segment->serial;
      entry.end_offset = segment->staged;
      ++segment->blocks;
      return true;
    }
    if (!laid_out_) encoder_.lay_out(*entry.block);
    laid_out_ = true;
    // A record that is larger than a whole segment makes its segment longer.
    if (segment && (segment->blocks == 0 ||
                    segment->staged + encoder_.padded_bytes() <= segment->file.bytes)) {
      encoder_.begin({segment->id, segment->staged, durable_});
      copying_ = Copy::block;
    } else if (next_ || !begin_segment(entry.sequence, now)) {
      return false;
    }
  }
}

bool BusLog::copy_record(Open& segment) {
  while (!encoder_.done()) {
    const std::span<char> room = staging_.room(segment.serial, segment.staged);
    if (room.empty()) return false;
    const std::size_t copied = encoder_.copy(room);
    staging_.advance(copied);
    segment.staged += copied;
  }
  copying_ = Copy::nothing;
  return true;
}

// The first page of the prepared file, and behind it the checkpoint.
bool BusLog::begin_segment(std::uint64_t first_sequence, const Now& now) {
  needs_segment_ = !preparer_.ready();
  if (needs_segment_) return false;
  const std::span<char> room = staging_.room(serials_ + 1, 0);
  if (room.empty()) return false;
  Open open;
  open.serial = ++serials_;
  open.id = random_() | 1U;  // 0 means unknown
  open.first_sequence = first_sequence;
  open.created = clock_.at(now.monotonic);
  open.file = preparer_.take();
  encode_segment_header({.segment_id = open.id,
                         .first_sequence = first_sequence,
                         .created_ns = open.created.since_epoch.count(),
                         .segment_bytes = open.file.bytes,
                         .bus = options_.spec.name},
                        room.first(kPageBytes));
  staging_.advance(kPageBytes);
  open.staged = kPageBytes;
  encoder_.begin_checkpoint(marks_before_next(), first_sequence, {open.id, kPageBytes, durable_});
  copying_ = Copy::checkpoint;
  laid_out_ = false;
  if (active_) {
    next_ = open;
  } else {
    activate(open);
  }
  return true;
}

// Of all blocks that come before the one to be staged next. Those that are not durable yet will be,
// or this segment will never get its name.
std::vector<LoggedMark> BusLog::marks_before_next() {
  MarkTable marks = marks_;
  for (std::size_t i = 0; i < staged_; ++i) encoder_.add_marks(*entries_[i].block, marks);
  return marks.list();
}

std::size_t BusLog::hand_out() {
  std::size_t count = 0;
  const bool early = options_.faults.acknowledge_before_sync;
  if (!active_ || (!named_ && !early)) return 0;
  while (count < staged_) {
    const Entry& entry = entries_[count];
    if (!early && (entry.segment != active_->serial || entry.end_offset > synced_)) break;
    ++count;
  }
  if (count == 0) return 0;
  durable_ = entries_[count - 1].sequence + 1;
  view_.durable.publish(durable_);
  staged_ -= count;
  for (std::size_t i = 0; i < count; ++i) {
    Block* block = entries_.front().block;
    entries_.pop_front();
    if (!block->file_marks.empty()) encoder_.add_marks(*block, marks_);
    output_.durable(block);
  }
  counters_.blocks.add(count);
  return count;
}

}  // namespace weir
