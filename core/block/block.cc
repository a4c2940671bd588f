#include "core/block/block.h"

#include <array>
#include <cstring>

#include "core/base/check.h"

namespace weir {

std::string_view to_string(RefuseReason reason) {
  switch (reason) {
    case RefuseReason::none:
      return "none";
    case RefuseReason::malformed:
      return "malformed";
    case RefuseReason::truncated:
      return "truncated";
    case RefuseReason::not_object:
      return "not_object";
    case RefuseReason::not_utf8:
      return "not_utf8";
    case RefuseReason::too_deep:
      return "too_deep";
    case RefuseReason::too_complex:
      return "too_complex";
    case RefuseReason::too_large:
      return "too_large";
    case RefuseReason::bad_fields:
      return "bad_fields";
    case RefuseReason::foreign:
      return "foreign";
    case RefuseReason::count_:
      break;
  }
  return "unknown";
}

void release(Origin* origin) {
  if (origin->refs.release()) delete origin;
}

Block::Block(BlockPool* home, std::uint32_t headroom, std::uint32_t capacity)
    : home_(home),
      memory_(std::make_unique_for_overwrite<char[]>(headroom + capacity + kBlockPadding)),
      headroom_(headroom),
      capacity_(capacity) {
  reset();
}

void Block::set_bounds(std::uint32_t begin, std::uint32_t end) {
  WEIR_CHECK(begin <= end && end <= headroom_ + capacity_);
  begin_ = begin;
  end_ = end;
  // SIMD code reads past the end; what it reads there must be defined, and end any line.
  std::memset(memory_.get() + end, '\n', kBlockPadding);
}

void Block::reset() {
  begin_ = headroom_;
  end_ = headroom_;
  spans.clear();
  file_marks.clear();
  hops = 0;
  log_sequence = 0;
  events.clear();
  refusals.clear();
  target_list.clear();
  target_sets.assign({0, 0});  // set 0: nobody
  routing_version = 0;
}

void Block::release() {
  if (!refs.release()) return;
  for (const ProducerSpan& span : spans) weir::release(span.origin);
  spans.clear();
  home_->give_back(this);
}

BlockPool::BlockPool(std::size_t blocks, std::uint32_t headroom, std::uint32_t capacity,
                     std::size_t users_max)
    : capacity_(capacity), free_(blocks, users_max) {
  for (std::size_t i = 0; i < blocks; ++i) {
    blocks_.push_back(std::make_unique<Block>(this, headroom, capacity));
    give_back(blocks_.back().get());
  }
}

BlockPool::~BlockPool() = default;

void BlockPool::give_back(Block* block) {
  free_count_.fetch_add();
  free_.push_from_any_thread(block);
}

BlockPool::User::~User() {
  share();
}

Block* BlockPool::User::take(std::size_t leave) {
  std::array<Block*, 16> returned{};
  const std::size_t count = consumer_.pop(returned);
  stack_.insert(stack_.end(), returned.begin(), returned.begin() + count);
  if (stack_.size() <= leave) return nullptr;
  Block* block = stack_.back();
  stack_.pop_back();
  pool_.free_count_.subtract();
  block->reset();
  return block;
}

void BlockPool::User::put_back(Block* block) {
  pool_.free_count_.fetch_add();
  stack_.push_back(block);
}

void BlockPool::User::share() {
  for (Block* block : stack_) pool_.free_.push_from_any_thread(block);
  stack_.clear();
}

}  // namespace weir
