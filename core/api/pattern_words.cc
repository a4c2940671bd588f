#include "core/api/pattern_words.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/rule/address.h"
#include "core/rule/json_text.h"
#include "core/rule/json_tree.h"
#include "core/rule/service_limits.h"

namespace weir {
namespace {

using Kind = JsonNode::Kind;

// A reason, and behind which byte the service's parser stood; no place for some.
struct Words {
  std::string reason;
  std::optional<std::size_t> behind;
  bool in_list = false;  // the service names the place twice then
};
using Told = std::optional<Words>;

constexpr std::string_view kOneOf =
    ": was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

bool contains(const auto& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

// Where the parser stands when it has seen that a value begins: behind a bracket or quote, or
// behind all of a number or literal.
std::size_t seen(const JsonNode& node) {
  const bool opened =
      node.kind == Kind::object || node.kind == Kind::array || node.kind == Kind::string;
  return opened ? node.offset + 1 : node.end;
}

// The name that the service gives to what is no JSON.
Told unsound(std::string_view text, std::size_t at) {
  const auto in_word = [&](std::size_t i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto letter = static_cast<unsigned char>(c | 0x20U);
    return c >= 0x80 || c == '_' || c == '$' || is_digit(text[i]) ||
           (letter >= 'a' && letter <= 'z');
  };
  if (at >= text.size()) return std::nullopt;
  if (text[at] == '\'' && at > 0) {
    const std::size_t before = text.find_last_not_of(" \t\r\n", at - 1);
    if (before != std::string_view::npos && (text[before] == '{' || text[before] == ',')) {
      return Words{
          "Unexpected character (''' (code 39)): was expecting double-quote to start field "
          "name",
          at};
    }
  }
  std::size_t begin = at;
  while (begin > 0 && in_word(begin - 1)) --begin;
  std::size_t end = begin;
  while (end < text.size() && in_word(end)) ++end;
  // A word where a value is due; a name or number there goes wrong otherwise.
  const std::size_t before =
      begin == 0 ? std::string_view::npos : text.find_last_not_of(" \t\r\n", begin - 1);
  const bool due = before == std::string_view::npos || text[before] == ':' || text[before] == '[';
  if (!due || end == begin || is_digit(text[begin])) return std::nullopt;
  return Words{"Unrecognized token '" + std::string(text.substr(begin, end - begin)) + "'" +
                   std::string(kOneOf),
               end};
}

// The nodes from the root down to the one that `offset` lies in.
std::vector<const JsonNode*> nodes_at(const JsonTree& tree, std::size_t offset) {
  std::vector<const JsonNode*> out = {&tree.root()};
  for (bool deeper = true; deeper;) {
    deeper = false;
    for (const JsonNode* child = tree.first_child(*out.back()); child; child = tree.next(*child)) {
      const std::size_t begin =
          child->raw_name.data() != nullptr ? child->name_offset : child->offset;
      if (offset < begin || offset >= child->end) continue;
      out.push_back(child);
      deeper = true;
      break;
    }
  }
  return out;
}

Told not_a_string(std::string_view name, const JsonNode& value, bool in_list) {
  return Words{std::string(name) + " match pattern must be a string", seen(value), in_list};
}

Told about_wildcard(const JsonNode& value) {
  const std::string text = value.text();
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '*' && text[i + 1] == '*') {
      return Words{"Consecutive wildcard characters at pos " + std::to_string(i + 1), value.end};
    }
  }
  return std::nullopt;
}

Told about_cidr(const JsonNode& value) {
  std::string text = value.text();
  while (text.ends_with('/')) text.pop_back();
  if (std::ranges::count(text, '/') != 1) return Words{"Malformed CIDR, one '/' required", {}};
  const std::size_t slash = text.find('/');
  std::string_view bits = std::string_view(text).substr(slash + 1);
  if (bits.starts_with('+')) bits.remove_prefix(1);
  if (bits.starts_with('-')) return std::nullopt;
  if (bits.empty() || !std::ranges::all_of(bits, is_digit)) {
    return Words{"Malformed CIDR, mask bits must be an integer", {}};
  }
  if (parse_address(std::string_view(text).substr(0, slash))) return std::nullopt;
  return Words{"Nonstandard IP address: " + text.substr(0, slash), {}};
}

Told about_numeric(const JsonTree& tree, const JsonNode& list, const JsonNode& at) {
  if (list.kind != Kind::array) return Words{"Value of numeric must be an array.", seen(list)};
  static constexpr std::array<std::string_view, 4> kEnds = {"<", "<=", ">", ">="};
  const JsonNode* before = nullptr;
  std::size_t index = 0;
  const JsonNode* term = tree.first_child(list);
  for (; term != nullptr && term != &at; term = tree.next(*term), ++index) before = term;
  if (term == nullptr) return std::nullopt;
  if (index % 2 == 1 && before->kind == Kind::string && contains(kEnds, before->text())) {
    return Words{"Value of " + before->text() + " must be numeric", seen(at)};
  }
  if (index % 2 == 1 || at.kind != Kind::string || !contains(kEnds, at.text())) return std::nullopt;
  if (tree.next(at) == nullptr)
    return Words{"Value of " + at.text() + " must be numeric", list.end};
  const bool upward = tree.first_child(list)->text().starts_with('>');
  if (index == 2 && upward && at.text().starts_with('>')) {
    return Words{"Bad numeric range operator: " + at.text(), at.end};
  }
  return std::nullopt;
}

bool is_bare(const JsonNode& node) {
  return node.kind == Kind::null || node.kind == Kind::true_ || node.kind == Kind::false_;
}

constexpr std::string_view kAnythingButTakes =
    "Value of anything-but must be an array or single string/number value.";

// `inner`: prefix, suffix, ... below anything-but; `value`: its argument, or the entry of that list
// which is wrong.
Told about_exclusion(const JsonNode& inner, const JsonNode& value) {
  const std::string name = inner.name();
  const bool in_list = &value != &inner;
  if (value.kind == Kind::array) return std::nullopt;
  if (name == "equals-ignore-case" && value.kind != Kind::string) {
    return Words{
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        seen(value), in_list};
  }
  if (name == "wildcard") {
    return value.kind == Kind::string ? about_wildcard(value) : not_a_string(name, value, in_list);
  }
  if (name != "prefix" && name != "suffix") return std::nullopt;
  if (value.kind == Kind::object)
    return Words{std::string(kAnythingButTakes), seen(value), in_list};
  if (value.kind != Kind::string) return not_a_string("prefix/suffix", value, in_list);
  return Words{"Null prefix/suffix not allowed", value.end, in_list};
}

Told about_anything_but(const std::vector<const JsonNode*>& below) {
  const JsonNode& argument = *below.front();
  if (below.size() == 1) {
    if (!is_bare(argument)) return std::nullopt;
    return Words{std::string(kAnythingButTakes), seen(argument)};
  }
  const JsonNode& value = *below[1];
  if (argument.kind == Kind::array) {
    if (value.kind == Kind::string || value.kind == Kind::number) return std::nullopt;
    return Words{"Inside anything but list, start|null|boolean is not supported.", seen(value),
                 true};
  }
  return about_exclusion(value, *below.back());
}

// `below`: from the argument of the operator down to what is wrong.
Told about_operator(const JsonTree& tree, const std::vector<const JsonNode*>& below,
                    const PatternError& error) {
  static constexpr std::array<std::string_view, 9> kOperators = {
      "exactly", "equals-ignore-case", "prefix",  "suffix", "anything-but",
      "exists",  "wildcard",           "numeric", "cidr"};
  const JsonNode& argument = *below.front();
  const std::string name = argument.name();
  if (!contains(kOperators, name)) {
    return Words{"Unrecognized match type " + name, seen(argument)};
  }
  if (error.offset == argument.name_offset) return std::nullopt;
  if (name == "anything-but") return about_anything_but(below);
  if (name == "numeric") return about_numeric(tree, argument, *below.back());
  const bool is_part = name == "prefix" || name == "suffix";
  if (argument.kind != Kind::string) {
    if ((is_part && argument.kind == Kind::object) || name == "exists" || name == "exactly") {
      return std::nullopt;
    }
    return not_a_string(name == "cidr" ? "prefix" : name, argument, false);
  }
  if (name == "cidr") return about_cidr(argument);
  return name == "wildcard" ? about_wildcard(argument) : std::nullopt;
}

Told told(std::string_view pattern, const PatternError& error) {
  if (error.message.starts_with(kTooComplexForService)) {
    return Words{
        "Rule is too complex - try using fewer wildcard characters or fewer repeating "
        "character sequences after a wildcard character",
        {}};
  }
  JsonTree tree;
  if (!tree.read(pattern)) return unsound(pattern, tree.fault().offset);
  if (tree.root().kind != Kind::object) return Words{"Filter is not an object", seen(tree.root())};
  const auto nodes = nodes_at(tree, error.offset);
  // The list of values, or the member that should be one.
  std::size_t list = 1;
  while (list < nodes.size() && nodes[list]->kind == Kind::object) ++list;
  if (list == nodes.size() || nodes[list]->name() == "$or") return std::nullopt;
  const JsonNode& field = *nodes[list];
  if (field.kind != Kind::array) {
    return Words{'"' + field.name() + "\" must be an object or an array", seen(field)};
  }
  if (field.children == 0) return Words{"Empty arrays are not allowed", field.end};
  if (list + 2 >= nodes.size() || nodes[list + 1]->kind != Kind::object) return std::nullopt;
  if (nodes[list + 2] != tree.first_child(*nodes[list + 1])) return std::nullopt;
  return about_operator(tree, {nodes.begin() + static_cast<std::ptrdiff_t>(list) + 2, nodes.end()},
                        error);
}

// As the service's parser shows where it stood.
std::string place(std::string_view pattern, std::size_t behind) {
  constexpr std::size_t kShownMax = 500;
  std::size_t line = 1;
  std::size_t column = 1;
  std::size_t units = 0;  // of UTF-16, in all
  std::size_t shown = pattern.size();
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t begin = at;
    const std::size_t wide = utf8_sequence_length(pattern.substr(at)) == 4 ? 2 : 1;
    at += std::max<std::size_t>(utf8_sequence_length(pattern.substr(at)), 1);
    if (units + wide > kShownMax && shown == pattern.size()) shown = begin;
    units += wide;
    if (begin >= behind) continue;
    column += wide;
    if (pattern[begin] == '\n') {
      ++line;
      column = 1;
    }
  }
  std::string out = "\n at [Source: (String)\"" + std::string(pattern.substr(0, shown)) + '"';
  if (shown < pattern.size()) {
    out += "[truncated " + std::to_string(units - kShownMax) + " chars]";
  }
  return out + "; line: " + std::to_string(line) + ", column: " + std::to_string(column) + ']';
}

}  // namespace

std::string pattern_words(std::string_view pattern, const PatternError& error) {
  const std::string begin = "Event pattern is not valid. Reason: ";
  if (const Told words = told(pattern, error)) {
    if (!words->behind) return begin + words->reason;
    const std::string at = place(pattern, *words->behind);
    return begin + words->reason + at + (words->in_list ? at : "");
  }
  const std::string at = error.path.empty() ? "" : "at '" + error.path + "': ";
  return begin + at + error.message + " (byte " + std::to_string(error.offset + 1) + ")";
}

}  // namespace weir
