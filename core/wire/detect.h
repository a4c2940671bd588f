// What a stream is, by its first bytes: for sources whose format is `auto`, and to tell a peer that
// speaks another protocol on a port that expects lines.
//
// Pure functions of the bytes; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

enum class StreamFormat : std::uint8_t {
  undecided,         // more bytes are needed
  ndjson,            // JSON lines; also whatever is nothing else, to be refused line by line
  flow_log,          // flow-log lines; the first one may be a header
  records,           // for RecordSplitter in json mode
  wrapped_flow_log,  // for RecordSplitter in flow_log mode
  foreign            // not ours at all
};

struct Detection {
  StreamFormat format = StreamFormat::undecided;
  std::string_view foreign;  // "TLS", "HTTP", "SSH", "gzip", ... for messages
};

// Enough for every decision; more bytes change nothing.
inline constexpr std::size_t kDetectBytesMax = 4096;

// `first` is the start of the stream, of which `complete` says that it is all of it.
Detection detect_format(std::string_view first, bool complete);

// The foreign protocol alone, for sources whose format is given: empty for none. `first` may be
// short: what is not yet recognised is not foreign.
std::string_view foreign_protocol(std::string_view first);

}  // namespace weir
