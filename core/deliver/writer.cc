#include "core/deliver/writer.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace weir {

Writer::Writer(const WriterOptions& options, Channel<Block*>& input, Port& port,
               const EventRenderer& renderer, WriterHost& host)
    : options_(options),
      input_(input),
      port_(port),
      world_{.port = port,
             .host = host,
             .random = Random(options.seed),
             .standard_output = options.standard_output,
             .store = options.store,
             .names = options.names,
             .files = {},
             .clock = {}},
      pool_(options.spare_bytes_max),
      appender_(renderer, blocks_begun_),
      replay_(renderer, blocks_begun_) {
  for (std::size_t i = 0; i < kReceiveBuffers; ++i) {
    port_.provide(static_cast<std::uint32_t>(i), receive_memory_[i]);
  }
}

Writer::~Writer() {
  if (block_ != nullptr) block_->release();
  while (inbox_next_ < inbox_count_) inbox_[inbox_next_++]->release();
}

void Writer::add_target(TargetId id, const TargetSpec& spec,
                        std::shared_ptr<TargetCounters> counters) {
  WEIR_CHECK(id.valid() && (slot(id) == nullptr || slot(id)->is_retired()));
  if (id.value >= slots_.size()) slots_.resize(id.value + std::size_t{1}, nullptr);
  // What an earlier target of that name has not settled is still in the log, and its successor
  // begins with it.
  if (slot(id) != nullptr && !slot(id)->feeds().empty()) {
    slot(id)->abandon(BatchBuffer::Successor::takes_over);
    touch(slot(id));
  }
  targets_.push_back(std::make_unique<Target>(id, spec, std::move(counters), world_, pool_, sinks_,
                                              options_.event_bytes_limit));
  slots_[id.value] = targets_.back().get();
  auto& names = world_.names.targets;
  if (id.value >= names.size()) names.resize(id.value + std::size_t{1});
  names[id.value] = spec.name;
  if (draining_) targets_.back()->drain();
  touch(targets_.back().get());  // something may wait for it in the store
}

void Writer::change_target(TargetId id, const TargetSpec& spec) {
  WEIR_CHECK(slot(id) != nullptr && !slot(id)->is_retired());
  if (!slot(id)->can_become(spec)) return replace_target(id, spec);
  slot(id)->change(spec);
  touch(slot(id));
}

// Another kind of delivery altogether: the old target comes to its end beside the new one.
void Writer::replace_target(TargetId id, const TargetSpec& spec) {
  std::vector<std::shared_ptr<Cursor>> cursors;
  for (const Feed& feed : slot(id)->feeds()) cursors.push_back(feed.cursor);
  std::shared_ptr<TargetCounters> counters = slot(id)->shared_counters();
  retire_target(id);
  add_target(id, spec, std::move(counters));
  for (std::shared_ptr<Cursor>& cursor : cursors) add_feed(id, std::move(cursor));
  touch(slot(id));
}

void Writer::retire_target(TargetId id) {
  WEIR_CHECK(slot(id) != nullptr);
  slot(id)->retire();
  touch(slot(id));
}

void Writer::give_up(TargetId id) {
  if (retired(id)) return;
  WEIR_CHECK(slot(id)->is_retired());
  slot(id)->abandon();
  touch(slot(id));
}

bool Writer::retired(TargetId id) const {
  return slot(id) == nullptr || (slot(id)->is_retired() && slot(id)->gone());
}

std::size_t Writer::poll(const Now& now) {
  learn_time(now);
  std::size_t work = take_completions(now) + take_store_completions();
  work += append_blocks(now);
  work += run_timers(now);
  // Sends go out once for all that this round brought.
  for (std::size_t i = 0; i < touched_.size(); ++i) act(*touched_[i], now);
  work += touched_.size();
  for (Target* target : touched_) target->touched = false;
  touched_.clear();
  if (block_ == nullptr) let_go();
  return work;
}

void Writer::learn_time(const Now& now) {
  if (!std::exchange(time_known_, true)) world_.clock = SteadyClock(now);
}

MonotonicTime Writer::next_deadline() const {
  // Something was changed from outside since the last poll.
  return touched_.empty() ? std::min(earliest_, join_wait_.deadline()) : MonotonicTime{};
}

void Writer::touch(Target* target) {
  if (std::exchange(target->touched, true)) return;
  touched_.push_back(target);
}

void Writer::act(Target& target, const Now& now) {
  target.progress(now);
  target.publish();
  if (!target.feeds().empty()) update_appetite(target);
  if (options_.faults.lose_retry_timer && target.troubled() && world_.random.below(2) == 0) return;
  earliest_ = std::min(earliest_, target.deadline());
}

std::size_t Writer::take_completions(const Now& now) {
  std::array<Completion, 64> done{};
  std::size_t total = 0;
  std::size_t count = 0;
  do {
    count = port_.reap(done);
    for (std::size_t i = 0; i < count; ++i) complete(done[i], now);
    total += count;
  } while (count == done.size());
  return total;
}

