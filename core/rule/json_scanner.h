// JsonScanner: strict JSON (RFC 8259), one token at a time, with the place and kind of the first
// fault. Clear rather than fast: it reads patterns and rule files, and tells what is wrong with the
// lines that the event walk refused.
//
// Threads: one. Lifetime: refers to the text. No recursion; depth is bounded.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

enum class JsonToken : std::uint8_t {
  object_begin,
  object_end,
  array_begin,
  array_end,
  name,
  string,
  number,
  true_,
  false_,
  null,
  end,    // the whole text was read
  fault,  // see fault() and position()
};

enum class JsonFault : std::uint8_t { none, malformed, truncated, not_utf8, too_deep };

inline constexpr std::size_t kJsonDepthMax = 1000;
inline constexpr std::size_t kJsonNumberLengthMax = 1000;
inline constexpr std::size_t kJsonNameLengthMax = 50'000;
inline constexpr std::size_t kJsonStringLengthMax = 20'000'000;
inline constexpr std::string_view kUtf8ByteOrderMark = "\xef\xbb\xbf";

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text, std::size_t string_length_max = kJsonStringLengthMax)
      : text_(text), string_length_max_(string_length_max) {}

  JsonToken next();

  // Of the latest token: where it starts, and for names, strings (without the quotes) and numbers
  // its text as written.
  std::size_t position() const { return position_; }
  std::string_view raw() const { return raw_; }
  bool escaped() const { return escaped_; }
  std::size_t depth() const { return depth_; }

  // After JsonToken::fault.
  JsonFault fault() const { return fault_; }
  const char* message() const { return message_; }

 private:
  enum class Expect : std::uint8_t { value, value_or_end, name, name_or_end, colon, more, nothing };

  JsonToken fail(JsonFault fault, std::size_t at, const char* message);
  JsonToken unexpected(const char* message);
  JsonToken value(char c);
  JsonToken string(bool is_name);
  JsonToken number();
  JsonToken literal(std::string_view word, JsonToken token);
  JsonToken open(bool object);
  JsonToken close(bool object);
  void after_value();
  void skip_space();

  std::string_view text_;
  std::size_t string_length_max_;
  std::size_t at_ = 0;
  std::size_t position_ = 0;
  std::string_view raw_;
  bool escaped_ = false;
  Expect expect_ = Expect::value;
  std::size_t depth_ = 0;
  std::bitset<kJsonDepthMax + 1> is_object_;
  JsonFault fault_ = JsonFault::none;
  const char* message_ = "";
};

}  // namespace weir
