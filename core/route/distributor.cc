#include "core/route/distributor.h"

namespace weir {

Distributor::Distributor(std::span<Channel<Block*>* const> writers)
    : writer_channels_(writers.begin(), writers.end()) {
  for (Channel<Block*>* writer : writers) writers_.emplace_back(*writer);
}

void Distributor::pass_on(Block* block) {
  if (acks_ != nullptr) acknowledge(*block, *acks_);
  if (writers_.empty()) {  // nobody to write to: the block ends here
    block->refs.reset(1);
    block->release();
  } else {
    block->refs.reset(static_cast<std::uint32_t>(writers_.size()));
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      if (!writers_[i].push(block)) writer_channels_[i]->push_from_any_thread(block);
    }
  }
  passed_.add();
}

}  // namespace weir
