// Target: one target of a Writer: its buffer, its sink, its counters, and the change from one
// address to another.
//
// Threads: the Writer's only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/deliver/batch_buffer.h"
#include "core/deliver/sink.h"

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

  BatchBuffer buffer;
  bool touched = false;             // on the Writer's list for this round
  std::uint64_t seen_in_block = 0;  // the Writer's mark while it looks through a block's sets
  bool in_block = false;            // of that block: it goes to this target
  std::uint64_t taken_before = 0;   // the Writer's note of buffer.taken()

  void change(const TargetSpec& spec);
  void retire();
  void drain();
  void abandon(BatchBuffer::Successor successor = BatchBuffer::Successor::none);
  bool is_retired() const { return retired_; }
  // Feeds that may catch up with their bus: none any more once the target is to come to its end.
  bool may_catch_up() const { return !retired_ && !abandoned_ && !draining_; }
  // Nothing pending, nothing open.
  bool gone() const { return buffer.pending() == 0 && sink_->quiescent(); }
  bool quiescent() const { return sink_->quiescent(); }

  void complete(SinkToken token, std::int64_t result, const Now& now) {
    sink_->complete(token, result, now);
  }
  void progress(const Now& now);
  MonotonicTime deadline() const { return std::min(buffer.deadline(), sink_->deadline()); }
  // Writes what changed into the counters.
  void publish();
  TargetCounters& counters() { return *counters_; }

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

  TargetId id_;
  TargetSpec spec_;
  std::shared_ptr<TargetCounters> counters_;
  SinkWorld& world_;
  SinkTable& sinks_;
  std::uint64_t event_bytes_limit_;
  std::unique_ptr<Sink> sink_;
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
