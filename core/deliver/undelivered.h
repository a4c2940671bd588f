// Undelivered: the events of a stream or file target that do not arrive as they should: which of
// them have come to the end of their tries, how they become dead letters, and how events come back
// from the store (redriven ones, and the dead letters of other targets).
//
// Tries end when an event is older than `max_age`, counted from its acceptance, or when a batch has
// failed `retries` times after its first attempt. An attempt is a try to reach the target that was
// to bring the batch, or a connection that broke with some of it under way. A target is probed
// more often than that: tries closer together than EventBridge's pace (from 100 ms, doubling, so
// that all retries together last about as long as the age) count as one. So its return is noticed
// within half a minute, and an hour's outage uses up no event's tries.
//
// Tries end only where one has failed: what is old and can be delivered is delivered. Without a
// store there are no limits: a stream target tries for ever.
//
// A dead letter is first written to the store; only then does its place in the log settle. While
// records are held for that, nothing is sent that would begin anew: see holds().
//
// Threads: the Writer's only. Memory: what the store has not taken, at most 4 MiB and a batch; one
// batch that came from it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/deliver/batch_buffer.h"
#include "core/deliver/http_store.h"
#include "core/deliver/sink.h"

namespace weir {

class Undelivered {
 public:
  // A batch that has failed so often goes alone, so that it takes no other with it.
  static constexpr std::uint32_t kAloneAfter = 2;

  // `number`: in tokens of the store, not used by a sink.
  Undelivered(SinkWorld& world, BatchBuffer& buffer, const TargetSpec& spec, std::uint32_t number);

  void change(const TargetSpec& spec) { spec_ = spec; }
  bool limited() const { return store_.available(); }

  // The sink's side.
  struct Failure {
    std::string_view code;  // a literal
    std::string message;
  };
  // A try has failed that was to bring, or had begun with, all below `under_way`.
  void failed(Failure failure, std::uint64_t under_way, const Now& now);
  // Something has arrived.
  void succeeded() {
    failing_ = false;
    counts_from_ = MonotonicTime{Nanoseconds::min()};
  }
  // The peer will never take this record (json_array: batch).
  void refused(const BatchBuffer::Lot& lot, const std::string& why, const Now& now);
  // Nothing is under way: what has come to the end of its tries leaves. Then ask holds().
  void give_up(const Now& now);
  // When give_up() has something to do.
  MonotonicTime give_up_at() const;
  // When the oldest batch is too old to be tried again.
  MonotonicTime too_old_at() const;
  // The store is behind: no record should be refused until it has taken what there is.
  bool full() const { return limited() && store_.full(); }
  // Records wait for the store; nothing new may be begun.
  bool holds() const { return buffer_.holds(); }
  // How far may be sent, where the sink would go up to `limit`.
  std::uint64_t send_limit(std::uint64_t limit) const;

  // The target's side.
  void complete(StoreCompletion completion);
  // Before the sink's progress: events from the store.
  void fetch(const Now& now);
  // After it: what goes there.
  void flush(const Now& now);
  MonotonicTime deadline() const { return look_at_; }
  void drain() { draining_ = true; }
  // The buffer has been abandoned.
  void abandon();

 private:
  static constexpr std::uint64_t kBuriedAtOnce = kMiB;

  Exhausted exhausted(const BatchBuffer::Lot& lot, const Now& now) const;
  void end(const BatchBuffer::Lot& lot, Exhausted condition, const Failure& failure,
           const Now& now);
  void bury(const BatchBuffer::Lot& lot, const StoredEvent& facts, const Now& now);
  void bury_stored(const BatchBuffer::Lot& lot, const StoredEvent& facts);
  void count_back(HttpStore::Done done);
  void settle_returned();
  bool append_returned(const Now& now);
  Nanoseconds pace(std::uint32_t attempts) const;

  SinkWorld& world_;
  BatchBuffer& buffer_;
  TargetSpec spec_;
  HttpStore store_;

  bool failing_ = false;
  Failure last_{};
  WallTime last_at_;
  MonotonicTime counts_from_{Nanoseconds::min()};

  // What came from the store and is in the buffer, or waits for room there.
  std::unique_ptr<EventBatch> back_;
  std::vector<bool> back_buried_;  // by its index
  std::uint64_t back_first_ = 0;   // serial
  std::size_t back_settled_ = 0;   // records
  bool back_in_buffer_ = false;
  bool taking_ = false;
  WallTime next_due_;
  std::uint64_t redrives_seen_ = 0;
  MonotonicTime look_at_ = MonotonicTime::never();
  bool draining_ = false;
  bool abandoned_ = false;

  // Kept for their memory.
  std::string text_;
  std::string letter_;
  std::vector<std::string_view> events_;
};

}  // namespace weir
