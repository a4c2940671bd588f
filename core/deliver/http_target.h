// HttpTarget: a target behind HTTP. Takes events at its door, sends them in batches over a pool of
// keep-alive connections, reads what became of each record, and sees to it that every record ends
// in one of: delivered, in the store (to be tried again later, or as a dead letter), dropped.
//
//     door -> open batch -> line -> in flight -> delivered
//               (one for each lane)    |
//                     parked <- again -+- refused -> halves, down to the one record -> dead letter
//                       |
//                       +-> next try, or after a second, if the target takes others: the store,
//                           which gives it back when it is due
//
// Order: without `order_by` batches go as connections are free. With it events are spread over
// `concurrency` lanes by their key; of a lane one fresh batch is under way, and no record passes an
// earlier one of its key, be that in flight, parked or in the store.
//
// Memory: batches within `buffer`; records in the SettleWindow; answers to a cap for each
// connection; what waits for the store, at most 4 MiB and a batch.
//
// Threads: the Writer's only. Lifetime: after abandon() until quiescent().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/block/block.h"
#include "core/deliver/feed.h"
#include "core/deliver/http_batch.h"
#include "core/deliver/http_connection.h"
#include "core/deliver/http_pace.h"
#include "core/deliver/http_store.h"
#include "core/deliver/settle_window.h"
#include "core/deliver/sink.h"
#include "core/http/batch_results.h"
#include "core/http/gzip_body.h"
#include "core/http/request_head.h"
#include "core/http/retry_after.h"

namespace weir {

class HttpTarget {
 public:
  struct Setup {
    SinkWorld& world;
    TargetCounters& counters;
    TargetId target;
    TargetSpec spec;
    std::uint32_t number;  // in tokens
    std::uint64_t event_bytes_limit;
  };
  // What happened since the last look; the owner adds it to the counters.
  struct Tally {
    std::uint64_t matched = 0;
    std::uint64_t delivered = 0;
    std::uint64_t shed = 0;
    std::uint64_t dropped = 0;
    std::array<std::uint64_t, kDropReasons> dropped_by{};
    std::uint64_t dead_lettered = 0;
    std::uint64_t deferred = 0;  // moved to the store, to be tried again
    std::uint64_t returned = 0;  // came back from there
    std::uint64_t batches = 0;   // requests that were answered with success
    std::uint64_t bytes = 0;     // of bodies delivered
  };

  explicit HttpTarget(Setup setup);
  HttpTarget(const HttpTarget&) = delete;
  HttpTarget& operator=(const HttpTarget&) = delete;

  // The same address; everything else may change.
  void change(const TargetSpec& spec);

  // The door, as BatchBuffer's. A round brings events of one block, in their order.
  void begin_round(const Block& block, Feed* feed, bool closed);
  // False: no room and the policy is block; nothing has happened, offer it again.
  bool take(const char* event, std::uint32_t length, std::uint32_t index) {
    const std::uint64_t need = format_.bytes_of(length);
    if (need > open_left_ || open_records_left_ == 0) [[unlikely]] {
      return take_slowly({event, length}, index);
    }
    lanes_[0].open->append(format_, event, length, window_.take(index));
    open_left_ -= need;
    --open_records_left_;
    ++taken_;
    return true;
  }
  // All events of the round's block before `behind` have stood at the door. True: it is closed, the
  // target lags.
  bool end_round(const Now& now, LogPosition behind);
  void drop_one(DropReason reason = DropReason::stopped) {
    ++tally_.matched;
    count_dropped(reason, 1);
  }
  // In this round events pass the door untaken.
  bool passes_by() const { return round_.closed; }
  Feeds& feeds() { return feeds_; }
  // Worth while to read from the log.
  bool roomy() const;

  void complete(SinkToken token, std::int64_t result, std::span<const char> bytes);
  void complete_store(StoreCompletion completion);
  void progress(const Now& now);
  MonotonicTime deadline() const;

  void drain() { draining_ = true; }
  // No new events are expected; connections close when nothing is pending.
  void retire() { retired_ = draining_ = true; }
  // All that waits is given up: back to the logs, or dropped.
  void abandon(BatchBuffer::Successor successor);
  bool quiescent() const;

  std::uint64_t pending() const { return pending_ + taken_; }
  // How many events have ever been taken.
  std::uint64_t taken() const { return taken_before_ + taken_; }
  std::uint64_t given_back() const { return given_back_; }
  std::uint64_t waiting_bytes() const { return pool_.used_bytes(); }
  std::uint64_t memory_bytes() const { return pool_.used_bytes(); }
  Tally take_tally();

 private:
  // Events whose keys fall together; without `order_by` there is one.
  struct Lane {
    HttpBatchPtr open;
    MonotonicTime linger = MonotonicTime::never();
    std::vector<HttpBatchPtr> line;  // closed batches, in order, in whatever state
    std::unordered_map<std::uint64_t, std::uint32_t> stored;  // keys with entries in the store
  };
  struct Round {
    Feed* feed = nullptr;
    std::uint64_t sequence = 0;
    WallTime accepted;
    bool closed = false;
  };
  // Why records were not delivered.
  struct Failure {
    std::string_view code;
    std::string message;
    Nanoseconds wait{0};      // the server asked for
    bool by_record = false;   // the answer told of each
    bool by_content = false;  // one record could be why all failed
  };
  // A list of batches, and the place of one of them.
  struct Place {
    std::vector<HttpBatchPtr>* line = nullptr;
    std::size_t index = 0;
    HttpBatch& batch() const { return *(*line)[index]; }
  };

