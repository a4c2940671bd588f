// Unacked: the records of one connection that were taken from its feed and not acknowledged yet, in
// order, and how far they have been sent. After a break they are sent again from the first one.
// One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace weir {

class Unacked {
 public:
  // Whole records. `copy`: the bytes do not stay where they are.
  void push(std::string_view bytes, std::uint64_t records, bool copy, std::int64_t due_ns);

  std::uint64_t acked() const { return acked_; }           // records, from the first on
  std::uint64_t end() const { return end_; }               // records pushed
  std::uint64_t waiting() const { return end_ - acked_; }  // records
  std::string_view to_send() const;                        // empty: all was sent
  void sent(std::size_t bytes);
  // Records that were sent whole or in part.
  std::uint64_t begun() const;

  // `due_ns` of some records, and how many they are.
  using Acked = std::function<void(std::int64_t due_ns, std::uint64_t records)>;
  // All below record `count` is acknowledged. False if that many were never begun, or fewer than
  // before.
  bool ack(std::uint64_t count, const Acked& acked);
  // The connection broke: what is not acknowledged is to be sent again.
  void rewind();

 private:
  struct Piece {
    std::string memory;
    std::string_view bytes;
    std::uint64_t first = 0;  // record
    std::uint64_t records = 0;
    std::int64_t due_ns = 0;
  };
  std::deque<Piece> pieces_;
  std::uint64_t acked_ = 0;
  std::uint64_t end_ = 0;
  std::size_t at_piece_ = 0;  // where sending stands
  std::size_t at_byte_ = 0;
};

}  // namespace weir
