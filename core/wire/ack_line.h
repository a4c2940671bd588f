// The lines that the receiving end of the ack protocol writes, read by the sending end:
//
//     {"ack":N}                   every line up to N, counted from 1 on this connection, is safe or
//                                 was refused
//     {"error":"...","line":M}    line M was refused
//     {"error":"..."}             no line: the receiver takes nothing for now
//
// Pure; any thread. Members may come in any order, with white space, and with others beside them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

struct AckLine {
  std::optional<std::uint64_t> ack;
  std::optional<std::string> error;
  std::optional<std::uint64_t> line;
};

// A line longer than this is not one of the protocol.
inline constexpr std::size_t kAckLineBytesMax = 4096;

// The line without its end. Nothing if it has neither an ack nor an error, or is no flat object of
// strings, numbers and the like.
std::optional<AckLine> parse_ack_line(std::string_view text);

}  // namespace weir
