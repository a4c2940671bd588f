#include "core/route/sequencer.h"

#include <array>

#include "core/base/check.h"

namespace weir {

Sequencer::Sequencer(Channel<Block*>& routed, std::size_t window,
                     std::span<Channel<Block*>* const> writers, RefusalSink& refusals)
    : routed_(routed),
      window_(window, nullptr),
      writer_channels_(writers.begin(), writers.end()),
      refusals_(refusals) {
  WEIR_CHECK(window > 0 && (window & (window - 1)) == 0);
  for (Channel<Block*>* writer : writers) writers_.emplace_back(*writer);
}

std::size_t Sequencer::poll(const Now& /*now*/) {
  std::array<Block*, 32> arrived{};
  const std::size_t count = routed_.pop(arrived);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t sequence = arrived[i]->sequence;
    WEIR_CHECK(sequence >= next_ && sequence - next_ < window_.size());
    window_[sequence & (window_.size() - 1)] = arrived[i];
  }
  while (Block* block = window_[next_ & (window_.size() - 1)]) {
    window_[next_ & (window_.size() - 1)] = nullptr;
    ++next_;
    pass_on(block);
  }
  if (count > 0) passed_.set(next_);
  return count;
}

void Sequencer::pass_on(Block* block) {
  report_refusals(*block);
  if (acks_ != nullptr) acknowledge(*block, *acks_);  // a memory bus: taken is all there is
  block->refs.reset(static_cast<std::uint32_t>(writers_.size()));
  if (writers_.empty()) {  // nobody to write to: the block ends here
    block->refs.reset(1);
    block->release();
    return;
  }
  for (std::size_t i = 0; i < writers_.size(); ++i) {
    if (!writers_[i].push(block)) writer_channels_[i]->push_from_any_thread(block);
  }
}

void Sequencer::report_refusals(Block& block) {
  std::size_t next = 0;
  std::size_t mark = 0;
  for (std::size_t s = 0; s < block.spans.size(); ++s) {
    const ProducerSpan& span = block.spans[s];
    Origin& origin = *span.origin;
    for (; next < block.refusals.size() && block.refusals[next].span == s; ++next) {
      const Refusal& refusal = block.refusals[next];
      refusals_.refused(origin, origin.lines + refusal.line, refusal.reason, refusal.error_offset,
                        block.text().substr(refusal.offset, refusal.length));
      if (acks_ != nullptr && origin.ack_slot != Origin::kNoAcks) {
        acks_->refused(origin, origin.lines + refusal.line, refusal.reason, refusal.error_offset);
      }
    }
    origin.lines += span.lines;
    for (; mark < block.file_marks.size() && block.file_marks[mark].span == s; ++mark) {
      block.file_marks[mark].lines = origin.lines;
    }
  }
  WEIR_DCHECK(next == block.refusals.size());
}

}  // namespace weir
