#include "core/deliver/batch_buffer.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

// The ages of the events of one batch differ by at most this share of the target's age limit, so
// that the batch can be judged as one.
constexpr std::int64_t kAgeShares = 64;

}  // namespace

void BatchBuffer::configure(const TargetSpec& spec, std::uint64_t event_bytes_limit) {
  close_batch();
  // What goes on to another bus is matched by its rules already, and lies in the log with that.
  const bool discard = spec.kind == TargetKind::discard || spec.kind == TargetKind::bus;
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
  roomy_bytes_ = chunks_max_ * Chunk::kPayload / 2;
  age_spread_max_ = spec.retry.age_max / kAgeShares;
  open_batch();
  refresh_room();
}

void BatchBuffer::open_batch() {
  records_left_ = records_max_;
  serial_end_ = taken_closed_ + records_max_;
  batch_left_ = bytes_max_ - batch_overhead_;
  deadline_ = MonotonicTime::never();
}

void BatchBuffer::refresh_room() {
  if (discard_ && queue_.empty()) {
    room_ = ~std::uint64_t{0};
    return;
  }
  const std::uint64_t used = (end_ - queue_.end()) + marks_.size() * kMarkBytes + kMarkBytes +
                             batch_overhead_ + ledger_.memory_bytes();
  const std::uint64_t room = queue_.room(chunks_max_);
  room_ = room > used ? room - used : 0;
}

void BatchBuffer::begin_round(const Round& round) {
  const bool durable = round.feed != nullptr;
  if (open_records() > 0) {
    const Nanoseconds apart = round.accepted - batch_oldest_;
    if (durable != batch_durable_ || std::chrono::abs(apart) > age_spread_max_) close_batch();
  }
  if (open_records() == 0) batch_oldest_ = round.accepted;
  batch_durable_ = durable;
  round_ = round;
  round_noted_ = end_;
  if (round.closed) room_ = 0;
}

