#include "core/api/aws_answer.h"

#include <algorithm>

#include "core/wire/json_text.h"

namespace weir {
namespace {

// Characters, as the service counts them.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

}  // namespace

HttpAnswer aws_answer(std::string body) {
  return {.status = 200, .content_type = kAwsJson, .body = std::move(body)};
}

HttpAnswer aws_answer(const AwsError& error) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("__type", error.code)
      .member("message", error.message)
      .end_object();
  return {.status = error.status, .content_type = kAwsJson, .body = std::move(body)};
}

void AwsConstraints::broken(std::string_view path, std::string_view value, std::string_view what) {
  if (count_++ > 0) text_ += "; ";
  text_.append("Value '").append(value).append("' at '").append(path);
  text_.append("' failed to satisfy constraint: Member must ").append(what);
}

void AwsConstraints::length(std::string_view path, std::string_view value, std::size_t least,
                            std::size_t most) {
  const std::size_t length = characters(value);
  if (length > most) {
    broken(path, value, "have length less than or equal to " + std::to_string(most));
  } else if (length < least) {
    broken(path, value, "have length greater than or equal to " + std::to_string(least));
  }
}

void AwsConstraints::name(std::string_view path, std::string_view value, std::string_view also,
                          std::string_view expression) {
  const auto fits = [&](char c) { return is_name_letter(c) || also.find(c) != also.npos; };
  if (!value.empty() && std::ranges::all_of(value, fits)) return;
  broken(path, value, "satisfy regular expression pattern: " + std::string(expression));
}

std::optional<AwsError> AwsConstraints::error() const {
  if (count_ == 0) return std::nullopt;
  return validation_error(std::to_string(count_) + " validation error" + (count_ == 1 ? "" : "s") +
                          " detected: " + text_);
}

void JsonWriter::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::name(std::string_view name) {
  separate();
  out_.append("\"").append(name).append("\":");
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  out_ += '"';
  out_ += json_escaped(value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
  separate();
  out_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::members(std::string_view object) {
  separate();
  out_ += object.substr(1, object.size() - 2);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
  return *this;
}

}  // namespace weir
