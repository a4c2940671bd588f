// The real sample files beside the source tree, where they exist.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::testing {

// The folder of samples: $WEIR_SHARED_DATA, or ../shared/data beside the source tree. Nothing if it
// is not there: then a test skips itself.
std::optional<std::filesystem::path> sample_folder();

// The bytes of a file; a name that ends in .gz is decompressed.
std::string read_sample(const std::filesystem::path& path);

// The files of a folder, in byte order of their names.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder);

std::vector<std::string_view> lines_of(std::string_view text);

// A line with the readable bytes behind it that a block gives it.
class PaddedLine {
 public:
  explicit PaddedLine(std::string_view line);
  std::string_view view() const { return {text_.data(), length_}; }

 private:
  std::string text_;
  std::size_t length_;
};

}  // namespace weir::testing
