#include "core/wire/input_transform.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/wire/render.h"

namespace weir {
namespace {

constexpr std::string_view kReserved = "aws.events.";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// The JSON without whitespace between its values, and without its quotes if they are to go.
void append_compact(std::string_view json, bool without_quotes, std::string& out) {
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      out += c;
      out += json[++i];
      continue;
    }
    if (c == '"') {
      in_string = !in_string;
      if (without_quotes) continue;
    }
    if (!in_string && is_space(c)) continue;
    out += c;
  }
}

}  // namespace

Result<InputTransform> InputTransform::compile(const InputSpec& spec, std::string_view target) {
  InputTransform transform;
  transform.spec_ = spec;
  const std::string of_target = " for target " + std::string(target);
  switch (spec.kind) {
    case InputSpec::Kind::event:
      break;
    case InputSpec::Kind::constant:
      if (!transform.check_.read(spec.text)) {
        return Error{"JSON syntax error in input" + of_target + "."};
      }
      break;
    case InputSpec::Kind::path:
      if (!read_path(spec.text, transform.path_)) {
        return Error{"InputPath" + of_target + " is not valid: " + spec.text + "."};
      }
      break;
    case InputSpec::Kind::transformer: {
      Path path;
      for (const auto& [name, text] : spec.paths) {
        if (read_path(text, path)) continue;
        return Error{"InputPathsMap" + of_target + " holds an invalid path: " + text + "."};
      }
      std::string placeholder;
      if (!transform.read_template(spec, placeholder)) {
        return Error{"InputTemplate" + of_target + " contains invalid placeholder " + placeholder +
                     "."};
      }
      break;
    }
  }
  return transform;
}

// `$`, then `.name`, `['name']` or `[0]`.
bool InputTransform::read_path(std::string_view text, Path& path) {
  path.clear();
  if (!text.starts_with('$')) return false;
  text.remove_prefix(1);
  while (!text.empty()) {
    Step step;
    if (text[0] == '.') {
      const std::size_t end = std::min(text.find_first_of(".[", 1), text.size());
      step.name = text.substr(1, end - 1);
      if (step.name.empty() || step.name.find('*') != step.name.npos) return false;
      text.remove_prefix(end);
    } else if (text.size() > 2 && text[0] == '[' && (text[1] == '\'' || text[1] == '"')) {
      const std::array<char, 2> close = {text[1], ']'};
      const std::size_t end = text.find(std::string_view(close.data(), close.size()), 2);
      if (end == text.npos) return false;
      step.name = text.substr(2, end - 2);
      text.remove_prefix(end + 2);
    } else {
      const std::size_t end = text.find(']');
      if (text[0] != '[' || end == text.npos || end < 2 || end > 8) return false;
      for (const char digit : text.substr(1, end - 1)) {
        if (digit < '0' || digit > '9') return false;
        step.index = step.index * 10 + static_cast<std::uint32_t>(digit - '0');
      }
      step.by_index = true;
      text.remove_prefix(end + 1);
    }
    path.push_back(std::move(step));
  }
  return true;
}

// False: `placeholder` stands for nothing.
bool InputTransform::read_template(const InputSpec& spec, std::string& placeholder) {
  const std::string_view text = spec.text;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  json_ = first == text.npos || text[first] != '"';
  Piece piece;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      const char escaped = text[++i];
      if (!json_ && !quoted && escaped == 'n') {  // between the lines of a text
        piece.text += '\n';
        continue;
      }
      piece.text += c;
      piece.text += escaped;
      continue;
    }
    if (c == '"') quoted = !quoted;
    std::size_t end = i + 1;
    while (c == '<' && end < text.size() && is_name(text[end])) ++end;
    if (c != '<' || end == i + 1 || end == text.size() || text[end] != '>') {
      piece.text += c;
      continue;
    }
    placeholder = text.substr(i + 1, end - i - 1);
    if (!read_placeholder(placeholder, spec, piece)) return false;
    piece.quoted = quoted;
    pieces_.push_back(std::exchange(piece, {}));
    i = end;
  }
  pieces_.push_back(std::move(piece));
  return true;
}

