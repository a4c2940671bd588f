// AwsInput: the members of a request's JSON body, as the AWS JSON 1.1 protocol reads them: unknown
// ones ignored, `null` as absent, the last of a name that stands twice.
//
// Threads: one. Lifetime: views point into the body. Reusable: read() keeps the memory. Errors: the
// first one stays in error(); what comes after reads as absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/api/aws_answer.h"
#include "core/rule/json_tree.h"

namespace weir {

class AwsInput {
 public:
  // False when the body is no JSON object. An empty body is `{}`.
  bool read(std::string_view body);
  const std::optional<AwsError>& error() const { return error_; }

  const JsonNode& root() const { return tree_.root(); }
  const JsonTree& tree() const { return tree_; }
  // Null where it is absent.
  const JsonNode* member(const JsonNode& object, std::string_view name) const;

  // Of the root; of a wrong type: error().
  std::optional<std::string> text(std::string_view name) { return text(root(), name); }
  std::optional<std::uint64_t> count(std::string_view name);
  std::optional<std::string> text(const JsonNode& object, std::string_view name);
  // Null where it is absent or no string.
  const JsonNode* string(const JsonNode& object, std::string_view name);
  const JsonNode* array(const JsonNode& object, std::string_view name);
  void wrong_type(const JsonNode& node, std::string_view wanted);

 private:
  JsonTree tree_;
  std::optional<AwsError> error_;
};

}  // namespace weir
