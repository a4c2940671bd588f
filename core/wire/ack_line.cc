#include "core/wire/ack_line.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/wire/json_string.h"

namespace weir {
namespace {

constexpr std::string_view kSpace = " \t\r";

// What is left of the line; each step takes something off its front.
class Rest {
 public:
  explicit Rest(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_space();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // A string, still escaped.
  std::optional<std::string_view> take_string() {
    skip_space();
    if (!text_.starts_with('"')) return std::nullopt;
    const std::size_t end = string_end(text_, 0);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return inside;
  }
  // A number or a word; empty if there is none.
  std::string_view take_scalar() {
    skip_space();
    const std::string_view scalar = text_.substr(0, text_.find_first_of(",} \t\r"));
    text_.remove_prefix(scalar.size());
    return scalar;
  }
  bool at_end() {
    skip_space();
    return text_.empty();
  }

 private:
  void skip_space() {
    text_.remove_prefix(std::min(text_.find_first_not_of(kSpace), text_.size()));
  }
  std::string_view text_;
};

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// One member, its value and what it means; false where it is not well-formed.
bool take_member(Rest& rest, AckLine& line) {
  const auto name = rest.take_string();
  if (!name || !rest.take(':')) return false;
  if (const auto value = rest.take_string()) {
    if (*name != "error") return *name != "ack" && *name != "line";
    std::string error;
    if (!unescape_json(*value, error)) return false;
    line.error = std::move(error);
    return true;
  }
  const std::string_view scalar = rest.take_scalar();
  if (scalar.empty()) return false;
  if (*name == "ack") line.ack = whole_number(scalar);
  if (*name == "line") line.line = whole_number(scalar);
  return (*name != "ack" || line.ack) && (*name != "line" || line.line);
}

}  // namespace

std::optional<AckLine> parse_ack_line(std::string_view text) {
  Rest rest(text);
  AckLine line;
  if (!rest.take('{')) return std::nullopt;
  do {
    if (!take_member(rest, line)) return std::nullopt;
  } while (rest.take(','));
  if (!rest.take('}') || !rest.at_end()) return std::nullopt;
  if (!line.ack && !line.error) return std::nullopt;
  return line;
}

}  // namespace weir
