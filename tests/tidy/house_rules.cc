#include "tests/tidy/house_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

namespace weir::tidy {
namespace {

struct Include {
  std::size_t line;
  std::string_view name;
  bool quoted;
};

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> includes;
  std::size_t number = 0;
  for (std::string_view line : lines_of(file.text)) {
    ++number;
    if (!line.starts_with("#include ")) continue;
    line.remove_prefix(std::string_view("#include ").size());
    if (line.size() < 2 || (line.front() != '"' && line.front() != '<')) continue;
    const char closing = line.front() == '"' ? '"' : '>';
    const std::size_t end = line.find(closing, 1);
    if (end == std::string_view::npos) continue;
    includes.push_back({number, line.substr(1, end - 1), closing == '"'});
  }
  return includes;
}

bool in_any(std::string_view path, std::span<const std::string_view> folders) {
  return std::any_of(folders.begin(), folders.end(), [&](std::string_view folder) {
    return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
  });
}

bool may_include(std::string_view from, std::string_view to) {
  if (from == "core") return to == "core";
  if (from == "io") return to == "core" || to == "io";
  if (from == "tools") return to == "core" || to == "io" || to == "tools";
  return true;  // tests and benchmarks see all: a benchmark proves its answer by a reference
}

std::string_view module_of(std::string_view path) {
  const std::string_view room = room_of(path);
  const std::size_t slash = room.find('/');
  return slash == std::string_view::npos ? std::string_view() : room.substr(slash + 1);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The lines on which `word` stands in `text`, with no letter, digit or underscore right before it,
// nor right behind it where it ends in one.
std::vector<std::size_t> lines_with_word(std::string_view text, std::string_view word) {
  std::vector<std::size_t> found;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    for (std::size_t at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      if (is_word(word.front()) && at > 0 && is_word(line[at - 1])) continue;
      if (is_word(word.back()) && end < line.size() && is_word(line[end])) continue;
      found.push_back(number);
      break;
    }
  }
  return found;
}

struct Home {
  std::string_view what;                  // how an include's name begins
  std::vector<std::string_view> folders;  // where it may stand
  std::string_view where;
};

std::size_t columns_of(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

// Scripts carry no extension; what they are stands in their first line.
bool is_source(const SourceFile& file) {
  return is_cpp(file.path) || has_extension(file.path, ".py") || has_extension(file.path, ".sh") ||
         has_extension(file.path, ".cmake") || has_extension(file.path, "CMakeLists.txt") ||
         file.text.starts_with("#!");
}

}  // namespace

std::vector<std::string> module_order(std::string_view cmake_text) {
  constexpr std::string_view kOpening = "foreach(module ";
  const std::size_t begin = cmake_text.find(kOpening);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = cmake_text.find(')', begin);
  std::istringstream words(
      std::string(cmake_text.substr(begin + kOpening.size(), end - begin - kOpening.size())));
  std::vector<std::string> order;
  for (std::string word; words >> word;) order.push_back(word);
  return order;
}

Findings check_include_direction(const SourceFile& file, const ModuleOrders& orders) {
  Findings findings;
  if (!is_cpp(file.path)) return findings;
  const std::string_view from = top_of(file.path);
  for (const Include& include : includes_of(file)) {
    if (!include.quoted) continue;
    const std::string_view to = top_of(include.name);
    const std::string name(include.name);
    if (to != "core" && to != "io" && to != "tools" && to != "bench" && to != "tests") {
      findings.push_back({file.path, include.line, name + " is not written from the root"});
      continue;
    }
    // A benchmark checks its answers by the reference before it times anything.
    if (from == "bench" && include.name.starts_with("tests/reference/")) continue;
    if (!may_include(from, to)) {
      findings.push_back({file.path, include.line, name + " is against the direction"});
      continue;
    }
    if (from != to || (from != "core" && from != "io")) continue;
    const std::vector<std::string>& order = from == "core" ? orders.core : orders.io;
    const auto own = std::find(order.begin(), order.end(), module_of(file.path));
    const auto other = std::find(order.begin(), order.end(), module_of(include.name));
    if (own == order.end() || other == order.end()) {
      findings.push_back({file.path, include.line, name + ": module unknown to CMakeLists.txt"});
    } else if (other > own) {
      findings.push_back({file.path, include.line, name + " is against the order of modules"});
    }
  }
  return findings;
}

Findings check_homes(const SourceFile& file) {
  static const std::array<Home, 4> kHomes = {{
      {"liburing", {"io/ring"}, "io/ring"},
      {"simdjson", {"core/event", "core/rule", "bench", "tests"}, "core/event and core/rule"},
      {"concurrentqueue", {"core/sync"}, "core/sync"},
      {"atomic", {"core/sync", "tests"}, "core/sync"},
  }};
  Findings findings;
  if (!is_cpp(file.path)) return findings;
  for (const Include& include : includes_of(file)) {
    for (const Home& home : kHomes) {
      if (include.quoted || !include.name.starts_with(home.what)) continue;
      if (in_any(file.path, home.folders)) continue;
      findings.push_back({file.path, include.line,
                          std::string(include.name) + " belongs in " + std::string(home.where)});
    }
  }
  if (!in_any(file.path, kHomes[3].folders)) {
    const std::string code = code_only(file.text);
    for (const std::string_view word : {"std::atomic", "std::atomic_ref", "__atomic_", "__sync_"}) {
      for (const std::size_t line : lines_with_word(code, word)) {
        findings.push_back({file.path, line, "atomics belong in core/sync"});
      }
    }
  }
  return findings;
}

Findings check_core_is_pure(const SourceFile& file) {
  constexpr std::array<std::string_view, 20> kHeaders = {"sys/",
                                                         "netinet/",
                                                         "arpa/",
                                                         "net/",
                                                         "linux/",
                                                         "unistd.h",
                                                         "fcntl.h",
                                                         "poll.h",
                                                         "pthread",
                                                         "signal",
                                                         "csignal",
                                                         "time.h",
                                                         "ctime",
                                                         "thread",
                                                         "iostream",
                                                         "fstream",
                                                         "filesystem",
                                                         "future",
                                                         "condition_variable",
                                                         "netdb.h"};
  constexpr std::array<std::string_view, 9> kWords = {
      "steady_clock",  "system_clock", "high_resolution_clock", "random_device", "getenv",
      "clock_gettime", "this_thread",  "std::thread",           "std::jthread"};
  Findings findings;
  if (!is_cpp(file.path) || top_of(file.path) != "core") return findings;
  for (const Include& include : includes_of(file)) {
    if (include.quoted) continue;
    for (const std::string_view header : kHeaders) {
      if (!include.name.starts_with(header)) continue;
      findings.push_back(
          {file.path, include.line, std::string(include.name) + ": core makes no system call"});
    }
    // The table of flow-log layouts locks where a layout is seen for the first time.
    constexpr std::array<std::string_view, 2> kLocks = {"core/sync", "core/wire"};
    if (include.name == "mutex" && !in_any(file.path, kLocks)) {
      findings.push_back({file.path, include.line, "mutex: locks belong in core/sync"});
    }
  }
  const std::string code = code_only(file.text);
  for (const std::string_view word : kWords) {
    for (const std::size_t line : lines_with_word(code, word)) {
      if (lines_of(code)[line - 1].starts_with("#include \"")) continue;  // a header of ours
      findings.push_back({file.path, line, std::string(word) + ": core makes no system call"});
    }
  }
  return findings;
}

Findings check_file_length(const SourceFile& file) {
  const std::size_t lines = lines_of(file.text).size();
  if (!is_source(file) || lines <= kFileLinesMax) return {};
  return {{file.path, 0, std::to_string(lines) + " lines: two rooms would be clearer"}};
}

Findings check_line_length(const SourceFile& file) {
  Findings findings;
  if (!is_source(file)) return findings;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(file.text)) {
    ++number;
    const std::size_t columns = columns_of(line);
    if (columns <= kLineColumnsMax) continue;
    findings.push_back({file.path, number, std::to_string(columns) + " columns"});
  }
  return findings;
}

