#include "tools/load/unacked.h"

#include <algorithm>

#include "core/base/check.h"
#include "tools/common/newlines.h"

namespace weir {

void Unacked::push(std::string_view bytes, std::uint64_t records, bool copy, std::int64_t due_ns) {
  Piece& piece = pieces_.emplace_back();
  if (copy) piece.memory = bytes;
  piece.bytes = copy ? std::string_view(piece.memory) : bytes;
  piece.first = end_;
  piece.records = records;
  piece.due_ns = due_ns;
  end_ += records;
}

std::string_view Unacked::to_send() const {
  return at_piece_ == pieces_.size() ? std::string_view()
                                     : pieces_[at_piece_].bytes.substr(at_byte_);
}

void Unacked::sent(std::size_t bytes) {
  at_byte_ += bytes;
  WEIR_CHECK(at_byte_ <= pieces_[at_piece_].bytes.size());
  if (at_byte_ < pieces_[at_piece_].bytes.size()) return;
  ++at_piece_;
  at_byte_ = 0;
}

std::uint64_t Unacked::begun() const {
  if (at_piece_ == pieces_.size()) return end_;
  const Piece& piece = pieces_[at_piece_];
  const std::string_view sent = piece.bytes.substr(0, at_byte_);
  return piece.first + count_newlines(sent) + (sent.empty() || sent.back() == '\n' ? 0 : 1);
}

bool Unacked::ack(std::uint64_t count, const Acked& acked) {
  if (count < acked_ || count > end_) return false;
  // Counting lines is only needed where the ack reaches into what is being sent.
  const bool sent_whole = at_piece_ == pieces_.size() || count <= pieces_[at_piece_].first;
  if (!sent_whole && count > begun()) return false;
  while (acked_ < count) {
    Piece& piece = pieces_.front();
    const std::uint64_t upto = std::min(count, piece.first + piece.records);
    acked(piece.due_ns, upto - acked_);
    acked_ = upto;
    // A record whose last bytes are still to be sent stays.
    if (acked_ < piece.first + piece.records || at_piece_ == 0) break;
    pieces_.pop_front();
    --at_piece_;
  }
  acked_ = count;
  return true;
}

void Unacked::rewind() {
  while (!pieces_.empty() && pieces_.front().first + pieces_.front().records <= acked_) {
    pieces_.pop_front();
  }
  at_piece_ = 0;
  at_byte_ = 0;
  if (pieces_.empty() || acked_ == pieces_.front().first) return;
  std::uint64_t found = 0;
  at_byte_ = offset_after_lines(pieces_.front().bytes, acked_ - pieces_.front().first, found);
}

}  // namespace weir
