#include "tools/sink/sequence_check.h"

#include <fmt/format.h>

namespace weir {

void SequenceCheck::see(const Stamp& stamp) {
  if (last_line_ == nullptr || last_connection_ != stamp.connection) {
    last_line_ = &lines_[stamp.connection];  // stays in place: the map moves no elements
    last_connection_ = stamp.connection;
  }
  Line& line = *last_line_;
  if (stamp.sequence != line.next) return see_out_of_turn(line, stamp);
  if (line.next % 64 == 0) line.seen.push_back(0);
  line.seen[line.next / 64] |= std::uint64_t{1} << (line.next % 64);
  ++line.next;
  ++line.distinct;
}

void SequenceCheck::see_out_of_turn(Line& line, const Stamp& stamp) {
  const std::uint64_t n = stamp.sequence;
  if (n > line.next + kLeapMax) {
    ++implausible_;
    return note(stamp, "is far beyond", line.next);
  }
  const bool late = n < line.next;
  if (!late) {
    line.seen.resize(n / 64 + 1, 0);
    line.next = n + 1;
  }
  std::uint64_t& word = line.seen[n / 64];
  const std::uint64_t bit = std::uint64_t{1} << (n % 64);
  if ((word & bit) != 0) {
    ++duplicates_;
    return note(stamp, "came again; largest so far", line.next - 1);
  }
  word |= bit;
  ++line.distinct;
  if (!late) return;
  ++disordered_;
  note(stamp, "came after", line.next - 1);
}

void SequenceCheck::note(const Stamp& stamp, const char* what, std::uint64_t other) {
  if (!first_fault_.empty()) return;
  first_fault_ =
      fmt::format("connection {}: record {} {} {}", stamp.connection, stamp.sequence, what, other);
}

SequenceCheck::Totals SequenceCheck::totals() const {
  Totals totals;
  totals.connections = lines_.size();
  totals.duplicates = duplicates_;
  totals.disordered = disordered_;
  totals.implausible = implausible_;
  for (const auto& [connection, line] : lines_) {
    totals.distinct += line.distinct;
    totals.missing += line.next - line.distinct;
  }
  return totals;
}

}  // namespace weir
