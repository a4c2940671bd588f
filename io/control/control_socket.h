// What both ends of DATA_DIR/control.sock share (internal to io/control): addresses, lines.
//
// The protocol: one request line, any number of answer lines, and a last one that says how it
// ended,
// {"end":"ok"} or {"end":"error","message":"..."}. Then the connection is closed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/descriptor/descriptor.h"

namespace weir {

inline constexpr std::string_view kEndMark = "{\"end\":";
inline constexpr std::string_view kEndOk = "{\"end\":\"ok\"}";
inline constexpr std::size_t kRequestBytesMax = 1U << 20U;
inline constexpr std::size_t kAnswerBytesMax = 512U
                                               << 20U;  // an event of 64 MiB, escaped, and more

// The socket's path by way of a descriptor of its directory: addresses of unix sockets are short.
std::string control_path(int directory);
Result<Descriptor> open_directory(const std::string& data_dir);
Result<Descriptor> make_control_socket();

bool send_all(int fd, std::string_view bytes);

// Lines as they come in, without their ends.
class LineReader {
 public:
  LineReader(int fd, std::size_t bytes_max) : fd_(fd), bytes_max_(bytes_max) {}
  // Nothing at the end of the stream, after an error, and for a line that is too long.
  std::optional<std::string> next();

 private:
  int fd_;
  std::size_t bytes_max_;
  std::string held_;
  std::size_t begin_ = 0;  // of the next line
};

}  // namespace weir
