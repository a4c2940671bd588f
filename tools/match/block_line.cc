#include "tools/match/block_line.h"

#include <utility>

namespace weir {

std::unique_ptr<TextBlock> BlockLine::make() {
  const std::scoped_lock lock(mutex_);
  if (spare_.empty()) return std::make_unique<TextBlock>(block_bytes_);
  std::unique_ptr<TextBlock> block = std::move(spare_.back());
  spare_.pop_back();
  return block;
}

bool BlockLine::push(std::unique_ptr<TextBlock> block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return blocks_.size() < blocks_max_ || cancelled_; });
  if (cancelled_) return false;
  blocks_.push_back(std::move(block));
  changed_.notify_all();
  return true;
}

void BlockLine::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void BlockLine::cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

TextBlock* BlockLine::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return taken_ < blocks_.size() || closed_ || cancelled_; });
  if (cancelled_ || taken_ == blocks_.size()) return nullptr;
  return blocks_[taken_++].get();
}

void BlockLine::finish(TextBlock& block) {
  const std::scoped_lock lock(mutex_);
  block.done = true;
  changed_.notify_all();
}

std::unique_ptr<TextBlock> BlockLine::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock,
                [&] { return cancelled_ || (blocks_.empty() ? closed_ : blocks_.front()->done); });
  if (cancelled_ || blocks_.empty()) return nullptr;
  std::unique_ptr<TextBlock> block = std::move(blocks_.front());
  blocks_.pop_front();
  --taken_;
  changed_.notify_all();
  return block;
}

void BlockLine::give_back(std::unique_ptr<TextBlock> block) {
  block->clear();
  block->done = false;
  const std::scoped_lock lock(mutex_);
  if (spare_.size() < blocks_max_) spare_.push_back(std::move(block));
}

}  // namespace weir