  // http_target.cc: the door and life.
  void configure(const TargetSpec& spec);
  bool take_slowly(std::string_view event, std::uint32_t index);
  bool make_room(Lane& lane, std::uint64_t need);
  bool within_budget(std::uint64_t more) const;
  bool turn_away(std::uint32_t index);
  void close_open(Lane& lane);
  void refresh_open();
  void close_lingering(const Now& now);
  void sync_feeds();
  void note_taken();
  std::uint64_t open_bytes_max() const { return spec_.batch.bytes_max; }
  bool ordered() const { return !spec_.order_by.empty(); }
  Lane& lane_of(std::uint64_t key) { return lanes_[(key >> 1U) % lanes_.size()]; }

  // http_dispatch.cc: which batch goes when.
  void dispatch(const Now& now);
  HttpConnection* free_connection(const Now& now);
  Place next_batch(const Now& now);
  Place next_in_line(Lane& lane, const Now& now);
  Place next_in_order(Lane& lane, const Now& now);
  bool sendable(const HttpBatch& batch, const Now& now) const;
  Place split_off_free(Lane& lane, std::size_t index, const Now& now);
  void note_keys(const HttpBatch& batch);
  void start(HttpConnection& connection, HttpBatch& batch, const Now& now);
  void name_request(HttpBatch& batch) const;
  std::span<const char> encode(HttpConnection& connection, HttpBatch& batch, const Now& now);
  void sweep(const Now& now);
  bool expire(Place place, const Now& now);

  // http_outcome.cc: what became of it.
  void take_outcomes(const Now& now);
  void judge(Place place, HttpConnection& connection, HttpConnection::Outcome outcome,
             const Now& now);
  void judge_answer(Place place, const HttpResponseReader& response, const Now& now);
  void judge_success(Place place, const HttpResponseReader& response, const Now& now);
  void refuse(Place place, const Failure& failure, bool bisect, const Now& now);
  void try_again(Place place, const Failure& failure, const Now& now);
  void settle_verdicts(Place place, std::span<RecordVerdict> verdicts, const Failure& failure,
                       const Now& now);
  void fail_followers(const HttpBatch& batch, std::span<RecordVerdict> verdicts);
  void part(Place place);
  void park(HttpBatch& batch, const Failure& failure, const Now& now);
  Place find(const HttpBatch& batch);
  void replace(Place place, std::span<HttpBatchPtr> with);
  void remove(Place place);
  void know(HttpBatch& batch);
  void deliver(HttpBatch& batch, std::size_t record);
  void finish(HttpBatch& batch, std::size_t record);
  void drop(HttpBatch& batch, std::size_t record, DropReason reason);
  void count_dropped(DropReason reason, std::uint64_t records) {
    tally_.dropped += records;
    tally_.dropped_by[static_cast<std::size_t>(reason)] += records;
  }
  void bury(HttpBatch& batch, std::size_t record, Exhausted exhausted, const Now& now);
  void note_success(const Now& now);
  void note_failure(const Now& now, const Failure& failure);
  static constexpr Nanoseconds kDeferAfter = 1s;

  // http_retry.cc: the store.
  void defer(Place place, const Now& now);
  void defer_record(HttpBatch& batch, std::size_t record, const Now& now);
  StoredEvent stored_event(HttpBatch& batch, std::size_t record) const;
  void store_done(HttpStore::Done done);
  void take_back(std::shared_ptr<const EventBatch> events);
  void take_keys(const EventBatch& keys);
  void pump_retries(const Now& now);
  void key_stored(std::uint64_t key);
  void key_gone(std::uint64_t key);

  SinkWorld& world_;
  TargetCounters& counters_;
  TargetSpec spec_;
  std::uint32_t number_;
  std::uint64_t event_bytes_limit_;
  const std::uint64_t hash_key_;  // of the values of order_by
  Reporter reporter_;

  HttpFormat format_;
  std::unique_ptr<RequestHead> head_;
  std::unique_ptr<GzipBody> gzip_;
  std::vector<std::vector<char>> packed_;  // compressed requests, by connection
  HttpBatchPool pool_;
  std::uint64_t budget_ = 0;
  std::uint64_t body_cap_ = 0;  // of answers

  // The door. Touched for every event.
  std::uint64_t open_left_ = 0;  // bytes the open batch may still take at once; 0: look closer
  std::uint64_t open_records_left_ = 0;
  std::uint64_t taken_ = 0;  // not yet in tally and pending
  std::uint64_t taken_before_ = 0;
  SettleWindow window_;
  std::vector<Lane> lanes_;
  Round round_;
  Feeds feeds_;

  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::uint32_t in_flight_ = 0;
  HttpPace pace_;
  Backoff connect_backoff_;
  MonotonicTime connect_at_{Nanoseconds::min()};
  std::size_t lane_turn_ = 0;
  bool retry_turn_ = false;
  MonotonicTime sweep_at_ = MonotonicTime::never();
  MonotonicTime dispatch_at_ = MonotonicTime::never();  // when it may go on by the passing of time

  HttpStore store_;
  std::vector<HttpBatchPtr> retries_;  // came back from the store
  WallTime next_due_;                  // of retries in the store
  std::uint64_t redrives_seen_ = 0;
  MonotonicTime look_at_ = MonotonicTime::never();  // for redrives, of which nobody tells
  bool taking_ = false;                             // something is asked of the store
  bool keys_known_ = false;
  std::string keys_after_;

  std::uint64_t pending_ = 0;
  std::uint64_t given_back_ = 0;
  Tally tally_;
  bool draining_ = false;
  bool retired_ = false;
  bool abandoned_ = false;

  // Kept for its memory.
  BatchResults results_;
  std::vector<RecordVerdict> verdicts_;
  std::vector<EventIdText> ids_;
  std::vector<std::uint32_t> chosen_;
  std::unordered_map<std::uint64_t, std::uint32_t> blocked_;
  std::string letter_;
};

}  // namespace weir
