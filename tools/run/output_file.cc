#include "tools/run/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace weir {

Status prepare_output_file(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) {
      return Error{
          fmt::format("cannot make the directory {}: {}; choose another place or make it "
                      "writable for this user",
                      folder.string(), failure.message())};
    }
  }
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
  if (file < 0) {
    return Error{
        fmt::format("cannot write {}: {}; choose another place or make it writable for this user",
                    path, std::strerror(errno))};
  }
  ::close(file);
  return Done{};
}

}  // namespace weir
