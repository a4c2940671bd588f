#include "core/http/header_check.h"

#include <algorithm>
#include <array>

#include "core/rule/json_text.h"

namespace weir {
namespace {

// Far beyond what servers take; how long something may usefully be is the configuration's affair.
constexpr std::size_t kHeaderBytesMax = std::size_t{128} * 1024;
constexpr std::size_t kTargetBytesMax = std::size_t{128} * 1024;

// These frame the message or speak for the connection, which is ours.
constexpr std::array<std::string_view, 10> kOurs = {
    "connection", "content-encoding", "content-length", "expect",           "host", "keep-alive",
    "te",         "trailer",          "upgrade",        "transfer-encoding"};

bool is_token_char(char c) {
  if (is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool same_header(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

std::string header_fault(std::string_view name, std::string_view value) {
  if (name.empty()) return "a header needs a name";
  if (!is_token(name)) {
    return "a header's name is made of letters, digits and -";
  }
  if (std::ranges::any_of(kOurs, [&](std::string_view ours) { return same_header(name, ours); })) {
    return "this header is weir's own";
  }
  if (!std::ranges::all_of(value, is_value_char)) {
    return "a header's value holds no line ends and no control characters";
  }
  if (name.size() + value.size() > kHeaderBytesMax) return "a header has at most 128 KiB";
  return {};
}

std::string request_target_fault(std::string_view target) {
  if (!target.starts_with('/')) return "the path of a URL begins with /";
  if (target.size() > kTargetBytesMax) return "the path of a URL has at most 128 KiB";
  const auto sound = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f && c != '#' && c != '\\';
  };
  if (!std::ranges::all_of(target, sound)) {
    return "the path of a URL holds no blanks, control characters, # or \\ (write them as %XX)";
  }
  return {};
}

}  // namespace weir
