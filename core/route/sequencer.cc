#include "core/route/sequencer.h"

#include <array>

#include "core/base/check.h"

namespace weir {

Sequencer::Sequencer(Channel<Block*>& routed, std::size_t window, Distributor& distributor,
                     RefusalSink& refusals)
    : routed_(routed), window_(window, nullptr), distributor_(distributor), refusals_(refusals) {
  WEIR_CHECK(window > 0 && (window & (window - 1)) == 0);
}

Sequencer::~Sequencer() {
  for (Outlet& outlet : outlets_) {
    for (Block* block : outlet.held) {
      block->refs.reset(1);
      block->release();
    }
  }
}

void Sequencer::add_outlet(BusId bus, BlockOutlet& outlet) {
  if (outlets_.size() <= bus.value) outlets_.resize(bus.value + std::size_t{1});
  outlets_[bus.value].log = &outlet;
}

std::size_t Sequencer::poll(const Now& /*now*/) {
  std::size_t work = offer_held();
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
  work += count;
  return work;
}

void Sequencer::pass_on(Block* block) {
  report_refusals(*block);
  if (block->bus.value >= outlets_.size() || outlets_[block->bus.value].log == nullptr) {
    distributor_.pass_on(block);
    return;
  }
  Outlet& outlet = outlets_[block->bus.value];
  if (!outlet.held.empty() || !outlet.log->append(block)) outlet.held.push_back(block);
}

std::size_t Sequencer::offer_held() {
  std::size_t taken = 0;
  for (Outlet& outlet : outlets_) {
    while (!outlet.held.empty() && outlet.log->append(outlet.held.front())) {
      outlet.held.pop_front();
      ++taken;
    }
  }
  return taken;
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
