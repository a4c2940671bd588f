// The source tree as the tidy test sees it: files in memory, and their code without comments and
// literals. One thread; plain values; a file that cannot be read is an empty one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::tidy {

struct SourceFile {
  std::string path;  // relative to the root, with '/'
  std::string text;
};

// One breach of a house rule.
struct Finding {
  std::string path;
  std::size_t line;  // from 1; 0: the file as a whole
  std::string message;
  friend bool operator==(const Finding&, const Finding&) = default;
};

using Findings = std::vector<Finding>;

std::vector<std::string_view> lines_of(std::string_view text);
bool has_extension(std::string_view path, std::string_view extension);
bool is_cpp(std::string_view path);
// "core/base/check.h" -> "core"; "core/base".
std::string_view top_of(std::string_view path);
std::string_view room_of(std::string_view path);

// The same text, every byte of a comment, string or character literal replaced by a blank; line
// ends stay, so that line numbers hold. An include's file name is code, not a literal.
std::string code_only(std::string_view text);

// All files below the rooms and at the top level, sorted by path; build folders and what hides
// behind a dot are left out, except the top level's own dot files' names (see top_level_names).
std::vector<SourceFile> load_tree(const std::string& root);
std::vector<std::string> top_level_names(const std::string& root);

}  // namespace weir::tidy
