#include "io/config/pattern_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "core/wire/json_text.h"

namespace weir {
namespace {

// Writes a mapping as JSON. Walks with a stack of its own: depth comes from the file.
class JsonWriter {
 public:
  JsonWriter(Reading& reading, const std::string& what) : reading_(reading), what_(what) {}

  std::optional<PatternText> run(const YamlNode& root) {
    pattern_.node = &root;
    open(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      if (frame.next == frame.node->children.size()) {
        pattern_.json += frame.node->kind == YamlNode::Kind::mapping ? '}' : ']';
        frames_.pop_back();
        continue;
      }
      if (frame.next > 0) pattern_.json += ',';
      if (frame.node->kind == YamlNode::Kind::mapping) {
        key(frame, reading_.tree.node(frame.node->children[frame.next++]));
      }
      value(reading_.tree.node(frame.node->children[frame.next++]));  // may move `frame`
    }
    if (!whole_) return std::nullopt;
    return std::move(pattern_);
  }

 private:
  struct Frame {
    const YamlNode* node;
    std::size_t next = 0;
    std::unordered_set<std::string_view> keys;
  };

  void fault(const YamlNode& at, std::string_view message) {
    whole_ = false;
    reading_.fault(at, fmt::format("{}: {}", what_, message));
  }

  void mark(const YamlNode& node) {
    pattern_.places.emplace_back(pattern_.json.size(), node.offset);
  }

  void open(const YamlNode& node) {
    mark(node);
    pattern_.json += node.kind == YamlNode::Kind::mapping ? '{' : '[';
    frames_.push_back({.node = &node, .keys = {}});
  }

  void quoted(std::string_view text) {
    pattern_.json += '"';
    pattern_.json += json_escaped(text);
    pattern_.json += '"';
  }

  void key(Frame& frame, const YamlNode& node) {
    mark(node);
    // A plain `null` or `~` before the colon is a name like any other.
    const bool is_text = node.kind == YamlNode::Kind::scalar ||
                         (node.kind == YamlNode::Kind::null && !node.text.empty());
    if (!is_text) {
      fault(node, fmt::format("a field name is {}, a text is needed", kind_name(node)));
    } else if (node.plain && node.text == "<<") {
      fault(node, "merge keys ('<<') are not supported, write the fields out");
    } else if (!frame.keys.insert(node.text).second) {
      fault(node, fmt::format("field '{}' is repeated, keep one", shown(node.text)));
    }
    quoted(node.text);
    pattern_.json += ':';
  }

  void value(const YamlNode& node) {
    switch (node.kind) {
      case YamlNode::Kind::mapping:
      case YamlNode::Kind::sequence:
        return open(node);
      case YamlNode::Kind::null:
        mark(node);
        if (node.text.empty()) return fault(node, "a value is missing");
        if (node.text == "null") {
          pattern_.json += "null";
        } else {
          quoted(node.text);
        }
        return;
      case YamlNode::Kind::scalar:
        return scalar(node);
    }
  }

  void scalar(const YamlNode& node) {
    mark(node);
    Result<Substituted> text =
        substitute(node.text, Substitution::plain_text, reading_.environment);
    if (!text) return fault(node, text.error().message);
    const std::size_t begin = pattern_.json.size();
    if (node.plain && is_json_number_or_literal(text->text)) {
      pattern_.json += text->text;
    } else {
      quoted(text->text);
    }
    for (Substituted::Piece piece : text->pieces) {
      hide(text->text.substr(piece.begin, piece.end - piece.begin), std::move(piece.name), begin);
    }
  }

  // Remembers a replaced value, so that no message shows it.
  void hide(const std::string& value, std::string name, std::size_t json_begin) {
    Substituted& hidden = pattern_.substituted;
    const std::size_t begin = hidden.text.size();
    hidden.text += value;
    hidden.pieces.push_back({begin, hidden.text.size(), json_begin, json_begin, std::move(name)});
  }

  Reading& reading_;
  const std::string& what_;
  PatternText pattern_;
  std::vector<Frame> frames_;
  bool whole_ = true;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Where the content of a scalar begins: behind the quote, or in the line below a block's header.
std::size_t content_begin(std::string_view source, std::size_t at) {
  if (at >= source.size()) return source.size();
  if (source[at] == '\'' || source[at] == '"') return at + 1;
  if (source[at] == '|' || source[at] == '>') {
    const std::size_t line_end = source.find('\n', at);
    return line_end == std::string_view::npos ? source.size() : line_end + 1;
  }
  return at;
}

// Follows the text of a scalar through the source: both run side by side, and what YAML adds
// (indentation, doubled quotes, backslashes) is skipped on its side. npos where they part.
std::size_t follow(std::string_view source, std::size_t at, std::string_view text,
                   std::size_t offset) {
  std::size_t i = content_begin(source, at);
  std::size_t j = 0;
  while (i < source.size() && j < text.size()) {
    if (source[i] == text[j]) {
      if (j == offset) return i;
      ++i;
      ++j;
    } else if (is_blank(source[i]) || source[i] == '\'' || source[i] == '\\') {
      ++i;
    } else if (is_blank(text[j])) {
      ++j;
    } else {
      return std::string_view::npos;
    }
  }
  return j >= offset || j == text.size() ? std::min(i, source.size()) : std::string_view::npos;
}

}  // namespace

std::size_t PatternText::source_offset(std::size_t json_offset, const SourceText& source) const {
  if (node->kind == YamlNode::Kind::scalar) {
    const std::size_t found =
        follow(source.text(), node->offset, node->text, substituted.written_offset(json_offset));
    return found == std::string_view::npos ? node->offset : found;
  }
  const auto after = std::ranges::upper_bound(places, json_offset, {},
                                              &std::pair<std::size_t, std::size_t>::first);
  return after == places.begin() ? node->offset : std::prev(after)->second;
}

std::optional<PatternText> read_pattern(Reading& reading, const YamlNode& node,
                                        const std::string& what) {
  if (node.kind == YamlNode::Kind::mapping) return JsonWriter(reading, what).run(node);
  if (node.kind != YamlNode::Kind::scalar) {
    reading.fault(node, fmt::format("{} is {}, a mapping or a string of JSON text is needed", what,
                                    kind_name(node)));
    return std::nullopt;
  }
  Result<Substituted> text = substitute(node.text, Substitution::json_text, reading.environment);
  if (!text) {
    reading.fault(node, fmt::format("{}: {}", what, text.error().message));
    return std::nullopt;
  }
  PatternText pattern;
  pattern.json = text->text;
  pattern.node = &node;
  pattern.substituted = std::move(*text);
  return pattern;
}

}  // namespace weir
