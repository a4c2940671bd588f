#include "core/deliver/batch_buffer.h"

#include <algorithm>
#include <utility>

namespace weir {

void BatchBuffer::configure(const TargetSpec& spec, std::uint64_t event_bytes_limit) {
  close_batch();
  const bool discard = spec.kind == TargetKind::discard;
  discard_ = discard;
  format_ = spec.format;
  when_full_ = spec.when_full;
  lines_ = format_ == BatchFormat::ndjson;
  delimiter_bytes_ = format_ == BatchFormat::raw ? 0 : 1;
  batch_overhead_ = format_ == BatchFormat::json_array ? 2 : 0;
  records_max_ = std::max<std::uint32_t>(1, spec.batch.records_max);
  bytes_max_ = std::max<std::uint64_t>(spec.batch.bytes_max, batch_overhead_ + 1);
  wait_max_ = spec.batch.wait_max;
  const std::uint64_t largest = event_bytes_limit + batch_overhead_ + 1 + kMarkBytes;
  const std::uint64_t least = 1 + (largest + Chunk::kPayload - 1) / Chunk::kPayload;
  chunks_max_ = std::max(spec.buffer_bytes / kChunkBytes, least);
  open_batch();
  refresh_room();
}

void BatchBuffer::open_batch() {
  records_left_ = records_max_;
  batch_left_ = bytes_max_ - batch_overhead_;
  deadline_ = MonotonicTime::never();
}

void BatchBuffer::refresh_room() {
  if (discard_ && queue_.empty()) {
    room_ = ~std::uint64_t{0};
    return;
  }
  const std::uint64_t used =
      (end_ - queue_.end()) + marks_.size() * kMarkBytes + kMarkBytes + batch_overhead_;
  const std::uint64_t room = queue_.room(chunks_max_);
  room_ = room > used ? room - used : 0;
}

BatchBuffer::Admission BatchBuffer::admit(std::uint64_t need) {
  if (need > batch_left_) {
    close_batch();
    batch_left_ = std::max(batch_left_, need);  // larger than a batch: goes alone
  }
  if (need <= room_) return Admission::taken;
  copy_run();
  refresh_room();
  if (need <= room_) return Admission::taken;
  if (pending() == 0) {
    room_ = need;  // larger than the budget, which is untouched
    return Admission::taken;
  }
  close_batch();  // a full buffer waits for no more company
  open_batch();
  if (when_full_ == WhenFull::block) return Admission::full;
  ++tally_.matched;
  ++tally_.shed;
  return Admission::shed;
}

void BatchBuffer::store(const char* bytes, std::uint64_t count) {
  if (discard_ && queue_.empty()) {
    queue_.skip(count);
  } else {
    queue_.append(bytes, count);
  }
}

void BatchBuffer::copy_run() {
  if (run_next_ == nullptr) return;
  const auto bytes = static_cast<std::uint64_t>(run_next_ - run_begin_);
  if (run_next_[-1] == '\n') {
    store(run_begin_, bytes);
  } else {
    store(run_begin_, bytes - 1);
    store("\n", 1);
  }
  run_next_ = nullptr;
}

void BatchBuffer::append_one(const char* event, std::uint32_t length) {
  if (format_ == BatchFormat::json_array) store(open_records() == 0 ? "[" : ",", 1);
  store(event, length);
}

void BatchBuffer::end_round(const Now& now) {
  copy_run();
  if (open_records() == 0) return;
  if (draining_ || wait_max_ <= 0ns) {
    close_batch();
  } else if (deadline_ == MonotonicTime::never()) {
    deadline_ = now.monotonic + wait_max_;
  }
}

void BatchBuffer::close_batch() {
  const std::uint32_t records = open_records();
  if (records == 0) return;
  if (format_ == BatchFormat::json_array) {
    store("]\n", 2);
    end_ += 2;
  }
  tally_.matched += records - std::exchange(counted_records_, 0);
  pending_records_ += records;
  marks_.push({.end = end_, .records = records, .format = format_});
  if (format_ == BatchFormat::raw) ++raw_marks_;
  closed_ = end_;
  const std::uint64_t cost = kMarkBytes + batch_overhead_;
  room_ = room_ > cost ? room_ - cost : 0;
  open_batch();
  if (discard_ && queue_.empty()) {
    copy_run();
    settle(closed_);
  }
}

void BatchBuffer::settle(std::uint64_t offset) {
  WEIR_CHECK(offset <= closed_);
  if (marks_.empty() || marks_.front().end > offset) return;
  while (!marks_.empty() && marks_.front().end <= offset) {
    const Mark& mark = marks_.front();
    tally_.delivered += mark.records;
    pending_records_ -= mark.records;
    ++tally_.batches;
    if (mark.format == BatchFormat::raw) --raw_marks_;
    tally_.bytes += mark.end - base_;
    base_ = mark.end;
    marks_.pop();
  }
  queue_.forget_below(base_);
  refresh_room();
}

std::uint64_t BatchBuffer::rewind(std::uint64_t offset) {
  settle(offset);
  if (marks_.empty() || marks_.front().format != BatchFormat::ndjson || offset <= base_) {
    return base_;
  }
  Mark& mark = marks_.front();
  const std::uint64_t boundary = queue_.behind_last_newline(base_, offset);
  const std::uint64_t lines = queue_.count_newlines(base_, boundary);
  // A record never holds a line end; if one did, the last record still would not be lost.
  const auto records = static_cast<std::uint32_t>(std::min<std::uint64_t>(lines, mark.records - 1));
  mark.records -= records;
  pending_records_ -= records;
  tally_.delivered += records;
  tally_.bytes += boundary - base_;
  base_ = boundary;
  queue_.forget_below(base_);
  refresh_room();
  return base_;
}

std::size_t BatchBuffer::mark_at(std::uint64_t offset) const {
  std::size_t low = 0;
  std::size_t high = marks_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (marks_[middle].end < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool BatchBuffer::is_boundary(std::uint64_t offset) const {
  if (offset == base_) return true;
  if (raw_marks_ == 0) return queue_.at(offset - 1) == '\n';
  return batch_end(offset) == offset;
}

std::uint64_t BatchBuffer::boundary_before(std::uint64_t from, std::uint64_t limit) const {
  if (raw_marks_ == 0) return from == limit ? from : queue_.behind_last_newline(from, limit);
  const std::size_t above = mark_at(limit + 1);
  return above == 0 ? from : std::max(from, marks_[above - 1].end);
}

std::uint64_t BatchBuffer::boundary_after(std::uint64_t from) const {
  if (raw_marks_ == 0) return queue_.behind_first_newline(from, closed_);
  return batch_end(from + 1);
}

std::uint64_t BatchBuffer::batch_end(std::uint64_t offset) const {
  const std::size_t index = mark_at(offset);
  return index < marks_.size() ? marks_[index].end : closed_;
}

void BatchBuffer::abandon() {
  copy_run();
  tally_.matched += open_records() - std::exchange(counted_records_, 0);
  tally_.dropped += pending();
  pending_records_ = 0;
  raw_marks_ = 0;
  marks_.clear();
  open_batch();
  closed_ = end_;
  base_ = end_;
}

BatchBuffer::Tally BatchBuffer::take_tally() {
  tally_.matched += open_records() - counted_records_;
  counted_records_ = open_records();
  return std::exchange(tally_, {});
}

}  // namespace weir
