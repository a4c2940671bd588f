#include "core/rule/json_tree.h"

#include <limits>

#include "core/rule/json_text.h"

namespace weir {

std::string JsonNode::name() const {
  return name_escaped ? unescape_json(raw_name) : std::string(raw_name);
}
std::string JsonNode::text() const {
  return escaped ? unescape_json(raw) : std::string(raw);
}

bool JsonTree::read(std::string_view text, std::size_t string_length_max) {
  nodes_.clear();
  open_.clear();
  last_child_.clear();
  fault_ = {};
  if (text.size() >= std::numeric_limits<std::uint32_t>::max()) {
    fault_ = {JsonFault::malformed, "a text of 4 GiB or more", 0};
    return false;
  }
  JsonScanner scanner(text, string_length_max);
  JsonNode named;  // carries a name to its value
  for (;;) {
    const JsonToken token = scanner.next();
    switch (token) {
      case JsonToken::fault:
        fault_ = {scanner.fault(), scanner.message(), scanner.position()};
        return false;
      case JsonToken::end:
        return true;
      case JsonToken::name:
        named.name_offset = static_cast<std::uint32_t>(scanner.position());
        named.raw_name = scanner.raw();
        named.name_escaped = scanner.escaped();
        continue;
      case JsonToken::object_end:
      case JsonToken::array_end:
        nodes_[open_.back()].end = static_cast<std::uint32_t>(scanner.position() + 1);
        open_.pop_back();
        last_child_.pop_back();
        continue;
      default:
        break;
    }
    add(token, scanner, named);
    named = {};
  }
}

void JsonTree::add(JsonToken token, const JsonScanner& scanner, const JsonNode& named) {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  JsonNode node = named;
  node.offset = static_cast<std::uint32_t>(scanner.position());
  if (!open_.empty()) {
    if (last_child_.back() != 0) nodes_[last_child_.back()].next = index;
    last_child_.back() = index;
    ++nodes_[open_.back()].children;
  }
  switch (token) {
    case JsonToken::object_begin:
    case JsonToken::array_begin:
      node.kind = token == JsonToken::object_begin ? JsonNode::Kind::object : JsonNode::Kind::array;
      open_.push_back(index);
      last_child_.push_back(0);
      break;
    case JsonToken::string:
      node.kind = JsonNode::Kind::string;
      node.raw = scanner.raw();
      node.escaped = scanner.escaped();
      node.end = node.offset + static_cast<std::uint32_t>(node.raw.size() + 2);
      break;
    case JsonToken::number:
      node.kind = JsonNode::Kind::number;
      node.raw = scanner.raw();
      node.end = node.offset + static_cast<std::uint32_t>(node.raw.size());
      break;
    case JsonToken::true_:
      node.kind = JsonNode::Kind::true_;
      node.end = node.offset + 4;
      break;
    case JsonToken::false_:
      node.kind = JsonNode::Kind::false_;
      node.end = node.offset + 5;
      break;
    default:
      node.kind = JsonNode::Kind::null;
      node.end = node.offset + 4;
      break;
  }
  nodes_.push_back(node);
}

}  // namespace weir