BatchBuffer::Admission BatchBuffer::admit(std::uint64_t need, std::uint32_t index) {
  if (round_.closed) return Admission::passed_by;
  if (need > batch_left_) {
    close_in_round(index);
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
  close_in_round(index);  // a full buffer waits for no more company
  open_batch();
  return turn_away(index);
}

BatchBuffer::Admission BatchBuffer::turn_away(std::uint32_t index) {
  Feed* feed = round_.feed;
  if (feed != nullptr && (when_full_ == WhenFull::lag || !feed->live)) {
    feed->taken = {round_.sequence, index};
    feed->live = false;
    feed->hungry = false;
    round_.closed = true;
    room_ = 0;
    return Admission::passed_by;
  }
  if (when_full_ != WhenFull::shed) return Admission::full;
  ++tally_.matched;
  ++tally_.shed;
  return Admission::passed_by;
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

// The round's feed has events in the open batch, if any were taken since the last look.
void BatchBuffer::note_taken() {
  if (end_ == round_noted_) return;
  round_noted_ = end_;
  if (round_.feed != nullptr) round_.feed->in_batch = true;
}

bool BatchBuffer::end_round(const Now& now, LogPosition behind) {
  copy_run();
  note_taken();
  if (round_.closed) {
    refresh_room();
  } else if (round_.feed != nullptr) {
    round_.feed->taken = std::max(round_.feed->taken, behind);
  }
  const bool closed = std::exchange(round_, {}).closed;
  if (open_records() == 0) return closed;
  if (draining_ || wait_max_ <= 0ns) {
    close_batch();
  } else if (deadline_ == MonotonicTime::never()) {
    deadline_ = now.monotonic + wait_max_;
  }
  return closed;
}

void BatchBuffer::close_in_round(std::uint32_t next_event) {
  note_taken();
  if (round_.feed != nullptr) round_.feed->taken = {round_.sequence, next_event};
  close_batch();
  batch_oldest_ = round_.accepted;
  round_noted_ = end_;
}

void BatchBuffer::close_batch() {
  const std::uint32_t records = open_records();
  if (records == 0) return;
  if (format_ == BatchFormat::json_array) {
    store("]\n", 2);
    end_ += 2;
  }
  tally_.matched += records - std::exchange(counted_records_, 0);
  taken_closed_ += records;
  pending_records_ += records;
  const std::uint64_t cost = push_marks(records) + batch_overhead_;
  if (format_ == BatchFormat::raw) ++raw_marks_;
  closed_ = end_;
  room_ = room_ > cost ? room_ - cost : 0;
  open_batch();
  if (discard_ && queue_.empty()) {
    copy_run();
    settle(closed_);
  }
}

// Returns what they cost of the budget.
std::uint64_t BatchBuffer::push_marks(std::uint32_t records) {
  Mark mark{.end = end_, .oldest = batch_oldest_, .records = records, .format = format_};
  std::uint64_t cost = 0;
  for (Feed& feed : feeds_) {
    if (!std::exchange(feed.in_batch, false)) continue;
    ++feed.marks;
    mark.feed = feeds_.index_of(feed);
    mark.position = feed.taken.pack();
    marks_.push(mark);
    mark.records = 0;
    cost += kMarkBytes;
  }
  if (cost > 0) return cost;
  marks_.push(mark);
  return kMarkBytes;
}

void BatchBuffer::settle_mark(const Mark& mark) {
  pending_records_ -= mark.records;
  if (mark.records > 0) {
    ++tally_.batches;
    if (mark.format == BatchFormat::raw) --raw_marks_;
  }
  tally_.bytes += mark.end - base_;
  base_ = mark.end;
  if (mark.feed == kStored) stored_left_ -= mark.records;
  if (mark.feed == kNoFeed || mark.feed == kStored) return;
  Feed& feed = feeds_.at(mark.feed);
  feed.settled = mark.behind();
  --feed.marks;
}

// Which of the records do not arrive does not matter here: all above them have passed too.
void BatchBuffer::count_settled(std::uint64_t records) {
  const auto take = [&records](std::uint64_t& from) {
    const std::uint64_t count = std::min(from, records);
    from -= count;
    records -= count;
    return count;
  };
  tally_.dead_lettered += take(buried_);
  for (std::size_t reason = 0; reason < kDropReasons; ++reason) {
    count_dropped(static_cast<DropReason>(reason), take(to_drop_[reason]));
  }
  tally_.delivered += records;
}

void BatchBuffer::settle(std::uint64_t offset) {
  WEIR_CHECK(offset <= closed_);
  arrived_ = std::max(arrived_, offset);
  if (!held_.empty()) offset = std::min(offset, held_.front().end - 1);
  if (marks_.empty() || marks_.front().end > offset) return;
  while (!marks_.empty() && marks_.front().end <= offset) {
    count_settled(marks_.front().records);
    settle_mark(marks_.front());
    marks_.pop();
  }
  queue_.forget_below(base_);
  refresh_room();
}

std::uint64_t BatchBuffer::rewind(std::uint64_t offset) {
  settle(offset);
  if (!held_.empty()) {
    rewind_to_ = offset;
    return base_;
  }
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
  if (mark.feed == kStored) stored_left_ -= records;
  count_settled(records);
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

MonotonicTime BatchBuffer::oldest() const {
  if (!marks_.empty()) return marks_.front().oldest;
  return open_records() > 0 ? batch_oldest_ : MonotonicTime::never();
}

void BatchBuffer::abandon(Successor successor) {
  copy_run();
  tally_.matched += open_records() - std::exchange(counted_records_, 0);
  std::uint64_t durable = batch_durable_ ? open_records() : 0;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    if (marks_[i].feed != kNoFeed) durable += marks_[i].records;
  }
  // What the store was just given; another process of the same name would find it there.
  for (std::size_t i = 0; i < held_.size(); ++i) durable += held_[i].logged ? 0 : held_[i].records;
  durable = std::min(durable, pending());
  if (successor == Successor::takes_over) {
    tally_.matched -= durable;
  } else {
    given_back_ += durable;
  }
  count_dropped(DropReason::stopped, pending() - durable);
  feeds_.freeze();
  pending_records_ = 0;
  to_drop_ = {};
  buried_ = 0;
  held_.clear();
  rewind_to_ = 0;
  stored_left_ = 0;
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
