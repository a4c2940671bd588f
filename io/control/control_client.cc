#include "io/control/control_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "io/control/control_socket.h"

namespace weir {
namespace {

// The message of a last line, as the server writes it. Escapes stay: it is for people.
std::string message_of(const std::string& end) {
  constexpr std::string_view kKey = "\"message\":\"";
  const std::size_t at = end.find(kKey);
  if (at == std::string::npos || !end.ends_with("\"}")) return "the router's answer makes no sense";
  const std::size_t begin = at + kKey.size();
  return end.substr(begin, end.size() - 2 - begin);
}

}  // namespace

ControlStatus ask_router(const std::string& data_dir, std::string_view request,
                         const std::function<void(std::string_view)>& on_line) {
  using Kind = ControlError::Kind;
  const Result<Descriptor> directory = open_directory(data_dir);
  if (!directory) return ControlError{Kind::failed, directory.error().message};
  const Result<Descriptor> socket = make_control_socket();
  if (!socket) return ControlError{Kind::failed, socket.error().message};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  control_path(directory->get()).copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket->get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
    return ControlError{nobody ? Kind::not_running : Kind::refused,
                        fmt::format("'{}/control.sock': {}", data_dir, std::strerror(errno))};
  }
  if (send_all(socket->get(), std::string(request) + "\n")) {
    LineReader reader(socket->get(), kAnswerBytesMax);
    while (const auto line = reader.next()) {
      if (!line->starts_with(kEndMark)) {
        on_line(*line);
      } else if (*line == kEndOk) {
        return Done{};
      } else {
        return ControlError{Kind::failed, message_of(*line)};
      }
    }
  }
  return ControlError{Kind::failed, "the router has closed the connection before the answer's end"};
}

}  // namespace weir
