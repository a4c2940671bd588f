// TextBlock: whole lines of the input, in memory that a Matcher may read beyond; and the carver
// that makes blocks of the bytes a reader gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace weir {

class TextBlock {
 public:
  explicit TextBlock(std::size_t capacity);

  std::string_view text() const { return {memory_.get(), size_}; }
  std::size_t size() const { return size_; }
  void append(std::string_view bytes);  // grows
  void cut(std::size_t size) { size_ = size; }
  void clear() {
    size_ = 0;
    output.clear();
  }
  // Makes what stands behind the text fit for a Matcher; before each use of the text.
  void pad();

  std::uint64_t first_line = 1;  // physical line of the input that the text begins with
  std::string output;            // what is to be printed for it
  bool done = false;

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

// Cuts a stream into blocks of whole lines. A line longer than a block makes a larger block.
class BlockCarver {
 public:
  using Take = std::function<bool(std::unique_ptr<TextBlock>)>;  // false ends the stream
  using Make = std::function<std::unique_ptr<TextBlock>()>;      // an empty one
  // Offsets in a block are 32 bits wide.
  static constexpr std::size_t kLineBytesMax = std::size_t{1} << 30U;

  BlockCarver(std::size_t block_bytes, Make make, Take take);

  enum class Outcome { more, ended, line_too_long };
  Outcome consume(std::string_view bytes);
  // Passes on the whole lines held so far, and an unfinished last line if `with_rest`.
  void finish(bool with_rest);

 private:
  bool pass_on(std::size_t size);

  std::size_t block_bytes_;
  Make make_;
  Take take_;
  std::unique_ptr<TextBlock> block_;
  std::size_t lines_end_ = 0;  // in block_: behind its last line end
  std::uint64_t next_line_ = 1;
};

}  // namespace weir
