#include "tests/tidy/source_text.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kRooms = {"core", "io", "bench", "tests", "tools"};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void blank(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end && i < text.size(); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

// Where the literal that opens at `at` ends: behind its closing quote, or at the end of the line.
std::size_t literal_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  std::size_t i = at + 1;
  while (i < text.size() && text[i] != quote && text[i] != '\n') i += text[i] == '\\' ? 2U : 1U;
  return std::min(i + 1, text.size());
}

// R"delimiter( ... )delimiter": `at` is the R.
std::size_t raw_string_end(std::string_view text, std::size_t at) {
  const std::size_t open = text.find('(', at);
  if (open == std::string_view::npos) return text.size();
  std::string closing = ")";
  closing.append(text.substr(at + 2, open - at - 2)).append("\"");
  const std::size_t end = text.find(closing, open);
  return end == std::string_view::npos ? text.size() : end + closing.size();
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool starts(std::string_view text, std::size_t at, std::string_view what) {
  return text.substr(at, what.size()) == what;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool has_extension(std::string_view path, std::string_view extension) {
  return path.size() > extension.size() && path.ends_with(extension);
}

bool is_cpp(std::string_view path) {
  return has_extension(path, ".h") || has_extension(path, ".cc");
}

std::string_view top_of(std::string_view path) {
  return path.substr(0, path.find('/'));
}

std::string_view room_of(std::string_view path) {
  const std::size_t first = path.find('/');
  if (first == std::string_view::npos) return path;
  const std::size_t second = path.find('/', first + 1);
  return second == std::string_view::npos ? path.substr(0, first) : path.substr(0, second);
}

std::string code_only(std::string_view text) {
  std::string code(text);
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = i + 1;
    const bool word_before = i > 0 && is_word(text[i - 1]);
    if (starts(text, i, "//")) {
      end = std::min(text.find('\n', i), text.size());
      blank(code, i, end);
    } else if (starts(text, i, "/*")) {
      end = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
      blank(code, i, end);
    } else if (starts(text, i, "#include")) {
      end = std::min(text.find('\n', i), text.size());
    } else if (starts(text, i, "R\"") && !word_before) {
      end = raw_string_end(text, i);
      blank(code, i, end);
    } else if (text[i] == '"' || (text[i] == '\'' && !word_before)) {  // 1'000 is a number
      end = literal_end(text, i);
      blank(code, i, end);
    }
    i = end;
  }
  return code;
}

std::vector<SourceFile> load_tree(const std::string& root) {
  std::vector<SourceFile> files;
  for (const std::string_view room : kRooms) {
    const fs::path top = fs::path(root) / room;
    if (!fs::is_directory(top)) continue;
    for (auto entry = fs::recursive_directory_iterator(top); entry != fs::end(entry); ++entry) {
      const std::string name = entry->path().filename().string();
      if (entry->is_directory()) {
        if (name.front() == '.' || name == "__pycache__") entry.disable_recursion_pending();
      } else if (entry->is_regular_file() && name.front() != '.') {
        files.push_back({fs::relative(entry->path(), root).generic_string(), read_file(*entry)});
      }
    }
  }
  for (const char* name : {"CMakeLists.txt", "README.md", ".ci/run"}) {
    files.push_back({name, read_file(fs::path(root) / name)});
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string> top_level_names(const std::string& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace weir::tidy
