#include "core/api/aws_input.h"

#include <charconv>

namespace weir {
namespace {

std::string_view kind_of(const JsonNode& node) {
  switch (node.kind) {
    case JsonNode::Kind::object:
      return "START_OBJECT";
    case JsonNode::Kind::array:
      return "START_ARRAY";
    case JsonNode::Kind::string:
      return "STRING_VALUE";
    case JsonNode::Kind::number:
      return "NUMBER_VALUE";
    case JsonNode::Kind::true_:
      return "TRUE_VALUE";
    case JsonNode::Kind::false_:
      return "FALSE_VALUE";
    case JsonNode::Kind::null:
      break;
  }
  return "NULL_VALUE";
}

}  // namespace

bool AwsInput::read(std::string_view body) {
  error_.reset();
  const bool sound = tree_.read(body.empty() ? "{}" : body);
  if (!sound) {
    error_ = {.code = "SerializationException",
              .message = "the body is no JSON: " + std::string(tree_.fault().message) + " (byte " +
                         std::to_string(tree_.fault().offset + 1) + ")"};
  } else if (root().kind != JsonNode::Kind::object) {
    error_ = {.code = "SerializationException", .message = "the body is no JSON object"};
  }
  return !error_;
}

const JsonNode* AwsInput::member(const JsonNode& object, std::string_view name) const {
  const JsonNode* found = nullptr;
  for (const JsonNode* at = tree_.first_child(object); at != nullptr; at = tree_.next(*at)) {
    const bool same = at->name_escaped ? at->name() == name : at->raw_name == name;
    if (same) found = at;
  }
  return found == nullptr || found->kind == JsonNode::Kind::null ? nullptr : found;
}

void AwsInput::wrong_type(const JsonNode& node, std::string_view wanted) {
  if (error_) return;
  error_ = {.code = "SerializationException",
            .message = std::string(kind_of(node)) + " can not be converted to " +
                       std::string(wanted) + ": member " + node.name()};
}

const JsonNode* AwsInput::string(const JsonNode& object, std::string_view name) {
  const JsonNode* node = member(object, name);
  if (node == nullptr || node->kind == JsonNode::Kind::string) return node;
  wrong_type(*node, "a String");
  return nullptr;
}

const JsonNode* AwsInput::array(const JsonNode& object, std::string_view name) {
  const JsonNode* node = member(object, name);
  if (node == nullptr || node->kind == JsonNode::Kind::array) return node;
  wrong_type(*node, "a List");
  return nullptr;
}

std::optional<std::string> AwsInput::text(const JsonNode& object, std::string_view name) {
  const JsonNode* node = string(object, name);
  if (node == nullptr) return std::nullopt;
  return node->text();
}

std::optional<std::uint64_t> AwsInput::count(std::string_view name) {
  const JsonNode* node = member(root(), name);
  if (node == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = node->raw.data() + node->raw.size();
  if (node->kind != JsonNode::Kind::number ||
      std::from_chars(node->raw.data(), end, value).ptr != end) {
    wrong_type(*node, "an Integer");
    return std::nullopt;
  }
  return value;
}

}  // namespace weir
