// The header of a gzip member, read byte by byte, so that it may arrive in any pieces. (isa-l 2.30
// has a reader of its own, which forgets the flags when a header comes in two pieces.)
//
// Facts: RFC 1952. Name, comment and the other extras are skipped, whatever their length.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

class GzipHeader {
 public:
  enum class State : std::uint8_t { more, done, bad };

  State take(std::uint8_t byte) {
    switch (part_) {
      case Part::fixed:
        return take_fixed(byte);
      case Part::extra_length:
        length_ |= static_cast<std::uint32_t>(byte) << (8 * taken_);
        if (++taken_ == 2) next_part(length_ > 0 ? Part::extra : Part::name);
        break;
      case Part::extra:
        if (--length_ == 0) next_part(Part::name);
        break;
      case Part::name:
      case Part::comment:
        if (byte == 0) next_part(part_ == Part::name ? Part::comment : Part::check);
        break;
      case Part::check:
        if (++taken_ == 2) next_part(Part::end);
        break;
      case Part::end:
        break;
    }
    return part_ == Part::end ? State::done : State::more;
  }

  const std::string& fault() const { return fault_; }

 private:
  enum class Part : std::uint8_t { fixed, extra_length, extra, name, comment, check, end };
  static constexpr std::uint8_t kFixedBytes = 10;
  static constexpr unsigned kHasCheck = 2;
  static constexpr unsigned kHasExtra = 4;
  static constexpr unsigned kHasName = 8;
  static constexpr unsigned kHasComment = 16;
  static constexpr unsigned kReserved = 0xe0;

  State take_fixed(std::uint8_t byte) {
    const unsigned at = taken_++;
    if ((at == 0 && byte != 0x1f) || (at == 1 && byte != 0x8b)) return bad("corrupt gzip header");
    if (at == 2 && byte != 8) return bad("unknown compression method in a gzip header");
    if (at == 3) flags_ = byte;
    if (at == 3 && (flags_ & kReserved) != 0) return bad("reserved flags in a gzip header");
    if (taken_ == kFixedBytes) next_part(Part::extra_length);
    return part_ == Part::end ? State::done : State::more;
  }

  State bad(const char* fault) {
    fault_ = fault;
    return State::bad;
  }

  // The given part, or the first after it that this header has.
  void next_part(Part part) {
    taken_ = 0;
    if (part == Part::extra_length && (flags_ & kHasExtra) == 0) part = Part::name;
    if (part == Part::name && (flags_ & kHasName) == 0) part = Part::comment;
    if (part == Part::comment && (flags_ & kHasComment) == 0) part = Part::check;
    if (part == Part::check && (flags_ & kHasCheck) == 0) part = Part::end;
    part_ = part;
  }

  Part part_ = Part::fixed;
  std::uint8_t taken_ = 0;  // bytes of a part of fixed length
  std::uint32_t length_ = 0;
  unsigned flags_ = 0;
  std::string fault_;
};

}  // namespace weir
