#include "core/api/target_settings.h"

#include <array>

#include "core/wire/input_transform.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 5> kMembers = {"Input", "InputPath", "InputTransformer",
                                                      "RetryPolicy", "DeadLetterConfig"};
constexpr std::uint64_t kTextMost = 8192;
constexpr std::uint64_t kPathMost = 256;
constexpr std::uint64_t kPathsMost = 100;
constexpr std::uint64_t kTriesMost = 185;
constexpr std::uint64_t kAgeLeast = 60;
constexpr std::uint64_t kAgeMost = 86400;

AwsError only_one(std::string_view id) {
  return validation_error(
      "Only one of Input, InputPath, or InputTransformer must be provided for "
      "target " +
      std::string(id) + ".");
}

class Reader {
 public:
  explicit Reader(std::string_view id) : id_(id) {}

  Result<TargetSettings, AwsError> read(std::string_view json) {
    if (!input_.read(json)) return *input_.error();
    const std::array<bool, 3> given = {read_constant(), read_path(), read_transformer()};
    if (given[0] + given[1] + given[2] > 1) return only_one(id_);
    read_retry();
    read_dead_letter();
    for (const std::string_view member : kMembers) {
      if (!settings_.named.empty() || input_.member(input_.root(), member) == nullptr) continue;
      settings_.named = member;
    }
    if (input_.error()) return *input_.error();
    if (constraints_.error()) return *constraints_.error();
    if (auto compiled = InputTransform::compile(settings_.input, id_); !compiled) {
      return validation_error(compiled.error().message);
    }
    return std::move(settings_);
  }

 private:
  bool read_constant() {
    const auto text = input_.text("Input");
    if (!text) return false;
    constraints_.length("targets.1.member.input", *text, 0, kTextMost);
    settings_.input.kind = InputSpec::Kind::constant;
    settings_.input.text = *text;
    return true;
  }
  bool read_path() {
    const auto text = input_.text("InputPath");
    if (!text) return false;
    constraints_.length("targets.1.member.inputPath", *text, 0, kPathMost);
    settings_.input.kind = InputSpec::Kind::path;
    settings_.input.text = *text;
    return true;
  }
  const JsonNode* object(const JsonNode& of, std::string_view name) {
    const JsonNode* node = input_.member(of, name);
    if (node == nullptr || node->kind == JsonNode::Kind::object) return node;
    input_.wrong_type(*node, name);
    return nullptr;
  }
  bool read_transformer() {
    const JsonNode* node = object(input_.root(), "InputTransformer");
    if (node == nullptr) return false;
    settings_.input.kind = InputSpec::Kind::transformer;
    const auto text = input_.text(*node, "InputTemplate");
    const std::string path = "targets.1.member.inputTransformer.inputTemplate";
    if (!text) constraints_.broken(path, "null", "not be null");
    if (text) constraints_.length(path, *text, 1, kTextMost);
    settings_.input.text = text.value_or("");
    const JsonNode* paths = object(*node, "InputPathsMap");
    if (paths == nullptr) return true;
    if (paths->children > kPathsMost) {
      constraints_.broken("targets.1.member.inputTransformer.inputPathsMap", "{...}",
                          "have length less than or equal to 100");
    }
    const JsonTree& tree = input_.tree();
    for (const JsonNode* at = tree.first_child(*paths); at != nullptr; at = tree.next(*at)) {
      if (at->kind != JsonNode::Kind::string) input_.wrong_type(*at, "a String");
      if (!input_.error()) settings_.input.paths[at->name()] = at->text();
    }
    return true;
  }
  // Nothing where it is absent.
  std::optional<std::uint64_t> count(const JsonNode& of, std::string_view name,
                                     std::string_view path, std::uint64_t least,
                                     std::uint64_t most) {
    const JsonNode* node = input_.member(of, name);
    if (node == nullptr) return std::nullopt;
    if (node->kind != JsonNode::Kind::number) {
      input_.wrong_type(*node, "an Integer");
      return std::nullopt;
    }
    std::uint64_t value = 0;
    bool whole = node->raw.size() <= 9;
    for (const char digit : node->raw) {
      whole = whole && digit >= '0' && digit <= '9';
      if (whole) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    const bool below = !whole && node->raw.starts_with('-');
    const std::string at = "targets.1.member.retryPolicy." + std::string(path);
    if (below || (whole && value < least)) {
      constraints_.broken(at, node->raw,
                          "have value greater than or equal to " + std::to_string(least));
    } else if (!whole || value > most) {
      constraints_.broken(at, node->raw,
                          "have value less than or equal to " + std::to_string(most));
    }
    return value;
  }
  void read_retry() {
    const JsonNode* node = object(input_.root(), "RetryPolicy");
    if (node == nullptr) return;
    if (const auto tries =
            count(*node, "MaximumRetryAttempts", "maximumRetryAttempts", 0, kTriesMost)) {
      settings_.retries_max = static_cast<std::uint32_t>(*tries);
    }
    if (const auto age = count(*node, "MaximumEventAgeInSeconds", "maximumEventAgeInSeconds",
                               kAgeLeast, kAgeMost)) {
      settings_.age_max = std::chrono::seconds(static_cast<std::int64_t>(*age));
    }
  }
  void read_dead_letter() {
    const JsonNode* node = object(input_.root(), "DeadLetterConfig");
    if (node != nullptr) settings_.dead_letter_arn = input_.text(*node, "Arn").value_or("");
  }

  const std::string_view id_;
  AwsInput input_;
  AwsConstraints constraints_;
  TargetSettings settings_;
};

}  // namespace

std::string settings_text(const AwsInput& input, const JsonNode& target, std::string_view body) {
  std::string text;
  for (const std::string_view member : kMembers) {
    const JsonNode* node = input.member(target, member);
    if (node == nullptr) continue;
    text += text.empty() ? "{\"" : ",\"";
    text += member;
    text += "\":";
    text += body.substr(node->offset, node->end - node->offset);
  }
  if (!text.empty()) text += '}';
  return text;
}

Result<TargetSettings, AwsError> read_target_settings(std::string_view json, std::string_view id) {
  return Reader(id).read(json);
}

}  // namespace weir
