// Target: one target of a Writer: its buffer and sink, or its HttpTarget, its counters, and the
// change from one address to another.
//
// The door of both is the same: rounds of one block, events one by one, feeds.
//
// Threads: the Writer's only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/block/block.h"
#include "core/deliver/batch_buffer.h"
#include "core/deliver/http_target.h"
#include "core/deliver/sink.h"
#include "core/deliver/undelivered.h"
#include "core/wire/input_transform.h"

namespace weir {

class Target;

// Which target a sink's number in a token belongs to. Numbers are not used twice.
class SinkTable {
 public:
  std::uint32_t add(Target* target) {
    owners_.push_back(target);
    return static_cast<std::uint32_t>(owners_.size() - 1);
  }
  void remove(std::uint32_t number) { owners_[number] = nullptr; }
  Target* find(std::uint32_t number) const {
    return number < owners_.size() ? owners_[number] : nullptr;
  }

 private:
  std::vector<Target*> owners_;
};

class Target {
 public:
  Target(TargetId id, const TargetSpec& spec, std::shared_ptr<TargetCounters> counters,
         SinkWorld& world, ChunkPool& pool, SinkTable& sinks, std::uint64_t event_bytes_limit);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // The door; see BatchBuffer.
  void begin_round(const Block& block, Feed* feed, bool closed);
  bool take(const char* event, std::uint32_t length, std::uint32_t index) {
    if (input_ != nullptr) [[unlikely]]
      return take_instead({event, length}, index);
    return http_ == nullptr ? buffer_.take(event, length, index)
                            : http_->take(event, length, index);
  }
  bool end_round(const Now& now, LogPosition behind) {
    return http_ == nullptr ? buffer_.end_round(now, behind) : http_->end_round(now, behind);
  }
  void drop_one() { http_ == nullptr ? buffer_.drop_one() : http_->drop_one(); }
  Feeds& feeds() { return http_ == nullptr ? buffer_.feeds() : http_->feeds(); }
  bool roomy() const { return http_ == nullptr ? buffer_.roomy() : http_->roomy(); }
  std::uint64_t taken() const { return http_ == nullptr ? buffer_.taken() : http_->taken(); }
  std::uint64_t pending() const { return http_ == nullptr ? buffer_.pending() : http_->pending(); }

  bool touched = false;             // on the Writer's list for this round
  std::uint64_t seen_in_block = 0;  // the Writer's mark while it looks through a block's sets
  bool in_block = false;            // of that block: it goes to this target
  std::uint64_t taken_before = 0;   // the Writer's note of taken()

  // True if change() can do it: HTTP stays HTTP, and all else stays without.
  bool can_become(const TargetSpec& spec) const {
    return (spec.kind == TargetKind::url) == (http_ != nullptr);
  }
  void change(const TargetSpec& spec);
  void retire();
  void drain();
  void abandon(BatchBuffer::Successor successor = BatchBuffer::Successor::none);
  bool is_retired() const { return retired_; }
  // Feeds that may catch up with their bus: none any more once the target is to come to its end.
  bool may_catch_up() const { return !retired_ && !abandoned_ && !draining_; }
  // Nothing pending, nothing open.
  bool gone() const { return pending() == 0 && quiescent(); }
  bool quiescent() const { return http_ == nullptr ? sink_->quiescent() : http_->quiescent(); }

  // `bytes`: what a receive brought; they go when this returns.
  void complete(SinkToken token, std::int64_t result, std::span<const char> bytes, const Now& now) {
    if (http_ == nullptr) {
      if (!bytes.empty()) sink_->hear(token, bytes);
      sink_->complete(token, result, now);
    } else {
      http_->complete(token, result, bytes);
    }
  }
  void complete(StoreCompletion completion) {
    if (http_ != nullptr) return http_->complete_store(std::move(completion));
    undelivered_->complete(std::move(completion));
  }
  void progress(const Now& now);
  MonotonicTime deadline() const {
    if (http_ != nullptr) return http_->deadline();
    return std::min({buffer_.deadline(), sink_->deadline(), undelivered_->deadline()});
  }
  // It waits for its next try.
  bool troubled() const {
    return counters_->state.read() == static_cast<std::uint64_t>(TargetState::reconnecting);
  }
  // Writes what changed into the counters.
  void publish();
  TargetCounters& counters() { return *counters_; }
  std::shared_ptr<TargetCounters> shared_counters() const { return counters_; }

 private:
  // A share of a gauge that several may contribute to.
  struct Share {
    std::uint64_t last = 0;
    void set(Counter& gauge, std::uint64_t value) {
      gauge.add(value - last);
      last = value;
    }
  };
  void make_own_sink();
  void make_input();
  bool take_instead(std::string_view event, std::uint32_t index);
  void publish_http();
  void publish_feeds();

  TargetId id_;
  TargetSpec spec_;
  std::shared_ptr<TargetCounters> counters_;
  SinkWorld& world_;
  SinkTable& sinks_;
  std::uint64_t event_bytes_limit_;
  BatchBuffer buffer_;
  std::unique_ptr<Undelivered> undelivered_;
  std::unique_ptr<Sink> sink_;             // null, like the line before, where there is
  std::unique_ptr<HttpTarget> http_;       // instead of all
  std::unique_ptr<InputTransform> input_;  // null: it gets events as they are
  std::string instead_;                    // of the last event
  WallTime ingested_;                      // the events of this round
  std::uint32_t store_number_ = 0;         // in tokens of the store
  std::uint32_t number_ = 0;
  bool moving_ = false;  // the sink hands over; the next one is made from spec_
  bool retired_ = false;
  bool draining_ = false;
  bool abandoned_ = false;
  Share pending_;
  Share waiting_bytes_;
  Share memory_bytes_;
  Share lagging_;
};

}  // namespace weir
