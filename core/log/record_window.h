// RecordWindow: walks over the records of one segment as its bytes come in, and over what is no
// record. It does no input itself: it says which bytes it wants where, and is told when they are
// there. So the reader beside the pipeline, recovery and the tools all walk in one way.
//
// Where no record decodes it goes on page by page until one does; what lies between is a Hole, told
// before the record behind it. What a hole means (damage, or the end of what was written) is the
// caller's to judge.
//
// Memory: `bytes`, more only while one record is larger. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/log/aligned_memory.h"
#include "core/log/record.h"

namespace weir {

class RecordWindow {
 public:
  static constexpr std::size_t kBytesMin = 64 * 1024;
  explicit RecordWindow(std::size_t bytes, const DecodeOptions& options = {});

  // A new walk, from `offset` (of a record, or any page). `segment_id` 0: that of the first record
  // that decodes; for a file whose header is damaged.
  void begin(std::uint64_t segment_id, std::uint64_t offset);

  enum class Step : std::uint8_t {
    record,  // record() decoded; it is valid until the next call of next()
    hole,    // hole() lies before the next record
    more,    // bytes are wanted: fill()
    end      // of the file, after filled() has said so; hole() may be what it ends in
  };
  Step next();
  const RecordView& record() const { return view_; }
  std::uint64_t record_offset() const { return record_offset_; }

  struct Hole {
    std::uint64_t begin = 0;  // offsets in the file; equal: none
    std::uint64_t end = 0;
    RecordError error = RecordError::none;  // of its first page
    bool blank = true;                      // all of it that was looked at
  };
  const Hole& hole() const { return hole_; }

  // Where the bytes go that are wanted next, at most `bytes_max` (whole pages), and where in the
  // file they are. Then filled(), with the number that came and whether the file ends behind them.
  struct Fill {
    std::span<char> memory;
    std::uint64_t offset = 0;
  };
  Fill fill(std::size_t bytes_max);
  void filled(std::size_t bytes, bool at_end);
  // The bytes from fill().offset to here are zeros; only while a hole is being walked over.
  void skip_to(std::uint64_t offset);
  bool in_hole() const { return in_hole_ && head_ == tail_; }
  // The file offset behind what has been filled.
  std::uint64_t filled_to() const { return start_ + tail_; }
  std::uint64_t segment_id() const { return segment_id_; }
  // Bytes that are there and not yet walked over; and how many the next record needs.
  std::uint64_t unread() const { return tail_ - head_; }
  std::uint64_t wanted() const { return wanted_; }

 private:
  Step found(RecordError error);
  void make_room(std::size_t bytes);

  const std::size_t bytes_;
  const DecodeOptions options_;
  AlignedMemory memory_;
  std::uint64_t segment_id_ = 0;
  std::uint64_t start_ = 0;   // file offset of the memory's first byte
  std::size_t head_ = 0;      // next page to look at
  std::size_t tail_ = 0;      // behind the bytes that are there
  std::uint64_t wanted_ = 0;  // from head_ on, for the record in question
  bool at_end_ = false;

  RecordView view_;
  std::uint64_t record_offset_ = 0;
  bool decoded_ = false;  // the record at head_, told after the hole before it
  bool in_hole_ = false;
  Hole hole_;
};

}  // namespace weir
