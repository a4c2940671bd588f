// PeerAcks: what the peer of one connection says about the lines it was sent, by the ack protocol
// (core/wire/ack_line.h): how many are acknowledged, and which of them were refused.
//
// Threads: the Writer's only. Memory: an unfinished line of the peer, and 8 bytes and the text for
// each refused line that no ack covers yet; more than kRefusalsMax of them are a fault.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

namespace weir {

class PeerAcks {
 public:
  static constexpr std::size_t kRefusalsMax = 16384;

  // A new connection: lines count from 1 again.
  void begin();
  // The next bytes of the peer. False once it has said what no peer may: see fault().
  bool hear(std::span<const char> bytes);
  // Lines that are acknowledged and that the owner has not passed yet.
  bool more() const { return passed_ < told_; }
  // The next such line was found in the stream. Returns why the peer refused it, or null; valid
  // until the next call.
  const std::string* pass();
  const std::string& fault() const { return fault_; }
  // An error that names no line: why the peer takes nothing for now. Empty: it said none.
  std::string take_notice();

 private:
  bool take_line(std::string_view text);
  struct Refused {
    std::uint64_t line;
    std::string error;
  };
  std::uint64_t told_ = 0;
  std::uint64_t passed_ = 0;
  std::string heard_;
  std::deque<Refused> refused_;  // by line, those above passed_
  std::string last_error_;
  std::string notice_;
  std::string fault_;
};

}  // namespace weir