Findings check_header_opening(const SourceFile& file) {
  Findings findings;
  if (!has_extension(file.path, ".h")) return findings;
  if (!file.text.starts_with("// ")) {
    findings.push_back({file.path, 1, "a header opens with what it is for"});
  }
  if (file.text.find("\n#pragma once\n") == std::string::npos) {
    findings.push_back({file.path, 0, "#pragma once is missing"});
  }
  return findings;
}

Findings check_words(const SourceFile& file) {
  // Written in halves, so that this file passes its own test.
  static const std::array<std::string, 6> kWords = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X",
      "/ro"
      "ot/",
      "/ho"
      "me/",
      "/wo"
      "rk/"};
  Findings findings;
  for (const std::string& word : kWords) {
    for (const std::size_t line : lines_with_word(file.text, word)) {
      findings.push_back({file.path, line, word + " does not belong in the sources"});
    }
  }
  return findings;
}

Findings check_all_used(std::span<const SourceFile> files) {
  Findings findings;
  std::set<std::string, std::less<>> included;
  for (const SourceFile& file : files) {
    for (const Include& include : includes_of(file)) included.emplace(include.name);
  }
  for (const SourceFile& file : files) {
    if (has_extension(file.path, ".h") && !included.contains(file.path)) {
      findings.push_back({file.path, 0, "included by nobody"});
    }
    if (!has_extension(file.path, ".cc")) continue;
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    const bool built = std::any_of(files.begin(), files.end(), [&](const SourceFile& cmake) {
      if (!has_extension(cmake.path, "CMakeLists.txt")) return false;
      const std::string_view folder =
          std::string_view(cmake.path).substr(0, cmake.path.size() - sizeof("CMakeLists.txt") + 1);
      return file.path.starts_with(folder) && !lines_with_word(cmake.text, name).empty();
    });
    if (!built) findings.push_back({file.path, 0, "named in no CMakeLists.txt"});
  }
  return findings;
}

Findings check_top_level(std::span<const std::string> names) {
  constexpr std::array<std::string_view, 8> kAllowed = {
      "CMakeLists.txt", "core", "io", "bench", "tests", "tools", "README.md", "LICENSE"};
  Findings findings;
  for (const std::string& name : names) {
    // Dot files are free, and .gitignore keeps the build folders out.
    if (name.starts_with('.') || name == "build" || name.starts_with("build-")) continue;
    if (std::find(kAllowed.begin(), kAllowed.end(), name) != kAllowed.end()) continue;
    findings.push_back({name, 0, "the top level is fixed; this belongs in one of its rooms"});
  }
  for (const std::string_view needed : kAllowed) {
    if (std::find(names.begin(), names.end(), needed) != names.end()) continue;
    findings.push_back({std::string(needed), 0, "missing from the top level"});
  }
  return findings;
}

}  // namespace weir::tidy
