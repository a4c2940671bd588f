// What answers of the AWS JSON 1.1 protocol look like: errors, and JSON written member by member.
//
// Pure; any thread. Source: "AWS JSON 1.1 protocol" (Smithy), and what the service was recorded to
// answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/serve/http_exchange.h"

namespace weir {

inline constexpr std::string_view kAwsJson = "application/x-amz-json-1.1";

struct AwsError {
  std::string_view code;  // text that outlives it
  std::string message;
  int status = 400;
};

inline AwsError validation_error(std::string message) {
  return {.code = "ValidationException", .message = std::move(message)};
}

HttpAnswer aws_answer(std::string body);
HttpAnswer aws_answer(const AwsError& error);

// Gathers the members that break a constraint of the service's model, and says so in its words.
class AwsConstraints {
 public:
  // `path` as the service names it: "name", "targets.1.member.id".
  void length(std::string_view path, std::string_view value, std::size_t least, std::size_t most);
  // One or more letters, digits and `-_.`, and `also`.
  void name(std::string_view path, std::string_view value, std::string_view also,
            std::string_view expression);
  void broken(std::string_view path, std::string_view value, std::string_view what);
  std::optional<AwsError> error() const;

 private:
  std::string text_;
  std::size_t count_ = 0;
};

// Writes one JSON object or array after the other into a text; commas come by themselves.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& name(std::string_view name);
  JsonWriter& text(std::string_view value);  // escaped
  JsonWriter& number(std::uint64_t value);
  JsonWriter& boolean(bool value);
  // Those of a JSON object that has some.
  JsonWriter& members(std::string_view object);
  JsonWriter& member(std::string_view key, std::string_view value) { return name(key).text(value); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;
};

}  // namespace weir
