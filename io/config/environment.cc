#include "io/config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/wire/json_text.h"

namespace weir {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

// The length of NAME in "NAME}...", or 0 where that does not stand there.
std::size_t name_length(std::string_view text) {
  if (text.empty() || !is_name_start(text.front())) return 0;
  std::size_t i = 1;
  while (i < text.size() && (is_name_start(text[i]) || is_digit(text[i]))) ++i;
  return i < text.size() && text[i] == '}' ? i : 0;
}

class Substituter {
 public:
  Substituter(std::string_view written, Substitution into, const Environment& environment)
      : written_(written), into_(into), environment_(environment) {}

  Result<Substituted> run() {
    while (at_ < written_.size()) {
      const std::string_view rest = written_.substr(at_);
      if (rest.starts_with("$${")) {
        result_.text += "${";
        at_ += 3;
      } else if (rest.starts_with("${")) {
        const Status status = variable(rest.substr(2));
        if (!status) return status.error();
      } else {
        step();
      }
    }
    return std::move(result_);
  }

 private:
  // One byte as it is; in JSON text an escape is two, and a quote changes sides.
  void step() {
    const char c = written_[at_++];
    result_.text += c;
    if (into_ == Substitution::plain_text) return;
    if (c == '"') in_string_ = !in_string_;
    if (c == '\\' && in_string_ && at_ < written_.size()) result_.text += written_[at_++];
  }

  Status variable(std::string_view after) {
    const std::size_t length = name_length(after);
    if (length == 0) {
      return Error{"'${' without a variable's name, write ${NAME}, or $${ for a plain '${'"};
    }
    const std::string name(after.substr(0, length));
    const std::optional<std::string> value = environment_(name);
    if (!value) return Error{fmt::format("the environment variable '{}' is not set", name)};
    const std::size_t begin = result_.text.size();
    if (into_ == Substitution::plain_text) {
      result_.text += *value;
    } else if (in_string_) {
      result_.text += json_escaped(*value);
    } else if (is_json_number_or_literal(*value)) {
      result_.text += *value;
    } else {
      return Error{fmt::format(
          "${{{}}} outside of a string must be a number, true, false or null; put it in quotes",
          name)};
    }
    const std::size_t written_end = at_ + 2 + length + 1;
    result_.pieces.push_back({begin, result_.text.size(), at_, written_end, name});
    at_ = written_end;
    return Done{};
  }

  std::string_view written_;
  Substitution into_;
  const Environment& environment_;
  std::size_t at_ = 0;
  bool in_string_ = false;
  Substituted result_;
};

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::size_t Substituted::written_offset(std::size_t offset) const {
  std::size_t written = offset;
  for (const Piece& piece : pieces) {
    if (offset < piece.begin) break;
    if (offset < piece.end) return piece.written_begin;
    written = piece.written_end + (offset - piece.end);
  }
  return written;
}

std::string Substituted::without_values(std::string message) const {
  for (const Piece& piece : pieces) {
    const std::string value = text.substr(piece.begin, piece.end - piece.begin);
    if (value.empty()) continue;
    const std::string shown = "${" + piece.name + "}";
    for (std::size_t at = message.find(value); at != std::string::npos;
         at = message.find(value, at + shown.size())) {
      message.replace(at, value.size(), shown);
    }
  }
  return message;
}

Result<Substituted> substitute(std::string_view written, Substitution into,
                               const Environment& environment) {
  return Substituter(written, into, environment).run();
}

bool is_json_number(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = i;
  i = skip_digits(text, i);
  if (i == whole || (text[whole] == '0' && i > whole + 1)) return false;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = i + 1;
    i = skip_digits(text, fraction);
    if (i == fraction) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    const std::size_t exponent = i;
    i = skip_digits(text, exponent);
    if (i == exponent) return false;
  }
  return i == text.size();
}

bool is_json_number_or_literal(std::string_view text) {
  return text == "true" || text == "false" || text == "null" || is_json_number(text);
}

}  // namespace weir
