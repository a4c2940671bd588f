#include "tests/unit/wire/sample_data.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "core/wire/byte_mask.h"

namespace weir::testing {

std::optional<std::filesystem::path> sample_folder() {
  const char* override = std::getenv("WEIR_SHARED_DATA");
  const std::filesystem::path folder =
      override != nullptr ? std::filesystem::path(override)
                          : std::filesystem::path(WEIR_SOURCE_DIR) / ".." / "shared" / "data";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder;
}

std::string read_sample(const std::filesystem::path& path) {
  if (path.extension() != ".gz") {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::string text;
  const std::string command = "gzip -dc '" + path.string() + "'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::vector<char> piece(1U << 16U);
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe)) {
    text.append(piece.data(), count);
  }
  ::pclose(pipe);
  return text;
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

PaddedLine::PaddedLine(std::string_view line) : text_(line), length_(line.size()) {
  text_.append(kWirePadding, '\n');
  text_.shrink_to_fit();
}

}  // namespace weir::testing