void Writer::complete(const Completion& completion, const Now& now) {
  const SinkToken token = unpack(completion.token);
  const bool received = token.op == SinkOp::receive && completion.result > 0;
  std::span<const char> bytes;
  if (received) {
    bytes = std::span(receive_memory_[completion.buffer])
                .first(static_cast<std::size_t>(completion.result));
  }
  Target* target = sinks_.find(token.sink);
  if (target != nullptr) {
    target->complete(token, completion.result, bytes, now);
    touch(target);
  } else if ((token.op == SinkOp::connect || token.op == SinkOp::open) && completion.result >= 0) {
    // Its sink has gone in the meantime.
    port_.close(Handle{static_cast<std::int32_t>(completion.result)});
  }
  if (received) port_.provide(completion.buffer, receive_memory_[completion.buffer]);
}

std::size_t Writer::take_store_completions() {
  if (world_.store == nullptr) return 0;
  std::array<StoreCompletion, 16> done;
  std::size_t total = 0;
  std::size_t count = 0;
  do {
    count = world_.store->reap(done);
    for (std::size_t i = 0; i < count; ++i) {
      Target* target = sinks_.find(unpack(done[i].token).sink);
      if (target == nullptr) continue;
      target->complete(std::move(done[i]));
      touch(target);
    }
    total += count;
  } while (count == done.size());
  return total;
}

bool Writer::next_block() {
  if (inbox_next_ == inbox_count_) {
    inbox_next_ = 0;
    inbox_count_ = input_.pop(inbox_);
    if (inbox_count_ == 0) return false;
  }
  block_ = inbox_[inbox_next_++];
  if (block_->log_sequence == 0) {
    WEIR_CHECK(first_block_ || block_->sequence > sequence_);
    first_block_ = false;
    sequence_ = block_->sequence;
  } else {
    // A log hands its blocks on when they are durable; between buses there is no order.
    WEIR_CHECK(bus(block_->bus).next == LogPosition{.sequence = block_->log_sequence});
  }
  appender_.begin(*block_, slots_);
  return true;
}

void Writer::finish_block() {
  if (block_->log_sequence != 0) {
    Bus& bus = this->bus(block_->bus);
    bus.next = {.sequence = block_->log_sequence + 1};
    // First the cursors of those that have something of it waiting. What an abandoned Writer drops
    // has not passed: the log still has it.
    for (Target* target : appender_.targets()) target->feeds().publish();
    if (!abandoned_) bus.passed->set(bus.next);
  }
  block_->release();
  block_ = nullptr;
}

std::size_t Writer::append_blocks(const Now& now) {
  busy_ = false;
  if (abandoned_) {
    drop_everything();
    return 0;
  }
  std::size_t blocks = 0;
  if (block_ == nullptr && waits_for_join(now)) return 0;
  while (blocks < options_.blocks_per_poll_max && (block_ != nullptr || next_block())) {
    const BlockAppender::Passage passage = appender_.append(now);
    if (passage == BlockAppender::Passage::nothing) break;
    if (holding_ != nullptr) std::exchange(holding_, nullptr)->counters().held.set(0);
    for (Target* target : appender_.targets()) touch(target);
    if (passage == BlockAppender::Passage::some) {
      // The block stays in hand. What makes room is a completion or a tick of that target.
      holding_ = appender_.blocked_by();
      holding_->counters().held.set(1);
      break;
    }
    finish_block();
    ++blocks;
  }
  busy_ = blocks == options_.blocks_per_poll_max;
  return blocks;
}

std::size_t Writer::run_timers(const Now& now) {
  if (now.monotonic < earliest_) return 0;
  earliest_ = MonotonicTime::never();
  for (const auto& target : targets_) {
    const MonotonicTime deadline = target->deadline();
    if (options_.faults.lose_retry_timer && target->troubled()) continue;
    if (deadline <= now.monotonic) {
      touch(target.get());
    } else {
      earliest_ = std::min(earliest_, deadline);
    }
  }
  return 0;
}

void Writer::let_go() {
  std::erase_if(targets_, [&](const auto& target) {
    return target->is_retired() && target->gone() && !target->touched &&
           std::ranges::find(slots_, target.get()) == slots_.end();
  });
}

void Writer::begin_drain() {
  draining_ = true;
  for (const auto& target : targets_) {
    target->drain();
    touch(target.get());
  }
}

bool Writer::idle() const {
  return block_ == nullptr && inbox_next_ == inbox_count_ &&
         std::ranges::all_of(targets_, [](const auto& t) { return t->pending() == 0; });
}

void Writer::drop_everything() {
  while (block_ != nullptr || next_block()) {
    appender_.drop_rest();
    for (Target* target : appender_.targets()) touch(target);
    finish_block();
  }
}

void Writer::abandon() {
  if (std::exchange(abandoned_, true)) return;
  if (holding_ != nullptr) std::exchange(holding_, nullptr)->counters().held.set(0);
  drop_everything();
  for (const auto& target : targets_) {
    target->abandon();
    target->publish();
    touch(target.get());
  }
  hungry_.clear();
}

bool Writer::quiescent() const {
  return abandoned_ &&
         std::ranges::all_of(targets_, [](const auto& target) { return target->quiescent(); });
}

}  // namespace weir
