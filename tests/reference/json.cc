#include "tests/reference/json.h"

#include <cstdint>

namespace weir::reference {
namespace {

struct Bad {};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  Json all() {
    Json out = value(0);
    space();
    if (at_ != text_.size()) throw Bad{};
    return out;
  }

 private:
  void space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }
  char peek() const {
    if (at_ >= text_.size()) throw Bad{};
    return text_[at_];
  }
  bool take(char c) {
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
      return true;
    }
    return false;
  }
  void need(char c) {
    if (!take(c)) throw Bad{};
  }
  void word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w) throw Bad{};
    at_ += w.size();
  }

  Json value(int depth) {
    space();
    Json out;
    switch (peek()) {
      case '{':
        if (depth == 1000) throw Bad{};
        return object(depth + 1);
      case '[':
        if (depth == 1000) throw Bad{};
        return array(depth + 1);
      case '"':
        out.kind = Json::string;
        out.text = string();
        return out;
      case 't':
        word("true");
        out.kind = Json::true_;
        return out;
      case 'f':
        word("false");
        out.kind = Json::false_;
        return out;
      case 'n':
        word("null");
        return out;
      default:
        out.kind = Json::number;
        out.text = number();
        return out;
    }
  }

  Json object(int depth) {
    Json out;
    out.kind = Json::object;
    need('{');
    space();
    if (take('}')) return out;
    do {
      space();
      std::string name = string();
      if (name_length_ > 50'000) throw Bad{};
      space();
      need(':');
      out.members.push_back({std::move(name), value(depth)});
      space();
    } while (take(','));
    need('}');
    return out;
  }

  Json array(int depth) {
    Json out;
    out.kind = Json::array;
    need('[');
    space();
    if (take(']')) return out;
    do {
      out.elements.push_back(value(depth));
      space();
    } while (take(','));
    need(']');
    return out;
  }

  bool digits() {
    const std::size_t from = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > from;
  }
  std::string number() {
    const std::size_t from = at_;
    take('-');
    if (!take('0') && !digits()) throw Bad{};
    if (take('.') && !digits()) throw Bad{};
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) throw Bad{};
    }
    if (at_ - from > 1000) throw Bad{};
    return std::string(text_.substr(from, at_ - from));
  }

  std::uint32_t hex4() {
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      const auto n = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
      if (n == std::string_view::npos || (c < '0')) throw Bad{};
      out = out * 16 + static_cast<std::uint32_t>(n);
      ++at_;
    }
    return out;
  }
  static void encode(std::uint32_t c, std::string& out) {
    const auto put = [&out](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 + c / 64);
      put(0x80 + c % 64);
    } else if (c < 0x10000) {
      put(0xE0 + c / 4096);
      put(0x80 + c / 64 % 64);
      put(0x80 + c % 64);
    } else {
      put(0xF0 + c / 262144);
      put(0x80 + c / 4096 % 64);
      put(0x80 + c / 64 % 64);
      put(0x80 + c % 64);
    }
  }
  // One character of UTF-8, decoded and encoded again; what does not come back the same is bad.
  void character(std::string& out) {
    const auto byte = [this](std::size_t i) {
      return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0U;
    };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t c = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) c = c * 64 + (byte(i) & 0x3FU);
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) throw Bad{};
    std::string again;
    encode(c, again);
    if (text_.substr(at_, length) != again) throw Bad{};
    out += again;
    at_ += length;
  }
  std::string string() {
    std::string out;
    need('"');
    const std::size_t from = at_;
    while (peek() != '"') {
      if (static_cast<unsigned char>(peek()) < 0x20) throw Bad{};
      if (!take('\\')) {
        character(out);
        continue;
      }
      const char c = peek();
      ++at_;
      if (c == 'u') {
        std::uint32_t code = hex4();
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
          const std::size_t before = at_;
          at_ += 2;
          const std::uint32_t low = hex4();
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + (code - 0xD800) * 1024 + (low - 0xDC00);
          } else {
            at_ = before;
          }
        }
        encode(code, out);
        continue;
      }
      const auto known = std::string_view("\"\\/bfnrt").find(c);
      if (known == std::string_view::npos) throw Bad{};
      out.push_back("\"\\/\b\f\n\r\t"[known]);
    }
    name_length_ = at_ - from;
    if (name_length_ > 20'000'000) throw Bad{};
    ++at_;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t name_length_ = 0;
};

}  // namespace

std::optional<Json> parse(std::string_view text) {
  try {
    return Parser(text).all();
  } catch (const Bad&) {
    return std::nullopt;
  }
}

}  // namespace weir::reference
