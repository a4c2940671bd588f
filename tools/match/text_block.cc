#include "tools/match/text_block.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/match/matcher.h"
#include "tools/common/newlines.h"

namespace weir {

TextBlock::TextBlock(std::size_t capacity)
    : memory_(std::make_unique_for_overwrite<char[]>(capacity + Matcher::kMatchPadding)),
      capacity_(capacity) {}

void TextBlock::append(std::string_view bytes) {
  if (bytes.size() > capacity_ - size_) {
    capacity_ = std::max(2 * capacity_, size_ + bytes.size());
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ + Matcher::kMatchPadding);
    std::memcpy(larger.get(), memory_.get(), size_);
    memory_ = std::move(larger);
  }
  std::memcpy(memory_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void TextBlock::pad() {
  std::memset(memory_.get() + size_, '\n', Matcher::kMatchPadding);
}

BlockCarver::BlockCarver(std::size_t block_bytes, Make make, Take take)
    : block_bytes_(block_bytes), make_(std::move(make)), take_(std::move(take)), block_(make_()) {}

BlockCarver::Outcome BlockCarver::consume(std::string_view bytes) {
  while (!bytes.empty()) {
    // Up to a full block, or, where a line is longer than one, in steps of a block.
    const std::size_t room =
        block_->size() < block_bytes_ ? block_bytes_ - block_->size() : block_bytes_;
    const std::string_view piece = bytes.substr(0, room);
    bytes.remove_prefix(piece.size());
    const std::size_t line_end = piece.rfind('\n');
    if (line_end != std::string_view::npos) lines_end_ = block_->size() + line_end + 1;
    block_->append(piece);
    if (block_->size() - lines_end_ > kLineBytesMax) return Outcome::line_too_long;
    if (block_->size() < block_bytes_ || lines_end_ == 0) continue;
    if (!pass_on(lines_end_)) return Outcome::ended;
  }
  return Outcome::more;
}

bool BlockCarver::pass_on(std::size_t size) {
  std::unique_ptr<TextBlock> next = make_();
  next->append(block_->text().substr(size));
  block_->cut(size);
  block_->pad();
  block_->first_line = next_line_;
  next_line_ += count_newlines(block_->text());
  lines_end_ = 0;
  return take_(std::exchange(block_, std::move(next)));
}

void BlockCarver::finish(bool with_rest) {
  const std::size_t size = with_rest ? block_->size() : lines_end_;
  if (size > 0) pass_on(size);
}

}  // namespace weir
