#include "tools/sink/sink_connection.h"

#include <algorithm>
#include <cstring>

#include "tools/common/newlines.h"
#include "tools/common/stamp.h"

namespace weir {
namespace {

void take_line(SinkPort& port, std::string_view line, std::int64_t now_ns) {
  std::size_t at = find_stamp(line, 0);
  bool found = false;
  // More than one stamp only in an array of records: a line that begins with its stamp is not one.
  while (at != std::string_view::npos) {
    if (const auto stamp = parse_stamp(line.substr(at))) {
      found = true;
      ++port.stamped;
      port.check.see(*stamp);
      port.latency.record(now_ns - stamp->time_ns);
    }
    if (line.front() != '[') break;
    at = find_stamp(line, at + kStampStart.size());
  }
  if (!found) ++port.unstamped;
}

// Returns the number of line ends in the chunk.
std::uint64_t take_lines(SinkConnection& connection, std::string_view chunk, std::int64_t now_ns) {
  std::uint64_t lines = 0;
  while (!chunk.empty()) {
    const void* found = std::memchr(chunk.data(), '\n', chunk.size());
    const bool whole = found != nullptr;
    const std::size_t length =
        whole ? static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data())
              : chunk.size();
    if (!whole || !connection.head.empty()) {
      const std::size_t room = kHeadBytesMax - connection.head.size();
      connection.head.append(chunk.substr(0, std::min(length, room)));
    }
    if (!whole) break;
    take_line(*connection.port, connection.head.empty() ? chunk.substr(0, length) : connection.head,
              now_ns);
    connection.head.clear();
    ++lines;
    chunk.remove_prefix(length + 1);
  }
  return lines;
}

// Whole lines only, so that the lines of several connections do not mix.
void copy_lines(SinkConnection& connection, std::string_view chunk) {
  std::FILE* file = connection.port->output.get();
  const std::size_t last = chunk.rfind('\n');
  if (last == std::string_view::npos) {
    connection.unwritten.append(chunk);
    return;
  }
  std::fwrite(connection.unwritten.data(), 1, connection.unwritten.size(), file);
  std::fwrite(chunk.data(), 1, last + 1, file);
  connection.unwritten.assign(chunk.substr(last + 1));
}

}  // namespace

void take_chunk(SinkConnection& connection, std::string_view chunk, std::int64_t now_ns,
                bool read_stamps) {
  SinkPort& port = *connection.port;
  const std::uint64_t lines =
      read_stamps ? take_lines(connection, chunk, now_ns) : count_newlines(chunk);
  connection.records += lines;
  connection.mid_line = chunk.back() != '\n';
  port.records += lines;
  port.bytes += chunk.size();
  ++port.receives;
  if (port.first_ns == 0) port.first_ns = now_ns;
  port.last_ns = now_ns;
  if (port.output) copy_lines(connection, chunk);
}

void take_end(SinkConnection& connection) {
  SinkPort& port = *connection.port;
  if (connection.mid_line) ++port.partial_lines;
  if (!port.output) return;
  std::fwrite(connection.unwritten.data(), 1, connection.unwritten.size(), port.output.get());
  std::fflush(port.output.get());
}

}  // namespace weir