bool InputTransform::read_placeholder(std::string_view name, const InputSpec& spec, Piece& piece) {
  static constexpr std::array<std::pair<std::string_view, Value>, 5> kValues = {
      {{"rule-arn", Value::rule_arn},
       {"rule-name", Value::rule_name},
       {"event.ingestion-time", Value::time},
       {"event", Value::event},
       {"event.json", Value::whole}}};
  if (name.starts_with(kReserved)) {
    for (const auto& [text, value] : kValues) {
      if (text == name.substr(kReserved.size())) piece.value = value;
    }
    return piece.value != Value::none;
  }
  const auto found = spec.paths.find(std::string(name));
  if (found == spec.paths.end()) return false;
  piece.value = Value::part;
  return read_path(found->second, piece.path);
}

const JsonNode* InputTransform::find(const Path& path) const {
  const JsonNode* node = &tree_.root();
  for (const Step& step : path) {
    const JsonNode* found = nullptr;
    std::uint32_t index = 0;
    const bool fits =
        node->kind == (step.by_index ? JsonNode::Kind::array : JsonNode::Kind::object);
    const JsonNode* at = fits ? tree_.first_child(*node) : nullptr;
    for (; at != nullptr; at = tree_.next(*at)) {
      if (step.by_index) {
        if (index++ != step.index) continue;
        found = at;
        break;
      }
      const bool same = at->name_escaped ? at->name() == step.name : at->raw_name == step.name;
      if (same) found = at;
    }
    if (found == nullptr) return nullptr;
    node = found;
  }
  return node;
}

std::string_view InputTransform::json_of(const JsonNode& node, std::string_view event) const {
  return event.substr(node.offset, node.end - node.offset);
}

// A text without quotes; JSON needs its own.
void InputTransform::write_text(std::string_view text, const Piece& piece, std::string& out) const {
  const bool own = json_ && !piece.quoted;
  if (own) out += '"';
  out += text;
  if (own) out += '"';
}

void InputTransform::write_json(std::string_view json, const Piece& piece, std::string& out) const {
  append_compact(json, !json_ && piece.quoted, out);
}

void InputTransform::write_part(const Piece& piece, std::string_view event,
                                std::string& out) const {
  const JsonNode* node = find(piece.path);
  if (node == nullptr) return write_text({}, piece, out);
  if (node->kind == JsonNode::Kind::string) return write_text(node->raw, piece, out);
  write_json(json_of(*node, event), piece, out);
}

// The event without its detail, in the order that was recorded.
void InputTransform::write_event(const Piece& piece, std::string_view event, std::string_view time,
                                 std::string& out) const {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kMembers = {
      {{"id", "id"},
       {"account", "account"},
       {"detailType", "detail-type"},
       {"time", ""},
       {"source", "source"},
       {"region", "region"},
       {"resources", "resources"},
       {"version", "version"}}};
  std::string json = "{";
  for (const auto& [shown, name] : kMembers) {
    const JsonNode* node = name.empty() ? nullptr : find({Step{.name = std::string(name)}});
    if (node == nullptr && !name.empty()) continue;
    if (json.size() > 1) json += ',';
    json += '"';
    json += shown;
    json += "\":";
    if (node != nullptr) {
      json += json_of(*node, event);
    } else {
      json += '"';
      json += time;
      json += '"';
    }
  }
  json += '}';
  write_json(json, piece, out);
}

bool InputTransform::apply(std::string_view event, WallTime ingested, std::string& out) {
  out.clear();
  if (spec_.kind == InputSpec::Kind::event) {
    out = event;
    return true;
  }
  if (spec_.kind == InputSpec::Kind::constant) {
    out = spec_.text;
    return true;
  }
  if (!tree_.read(event)) return false;
  if (spec_.kind == InputSpec::Kind::path) {
    const JsonNode* node = find(path_);
    if (node != nullptr) append_compact(json_of(*node, event), false, out);
    return node != nullptr;
  }
  const EventTimeText text =
      event_time(std::chrono::duration_cast<std::chrono::seconds>(ingested.since_epoch).count());
  const std::string_view time(text.data(), text.size());
  for (const Piece& piece : pieces_) {
    out += piece.text;
    switch (piece.value) {
      case Value::none:
        break;
      case Value::part:
        write_part(piece, event, out);
        break;
      case Value::rule_arn:
        write_text(spec_.rule_arn, piece, out);
        break;
      case Value::rule_name:
        write_text(spec_.rule_name, piece, out);
        break;
      case Value::time:
        write_text(time, piece, out);
        break;
      case Value::event:
        write_event(piece, event, time, out);
        break;
      case Value::whole:
        write_json(event, piece, out);
        break;
    }
    if (out.size() > kResultMost) return false;
  }
  return !json_ || check_.read(out);
}

}  // namespace weir
