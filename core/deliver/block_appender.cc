#include "core/deliver/block_appender.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kScratchBytes = 128 * kKiB;  // stays in the second-level cache

}  // namespace

template <typename Admits>
void BlockAppender::find_targets(std::span<Target* const> slots, Admits admits) {
  ++blocks_;
  for (std::size_t set = 0; set + 1 < block_->target_sets.size(); ++set) {
    const auto begin = static_cast<std::uint32_t>(resolved_.size());
    for (const TargetId id : block_->targets_of(static_cast<std::uint32_t>(set))) {
      Target* target = id.value < slots.size() ? slots[id.value] : nullptr;
      if (target == nullptr) continue;
      if (target->seen_in_block != blocks_) {
        target->seen_in_block = blocks_;
        Feed* feed = block_->log_sequence == 0 ? nullptr : target->feeds().find(block_->bus);
        target->in_block = admits(feed);
        if (target->in_block) {
          targets_.push_back(target);
          doors_.push_back({.feed = feed});
        }
      }
      if (target->in_block) resolved_.push_back(target);
    }
    ranges_.push_back({begin, static_cast<std::uint32_t>(resolved_.size())});
  }
}

void BlockAppender::start(const Block& block, std::uint32_t from) {
  block_ = &block;
  ranges_.clear();
  resolved_.clear();
  targets_.clear();
  doors_.clear();
  all_as_is_ = std::ranges::all_of(block.spans, [&](const auto& span) { return as_is(span); });
  event_ = from;
  span_ = 0;
  piece_ = {};
  blocked_by_ = nullptr;
}

void BlockAppender::begin(const Block& block, std::span<Target* const> slots) {
  start(block, 0);
  find_targets(slots, [&](const Feed* feed) {
    WEIR_CHECK(feed != nullptr || block.log_sequence == 0);
    if (feed == nullptr || !feed->live) return feed == nullptr;
    WEIR_CHECK(feed->taken <= LogPosition{.sequence = block.log_sequence});
    return true;
  });
  if (targets_.empty()) event_ = block.events.size();
}

void BlockAppender::begin_replay(const Block& block, std::span<Target* const> slots,
                                 std::uint32_t from) {
  WEIR_CHECK(from <= block.events.size());
  start(block, from);
  const LogPosition place{.sequence = block.log_sequence, .event = from};
  find_targets(slots, [&](const Feed* feed) {
    return feed != nullptr && !feed->live && feed->taken == place && feed->hungry;
  });
  if (targets_.empty()) event_ = block.events.size();
}

void BlockAppender::begin_round() {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    targets_[i]->begin_round(*block_, doors_[i].feed, doors_[i].closed);
  }
}

void BlockAppender::end_round(const Now& now, std::uint32_t behind) {
  const LogPosition place = behind < block_->events.size()
                                ? LogPosition{.sequence = block_->log_sequence, .event = behind}
                                : LogPosition{.sequence = block_->log_sequence + 1};
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    doors_[i].closed = targets_[i]->end_round(now, place);
  }
}

// The first event of the block that has not passed all its doors.
std::uint32_t BlockAppender::standing() const {
  return piece_.next < piece_.count ? piece_.place(piece_.next)
                                    : static_cast<std::uint32_t>(event_);
}

BlockAppender::Passage BlockAppender::append(const Now& now) {
  bool moved = blocked_by_ == nullptr;
  begin_round();
  bool passed = append_piece(moved);
  while (passed && event_ < block_->events.size()) {
    next_piece(now);
    passed = append_piece(moved);
  }
  end_round(now, standing());
  if (!passed && !moved) return Passage::nothing;
  return passed ? Passage::all : Passage::some;
}

// The hot loop.
bool BlockAppender::append_piece(bool& moved) {
  const Piece piece = piece_;
  std::size_t skip = piece.next_target;
  for (std::size_t i = piece.next; i < piece.count; ++i) {
    const EventEntry& event = piece.events[i];
    const Range range = ranges_[event.set];
    for (std::size_t k = range.begin + skip; k < range.end; ++k) {
      Target* target = resolved_[k];
      if (!target->take(piece.text + event.offset, event.length, piece.place(i))) [[unlikely]] {
        const std::size_t next_target = k - range.begin;
        moved = moved || i != piece.next || next_target != piece.next_target;
        piece_.next = i;
        piece_.next_target = next_target;
        blocked_by_ = target;
        return false;
      }
    }
    skip = 0;
  }
  moved = true;
  piece_ = {};
  blocked_by_ = nullptr;
  return true;
}

void BlockAppender::next_piece(const Now& now) {
  const std::uint32_t offset = block_->events[event_].offset;
  while (span_ < block_->spans.size() && block_->spans[span_].end <= offset) ++span_;
  if (all_as_is_ || span_ == block_->spans.size() || as_is(block_->spans[span_])) {
    take_as_is();
  } else {
    render_some(now);
  }
}

void BlockAppender::take_as_is() {
  std::size_t end = block_->events.size();
  if (!all_as_is_) {
    std::size_t other = span_;
    while (other < block_->spans.size() && as_is(block_->spans[other])) ++other;
    if (other < block_->spans.size()) {
      const std::uint32_t limit = block_->spans[other].begin;
      end = event_;
      while (end < block_->events.size() && block_->events[end].offset < limit) ++end;
    }
  }
  piece_ = {.text = block_->text().data(),
            .events = block_->events.data() + event_,
            .first = static_cast<std::uint32_t>(event_),
            .count = end - event_};
  event_ = end;
}

void BlockAppender::render_some(const Now& now) {
  // Runs may still point into the scratch text.
  end_round(now, static_cast<std::uint32_t>(event_));
  begin_round();
  const ProducerSpan& span = block_->spans[span_];
  rendered_.clear();
  rendered_places_.clear();
  std::size_t used = 0;
  for (; event_ < block_->events.size(); ++event_) {
    const EventEntry& event = block_->events[event_];
    if (event.offset >= span.end) break;
    const Range range = ranges_[event.set];
    if (range.begin == range.end) continue;
    const std::size_t needed = used + renderer_.size_bound(*span.origin, event.length) + 1;
    if (needed > scratch_.size()) {
      if (used > 0) break;
      scratch_.resize(std::max(needed, kScratchBytes));
    }
    char* begin = scratch_.data() + used;
    char* end = renderer_.render(*block_, span_, event_, begin);
    *end = '\n';
    const auto length = static_cast<std::size_t>(end - begin);
    rendered_.push_back({.offset = static_cast<std::uint32_t>(used),
                         .length = static_cast<std::uint32_t>(length),
                         .set = event.set});
    rendered_places_.push_back(static_cast<std::uint32_t>(event_));
    used += length + 1;
  }
  piece_ = {.text = scratch_.data(),
            .events = rendered_.data(),
            .places = rendered_places_.data(),
            .count = rendered_.size()};
}

void BlockAppender::drop_rest() {
  const auto drop = [&](const EventEntry& event, std::size_t skip) {
    const Range range = ranges_[event.set];
    for (std::size_t k = range.begin + skip; k < range.end; ++k) resolved_[k]->drop_one();
  };
  if (block_->log_sequence == 0) {
    for (std::size_t i = piece_.next; i < piece_.count; ++i) {
      drop(piece_.events[i], i == piece_.next ? piece_.next_target : 0);
    }
    for (; event_ < block_->events.size(); ++event_) drop(block_->events[event_], 0);
  }
  piece_ = {};
  blocked_by_ = nullptr;
}

}  // namespace weir
