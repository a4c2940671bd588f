#include "io/files/glob.h"

#include <glob.h>

#include <algorithm>

#include "io/files/file_reader.h"

namespace weir {

bool is_glob(const std::string& text) {
  return text.find_first_of("*?[") != std::string::npos;
}

std::vector<std::string> glob_matches(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  // GLOB_MARK puts a slash behind directories; GLOB_NOSORT as we sort by bytes, not by locale.
  if (::glob(pattern.c_str(), GLOB_MARK | GLOB_NOSORT, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::string path = found.gl_pathv[i];
      if (path.back() != '/') paths.push_back(std::move(path));
    }
  }
  globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<std::vector<std::string>> expand_glob(const std::string& pattern) {
  if (!is_glob(pattern)) return std::vector<std::string>{pattern};
  std::vector<std::string> paths = glob_matches(pattern);
  if (paths.empty()) {
    return Error{"no file matches " + pattern +
                 ". Check the path, which is relative to the directory weir was started in"};
  }
  return paths;
}

}  // namespace weir
