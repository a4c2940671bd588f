// StructuralIndex: the tokens of JSON text: every brace, bracket, colon and comma outside strings,
// the opening quote of each string, the first byte of each number or literal, and, where lines
// matter, each line end. And beside them, where the escapes are.
//
// Guarantees after build(): UTF-8, no raw control character inside a string, no string left open,
// and every escape listed and looked at. Not looked at: grammar, numbers, literals.
//
// Threads: one. Lifetime: tokens stay valid until the next build(). Memory grows to the largest
// text (five bytes for each of its bytes, where every byte is a token) and stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace weir {

class StructuralIndex {
 public:
  enum class LineEnds : std::uint8_t {
    tokens,  // NDJSON: no event goes on in the next line
    space,   // one event over many lines
  };

  StructuralIndex();
  ~StructuralIndex();

  // `text` ends with a line end. False when some byte of it breaks the guarantees.
  bool build(std::string_view text, LineEnds line_ends);
  // The same by simdjson's first stage: what build() is where there is no AVX-512, and what the
  // tests hold it to where there is.
  bool build_portably(std::string_view text, LineEnds line_ends);

  // By token, in the order of the text: its first byte and its position. Behind the last stand
  // kSentinels of byte 0, which no grammar accepts, at the position of the last line end.
  static constexpr std::size_t kSentinels = 4;
  const char* bytes() const { return bytes_.get(); }
  const std::uint32_t* positions() const { return positions_.get(); }
  std::size_t count() const { return count_; }
  // Positions of the backslashes that begin an escape, ascending; the last one is kNoPosition.
  const std::uint32_t* escapes() const { return escapes_.data(); }
  // The same of escapes that JSON does not know.
  const std::uint32_t* bad_escapes() const { return bad_escapes_.data(); }

  static constexpr std::uint32_t kNoPosition = 0xFFFFFFFFU;

 private:
  friend class BlockScan;

  void make_room(std::size_t text_size);
  void add(std::string_view text, std::size_t position) {
    bytes_[count_] = text[position];
    positions_[count_++] = static_cast<std::uint32_t>(position);
  }
  void add_escape(std::string_view text, std::size_t position);
  void list_escapes(std::string_view text);
  bool finish(std::string_view text);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::size_t room_ = 0;
  std::unique_ptr<char[]> bytes_;
  std::unique_ptr<std::uint32_t[]> positions_;
  std::size_t count_ = 0;
  std::vector<std::uint32_t> escapes_;
  std::vector<std::uint32_t> bad_escapes_;
};

}  // namespace weir
