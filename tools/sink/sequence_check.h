// SequenceCheck: order, loss and duplicates of numbered records, exactly.
//
// Judged for each connection of the load by itself. One bit per record number says whether it was
// seen, so that a record that comes again and one that comes late are told apart: memory is one
// eighth of a byte per record. Numbers that were never seen below the largest one are `missing`;
// only a receiver that is meant to get every record may call them lost.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/common/stamp.h"

namespace weir {

class SequenceCheck {
 public:
  struct Totals {
    std::uint64_t connections = 0;
    std::uint64_t distinct = 0;     // different records seen
    std::uint64_t duplicates = 0;   // records seen again
    std::uint64_t disordered = 0;   // seen for the first time, but after a later one
    std::uint64_t missing = 0;      // never seen, although a later one was
    std::uint64_t implausible = 0;  // numbers too far from all others to be believed
  };

  void see(const Stamp& stamp);
  Totals totals() const;
  // What went wrong first, "connection 0: record 17 came after 19"; empty if nothing did.
  const std::string& first_fault() const { return first_fault_; }

 private:
  // A leap beyond this is a damaged number rather than a gap, and must not take a gigabyte.
  static constexpr std::uint64_t kLeapMax = std::uint64_t{1} << 30U;

  struct Line {
    std::vector<std::uint64_t> seen;  // bit n: record n came
    std::uint64_t next = 0;           // largest number seen, plus one
    std::uint64_t distinct = 0;
  };

  void see_out_of_turn(Line& line, const Stamp& stamp);
  void note(const Stamp& stamp, const char* what, std::uint64_t other);

  std::unordered_map<std::uint64_t, Line> lines_;  // by number of the load's connection
  std::uint64_t last_connection_ = 0;
  Line* last_line_ = nullptr;
  std::uint64_t duplicates_ = 0;
  std::uint64_t disordered_ = 0;
  std::uint64_t implausible_ = 0;
  std::string first_fault_;
};

}  // namespace weir
