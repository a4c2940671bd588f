#include "core/rule/json_scanner.h"

#include <bit>
#include <cstring>

#include "core/rule/json_text.h"

namespace weir {
namespace {

// How many bytes from `at` on are plain, as most of most strings are: ASCII that neither ends a
// string, nor begins an escape, nor must be escaped. Eight at a time, where eight are left.
std::size_t plain_bytes(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHigh = kOnes << 7U;
  const std::size_t begin = at;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const std::uint64_t quote = bytes ^ (kOnes * '"');
    const std::uint64_t backslash = bytes ^ (kOnes * '\\');
    // The high bit of each byte that is not plain; beyond the lowest of them others may be set.
    const std::uint64_t odd =
        (bytes | (bytes - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes)) & kHigh;
    if (odd != 0) return at - begin + static_cast<std::size_t>(std::countr_zero(odd)) / 8;
  }
  return at - begin;
}

}  // namespace

JsonToken JsonScanner::fail(JsonFault fault, std::size_t at, const char* message) {
  fault_ = fault;
  position_ = at;
  message_ = message;
  at_ = text_.size();
  expect_ = Expect::nothing;
  return JsonToken::fault;
}

JsonToken JsonScanner::unexpected(const char* message) {
  if (at_ >= text_.size()) return fail(JsonFault::truncated, at_, "the text ends inside a value");
  if (utf8_sequence_length(text_.substr(at_)) == 0) {
    return fail(JsonFault::not_utf8, at_, "these bytes are not UTF-8");
  }
  return fail(JsonFault::malformed, at_, message);
}

void JsonScanner::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

void JsonScanner::after_value() {
  expect_ = depth_ == 0 ? Expect::nothing : Expect::more;
}

JsonToken JsonScanner::open(bool object) {
  if (depth_ == kJsonDepthMax) {
    return fail(JsonFault::too_deep, at_, "nested more than 1000 levels deep");
  }
  is_object_[++depth_] = object;
  expect_ = object ? Expect::name_or_end : Expect::value_or_end;
  ++at_;
  return object ? JsonToken::object_begin : JsonToken::array_begin;
}

JsonToken JsonScanner::close(bool object) {
  --depth_;
  ++at_;
  after_value();
  return object ? JsonToken::object_end : JsonToken::array_end;
}

JsonToken JsonScanner::next() {
  if (fault_ != JsonFault::none) return JsonToken::fault;
  for (;;) {
    skip_space();
    position_ = at_;
    const bool ended = at_ >= text_.size();
    const char c = ended ? '\0' : text_[at_];
    switch (expect_) {
      case Expect::nothing:
        return ended ? JsonToken::end : unexpected("only white space may follow the value");
      case Expect::value_or_end:
        if (c == ']') return close(false);
        return value(c);
      case Expect::value:
        return value(c);
      case Expect::name_or_end:
        if (c == '}') return close(true);
        [[fallthrough]];
      case Expect::name:
        if (c != '"') return unexpected("a name in double quotes is due here");
        return string(true);
      case Expect::colon:
        if (c != ':') return unexpected("a colon is due here");
        ++at_;
        expect_ = Expect::value;
        break;
      case Expect::more:
        if (c == ',') {
          ++at_;
          expect_ = is_object_[depth_] ? Expect::name : Expect::value;
          break;
        }
        if (is_object_[depth_]) {
          return c == '}' ? close(true) : unexpected("a comma or '}' is due here");
        }
        return c == ']' ? close(false) : unexpected("a comma or ']' is due here");
    }
  }
}

JsonToken JsonScanner::value(char c) {
  switch (c) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      return string(false);
    case 't':
      return literal("true", JsonToken::true_);
    case 'f':
      return literal("false", JsonToken::false_);
    case 'n':
      return literal("null", JsonToken::null);
    default:
      if (c == '-' || is_digit(c)) return number();
      if (at_ == 0 && text_.starts_with(kUtf8ByteOrderMark)) {
        return unexpected("a byte order mark stands here; save the text as UTF-8 without it");
      }
      return unexpected("a value is due here");
  }
}

JsonToken JsonScanner::literal(std::string_view word, JsonToken token) {
  for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
    if (at_ >= text_.size() || text_[at_] != word[i]) return unexpected("not a JSON value");
  }
  after_value();
  return token;
}

JsonToken JsonScanner::number() {
  const auto digits = [this] {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ - from;
  };
  const std::size_t begin = at_;
  if (text_[at_] == '-') ++at_;
  const bool zero = at_ < text_.size() && text_[at_] == '0';
  if (zero) {
    ++at_;
    if (at_ < text_.size() && is_digit(text_[at_])) {
      return unexpected("a number may not start with a zero");
    }
  } else if (digits() == 0) {
    return unexpected("a digit is due here");
  }
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    if (digits() == 0) return unexpected("a digit is due after the point");
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    if (digits() == 0) return unexpected("a digit is due in the exponent");
  }
  raw_ = text_.substr(begin, at_ - begin);
  if (raw_.size() > kJsonNumberLengthMax) {
    return fail(JsonFault::malformed, begin, "a number of more than 1000 characters");
  }
  after_value();
  return JsonToken::number;
}

JsonToken JsonScanner::string(bool is_name) {
  const std::size_t begin = ++at_;
  escaped_ = false;
  for (;;) {
    if (at_ >= text_.size()) return fail(JsonFault::truncated, at_, "a string is not closed");
    at_ += plain_bytes(text_, at_);
    if (at_ >= text_.size()) continue;
    const char c = text_[at_];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) {
      return fail(JsonFault::malformed, at_, "a control character in a string must be escaped");
    }
    if (c != '\\') {
      const std::size_t length = utf8_sequence_length(text_.substr(at_));
      if (length == 0) return fail(JsonFault::not_utf8, at_, "these bytes are not UTF-8");
      at_ += length;
      continue;
    }
    escaped_ = true;
    const std::size_t escape = at_++;
    if (at_ >= text_.size()) return fail(JsonFault::truncated, at_, "a string is not closed");
    if (text_[at_] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
        return fail(JsonFault::malformed, escape, "not an escape that JSON knows");
      }
      ++at_;
      continue;
    }
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ >= text_.size()) return fail(JsonFault::truncated, at_, "a string is not closed");
      if (hex_value(text_[at_]) < 0) {
        return fail(JsonFault::malformed, escape, "\\u must be followed by four hex digits");
      }
    }
  }
  raw_ = text_.substr(begin, at_ - begin);
  ++at_;
  if (raw_.size() > (is_name ? kJsonNameLengthMax : string_length_max_)) {
    return fail(
        JsonFault::malformed, position_,
        is_name ? "a name of more than 50,000 bytes" : "a string of more than 20,000,000 bytes");
  }
  if (is_name) {
    expect_ = Expect::colon;
    return JsonToken::name;
  }
  after_value();
  return JsonToken::string;
}

}  // namespace weir
