// Function length, from the braces alone. The sources are formatted, so a brace behind a blank
// opens a body or a scope, and a brace that touches what is before it (`a_{1}`) an initialiser.
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/house_rules.h"

namespace weir::tidy {
namespace {

enum class BraceKind { scope, function, inner };

struct OpenBrace {
  BraceKind kind;
  std::size_t head_line;
  std::string name;
};

// The text since the last statement or brace at this level: what a brace belongs to.
struct Head {
  std::string text;
  std::size_t line = 0;

  void clear() {
    text.clear();
    line = 0;
  }
  void add(char c, std::size_t at_line) {
    if (text.empty() && (c == ' ' || c == '\n')) return;
    if (text.empty()) line = at_line;
    text.push_back(c == '\n' ? ' ' : c);
  }
};

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ');
}

std::string_view without_template(std::string_view head) {
  while (head.starts_with("template")) {
    std::size_t i = head.find('<');
    if (i == std::string_view::npos) return head;
    std::size_t depth = 0;
    for (; i < head.size(); ++i) {
      if (head[i] == '<') ++depth;
      if (head[i] == '>' && --depth == 0) break;
    }
    head.remove_prefix(std::min(i + 1, head.size()));
    while (head.starts_with(' ')) head.remove_prefix(1);
  }
  return head;
}

BraceKind kind_of(std::string_view head) {
  head = without_template(head);
  for (const std::string_view word : {"namespace", "class", "struct", "union", "enum", "extern"}) {
    // `extern "C" int f() {` is a function, and so is one that returns `struct stat`.
    if (starts_with_word(head, word) && head.find('(') == std::string_view::npos) {
      return BraceKind::scope;
    }
  }
  if (starts_with_word(head, "inline namespace")) return BraceKind::scope;
  return head.find('(') == std::string_view::npos ? BraceKind::inner : BraceKind::function;
}

// `a_{1}`, `= {1}`, `f({1})`: no body.
bool opens_initialiser(std::string_view head) {
  if (head.empty() || head.back() != ' ') return !head.empty();
  const std::size_t last = head.find_last_not_of(' ');
  return last != std::string_view::npos &&
         (head[last] == '=' || head[last] == ',' || head[last] == '(');
}

std::string name_of(std::string_view head) {
  std::string_view name = head.substr(0, head.find('('));
  const std::size_t blank = name.find_last_of(" *&");
  if (blank != std::string_view::npos) name.remove_prefix(blank + 1);
  return std::string(name);
}

void blank_preprocessor_lines(std::string& code) {
  bool inside = false;
  std::size_t begin = 0;
  while (begin < code.size()) {
    const std::size_t end = std::min(code.find('\n', begin), code.size());
    const std::size_t first = code.find_first_not_of(' ', begin);
    if (inside || (first < end && code[first] == '#')) {
      inside = end > begin && code[end - 1] == '\\';
      for (std::size_t i = begin; i < end; ++i) code[i] = ' ';
    }
    begin = end + 1;
  }
}

}  // namespace

Findings check_function_length(const SourceFile& file) {
  Findings findings;
  if (!is_cpp(file.path)) return findings;
  std::string code = code_only(file.text);
  blank_preprocessor_lines(code);

  std::vector<OpenBrace> open;
  Head head;
  std::size_t line = 1;
  std::size_t bodies = 0;  // open braces that are inside a function or an initialiser
  for (const char c : code) {
    if (c == '{') {
      const bool inner = bodies > 0 || opens_initialiser(head.text);
      const BraceKind kind = inner ? BraceKind::inner : kind_of(head.text);
      open.push_back({kind, head.line == 0 ? line : head.line, name_of(head.text)});
      if (kind != BraceKind::scope) ++bodies;
      if (!inner) head.clear();
    } else if (c == '}' && !open.empty()) {
      const OpenBrace brace = open.back();
      open.pop_back();
      if (brace.kind != BraceKind::scope) --bodies;
      const std::size_t length = line - brace.head_line + 1;
      if (brace.kind == BraceKind::function && length > kFunctionLinesMax) {
        findings.push_back(
            {file.path, brace.head_line,
             "function " + brace.name + " has " + std::to_string(length) + " lines"});
      }
      if (brace.kind != BraceKind::inner) head.clear();
    } else if (bodies == 0) {
      if (c == ';') {
        head.clear();
      } else {
        head.add(c, line);
      }
    }
    if (c == '\n') ++line;
  }
  if (!open.empty()) findings.push_back({file.path, open.front().head_line, "brace never closed"});
  return findings;
}

}  // namespace weir::tidy
