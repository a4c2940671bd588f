#include "core/log/record_window.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace weir {

RecordWindow::RecordWindow(std::size_t bytes, const DecodeOptions& options)
    : bytes_(std::max(padded(bytes), std::uint64_t{kBytesMin})),
      options_(options),
      memory_(bytes_) {}

void RecordWindow::begin(std::uint64_t segment_id, std::uint64_t offset) {
  WEIR_CHECK(offset % kPageBytes == 0);
  if (memory_.size() > bytes_) memory_ = AlignedMemory(bytes_);
  segment_id_ = segment_id;
  start_ = offset;
  head_ = 0;
  tail_ = 0;
  wanted_ = kPageBytes;
  at_end_ = false;
  decoded_ = false;
  in_hole_ = false;
  hole_ = {};
  view_.header.length = 0;  // no record has been told yet
}

RecordWindow::Step RecordWindow::next() {
  if (decoded_) {  // told the hole before; now the record itself
    decoded_ = false;
    hole_ = {};
    return Step::record;
  }
  if (record_offset_ == start_ + head_ && view_.header.length != 0) {
    head_ += view_.padded_bytes();  // the record told last
  }
  view_.header.length = 0;
  for (;;) {
    if (head_ == tail_) return at_end_ ? Step::end : Step::more;
    std::uint64_t needed = 0;
    const std::span<const char> bytes = memory_.span().subspan(head_, tail_ - head_);
    const RecordError error =
        decode_record(bytes, {segment_id_, start_ + head_}, view_, needed, options_);
    if (error == RecordError::short_ && !at_end_ && needed <= kRecordBytesMax + kPageBytes) {
      wanted_ = needed;
      view_.header.length = 0;
      return Step::more;
    }
    wanted_ = kPageBytes;
    if (error == RecordError::none) return found(error);
    view_.header.length = 0;
    if (!in_hole_) {
      hole_ = {.begin = start_ + head_, .end = 0, .error = error, .blank = true};
      in_hole_ = true;
    }
    hole_.blank = hole_.blank && error == RecordError::blank;
    head_ += kPageBytes;
    hole_.end = start_ + head_;
  }
}

RecordWindow::Step RecordWindow::found(RecordError /*error*/) {
  record_offset_ = start_ + head_;
  if (segment_id_ == 0) segment_id_ = view_.header.segment_id;
  if (!in_hole_) return Step::record;
  in_hole_ = false;
  decoded_ = true;
  return Step::hole;
}

RecordWindow::Fill RecordWindow::fill(std::size_t bytes_max) {
  make_room(std::min(bytes_max, bytes_ / 2));
  const std::size_t room = memory_.size() - tail_;
  return {memory_.span().subspan(tail_, std::min(room, std::max(bytes_max, kPageBytes))),
          start_ + tail_};
}

// Moves what is left to the front when little room is behind it, and grows for a record that is
// larger than the window.
void RecordWindow::make_room(std::size_t bytes) {
  const std::size_t left = tail_ - head_;
  if (wanted_ > memory_.size()) {
    AlignedMemory larger(padded(wanted_));
    std::memcpy(larger.data(), memory_.data() + head_, left);
    memory_ = std::move(larger);
  } else if (memory_.size() - tail_ >= std::max<std::size_t>(bytes, kPageBytes) &&
             memory_.size() - head_ >= wanted_) {
    return;
  } else {
    std::memmove(memory_.data(), memory_.data() + head_, left);
  }
  start_ += head_;
  head_ = 0;
  tail_ = left;
}

void RecordWindow::filled(std::size_t bytes, bool at_end) {
  tail_ += bytes;
  at_end_ = at_end;
  const std::size_t whole = padded(tail_);
  if (whole == tail_) return;
  WEIR_CHECK(at_end);  // only the end of a file may lie within a page
  std::memset(memory_.data() + tail_, 0, whole - tail_);
  tail_ = whole;
}

void RecordWindow::skip_to(std::uint64_t offset) {
  WEIR_CHECK(in_hole() && offset % kPageBytes == 0 && offset >= start_ + tail_);
  start_ = offset;
  head_ = 0;
  tail_ = 0;
  hole_.end = offset;
}

}  // namespace weir
