// StructuralIndex: where the tokens of JSON text begin, by simdjson's first stage: every brace,
// bracket, colon and comma outside strings, the opening quote of each string, and the first byte of
// each number or literal. And beside it, where the escapes are.
//
// Guarantees after build(): UTF-8, no raw control character inside a string, no string left open,
// and every escape listed and looked at. Not looked at: grammar, numbers, literals.
//
// Threads: one. Lifetime: positions stay valid until the next build(). Memory grows to the largest
// text and stays. The text may hold many lines; strings cannot cross a line end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace weir {

class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();

  // `text` ends with a line end. False when some byte of it breaks the guarantees.
  bool build(std::string_view text);

  // Ascending; followed by three times the position of the last line end.
  const std::uint32_t* tokens() const { return tokens_; }
  std::uint32_t last_position() const { return last_position_; }
  // Positions of the backslashes that begin an escape, ascending; the last one is kNoPosition.
  const std::uint32_t* escapes() const { return escapes_.data(); }
  // The same of escapes that JSON does not know.
  const std::uint32_t* bad_escapes() const { return bad_escapes_.data(); }

  static constexpr std::uint32_t kNoPosition = 0xFFFFFFFFU;

 private:
  void list_escapes(std::string_view text);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  const std::uint32_t* tokens_ = nullptr;
  std::uint32_t last_position_ = 0;
  std::vector<std::uint32_t> escapes_;
  std::vector<std::uint32_t> bad_escapes_;
};

}  // namespace weir
