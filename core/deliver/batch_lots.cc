// BatchBuffer: records that do not arrive, and events that come from the store.
#include <algorithm>
#include <limits>

#include "core/base/check.h"
#include "core/deliver/batch_buffer.h"

namespace weir {

BatchBuffer::Lot BatchBuffer::lot_at(std::size_t index, std::uint64_t begin,
                                     std::uint64_t serial) const {
  const Mark& mark = marks_[index];
  return {.begin = begin,
          .end = mark.end,
          .serial = serial,
          .records = mark.records,
          .attempts = mark.attempts,
          .format = mark.format,
          .stored = mark.feed == kStored,
          .oldest = mark.oldest,
          .first_attempt = mark.first_attempt};
}

std::optional<BatchBuffer::Lot> BatchBuffer::front() const {
  if (marks_.empty()) return std::nullopt;
  return lot_at(0, base_, first_serial());
}

std::optional<BatchBuffer::Lot> BatchBuffer::behind(const Lot& lot) const {
  const std::size_t index = mark_at(lot.end + 1);
  if (index == marks_.size()) return std::nullopt;
  return lot_at(index, lot.end, lot.serial + lot.records);
}

BatchBuffer::Lot BatchBuffer::line(std::uint64_t begin, std::uint64_t end,
                                   std::uint64_t serial) const {
  Lot lot = lot_at(mark_at(end), begin, serial);
  lot.end = end;
  if (lot.format == BatchFormat::ndjson) lot.records = 1;
  return lot;
}

void BatchBuffer::count_attempt(std::uint64_t end, const Now& now) {
  std::uint64_t begin = base_;
  for (std::size_t i = 0; i < marks_.size() && begin < end; ++i) {
    Mark& mark = marks_[i];
    begin = mark.end;
    if (mark.records == 0) continue;  // the place of another feed, of the batch before
    if (mark.attempts < std::numeric_limits<std::uint8_t>::max()) ++mark.attempts;
    if (mark.first_attempt == MonotonicTime::never()) mark.first_attempt = now.monotonic;
  }
}

void BatchBuffer::read(std::uint64_t begin, std::uint64_t end, std::string& out) const {
  while (begin < end) {
    const std::span<const char> piece = queue_.contiguous(begin, end);
    out.append(piece.data(), piece.size());
    begin += piece.size();
  }
}

void BatchBuffer::drop(const Lot& lot, DropReason reason) {
  to_drop_[static_cast<std::size_t>(reason)] += lot.records;
}

void BatchBuffer::hold(const Lot& lot, std::uint32_t entries) {
  held_.push({.end = lot.end,
              .serial = static_cast<std::uint32_t>(lot.serial),
              .left = entries,
              .records = lot.records,
              .logged = marks_[mark_at(lot.end)].feed != kNoFeed});
}

void BatchBuffer::stored(std::uint32_t serial) {
  std::size_t i = 0;
  while (i < held_.size() && held_[i].serial != serial) ++i;
  if (i == held_.size()) return;  // abandoned meanwhile
  WEIR_CHECK(held_[i].left > 0);
  --held_[i].left;
  if (i > 0 || held_[0].left > 0) return;
  for (; !held_.empty() && held_.front().left == 0; held_.pop()) buried_ += held_.front().records;
  if (held_.empty() && rewind_to_ > 0) {
    rewind(std::max(arrived_, std::exchange(rewind_to_, 0)));
  } else {
    settle(std::max(arrived_, base_));
  }
}

void BatchBuffer::append_stored(std::span<const std::string_view> events, const Now& now) {
  WEIR_CHECK(stored_left_ == 0 && !events.empty());
  close_batch();
  const auto count = static_cast<std::uint32_t>(events.size());
  ledger_.begin_block({}, count, first_serial(), taken());
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (format_ == BatchFormat::json_array) store(i == 0 ? "[" : ",", 1);
    store(events[i].data(), events[i].size());
    if (lines_) store("\n", 1);
    end_ += events[i].size() + delimiter_bytes_;
  }
  if (format_ == BatchFormat::json_array) {
    store("]\n", 2);
    end_ += 2;
  }
  WEIR_CHECK(end_ == queue_.end());
  marks_.push(
      {.end = end_, .oldest = now.monotonic, .records = count, .feed = kStored, .format = format_});
  if (format_ == BatchFormat::raw) ++raw_marks_;
  stored_left_ = count;
  tally_.returned += count;
  taken_closed_ += count;
  pending_records_ += count;
  closed_ = end_;
  round_noted_ = end_;
  open_batch();
  refresh_room();
  if (discard_ && queue_.empty()) settle(closed_);
}

}  // namespace weir
