// HttpBatch: the events of one request, encoded as they will be sent, with what is needed to send
// only some of them again.
//
//     memory:  | free, for the head | body ............ | free |
//
// The body is written in place as events come; the head is written in front of it when the request
// leaves. A batch that failed knows of each record who it is and what it has been through.
//
// Threads: the Writer's only. Batches and their memory are used again: see HttpBatchPool.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/catalog/catalog.h"
#include "core/port/event_batch.h"
#include "core/wire/render.h"

namespace weir {

// How the batches of a target look.
struct HttpFormat {
  BatchFormat format = BatchFormat::ndjson;
  bool single = false;  // one event to a request: then lines have no line end
  std::size_t head_room = 0;

  std::uint64_t around = 1;                       // bytes that a record takes beside the event
  static constexpr std::uint64_t kTailBytes = 1;  // bytes of a body that are no record's

  std::uint64_t bytes_of(std::uint64_t event_bytes) const { return event_bytes + around; }
  static HttpFormat of(const TargetSpec& spec, std::size_t head_room);
};

// One record of a body.
struct HttpRecord {
  std::uint32_t offset = 0;  // in the body: the event itself, without what the format adds
  std::uint32_t length = 0;
  std::uint32_t serial = 0;  // in the target's SettleWindow; meaningless if `entry` is set
};

// What is known about a record that has failed, or that came back from the store.
struct RecordFacts {
  EventIdText id{};
  BusId bus{0};
  std::uint8_t hops = 0;
  bool in_window = false;  // its serial is unsettled
  std::uint32_t attempts = 0;
  std::uint32_t stored = 0;  // index in HttpBatch::stored
  EntryId entry = 0;         // in the store, 0: none
  WallTime accepted;
  WallTime age_from;       // what `max_age` counts from
  WallTime first_attempt;  // 0: none yet
};

struct HttpBatch {
  enum class State : std::uint8_t { open, ready, in_flight, parked };

  State state = State::open;
  std::vector<HttpRecord> records;
  std::vector<std::uint64_t> keys;           // of `order_by`: a hash for each record, 0: no key
  std::vector<RecordFacts> facts;            // for each record, once needed
  std::shared_ptr<const EventBatch> stored;  // where store entries come from
  WallTime oldest;                           // no record was accepted before
  MonotonicTime first_failed = MonotonicTime::never();
  MonotonicTime due{Nanoseconds::min()};  // parked: the next try
  WallTime first_attempt;                 // 0: none yet
  WallTime last_attempt;
  EventIdText request_id{};  // of the request; '\0': none yet
  std::string error_code;    // of the last failure
  std::string error_message;

  std::size_t body_bytes() const { return end - head_room; }
  std::string_view body() const { return {memory.get() + head_room, body_bytes()}; }
  std::string_view event(std::size_t record) const {
    return body().substr(records[record].offset, records[record].length);
  }
  bool from_store() const { return stored != nullptr; }
  bool known() const { return !facts.empty(); }
  // What it holds in memory.
  std::uint64_t memory_bytes() const {
    return capacity + records.capacity() * sizeof(HttpRecord) + keys.capacity() * 8 +
           facts.capacity() * sizeof(RecordFacts);
  }

  bool has_room(std::uint64_t bytes) const {
    return end + bytes + HttpFormat::kTailBytes <= capacity;
  }
  // has_room(format.bytes_of(length)). CloudEvents have a way of their own.
  void append(const HttpFormat& format, const char* event, std::uint32_t length,
              std::uint32_t serial) {
    char* out = memory.get() + end;
    if (format.format == BatchFormat::json_array) *out++ = records.empty() ? '[' : ',';
    if (format.format == BatchFormat::ndjson && !records.empty()) *out++ = '\n';
    records.push_back({static_cast<std::uint32_t>(out - memory.get() - head()), length, serial});
    std::memcpy(out, event, length);
    end = static_cast<std::size_t>(out - memory.get()) + length;
  }
  // In any format.
  void append(const HttpFormat& format, const EventIdText& id, WallTime accepted,
              std::string_view event, std::uint32_t serial);
  // The end of the body.
  void close(const HttpFormat& format);

  std::unique_ptr<char[]> memory;
  std::size_t capacity = 0;
  std::size_t head_room = 0;
  std::size_t end = 0;        // of the body, in memory
  std::uint64_t counted = 0;  // by the pool

 private:
  void append_cloud_event(const EventIdText& id, WallTime accepted, std::string_view event,
                          std::uint32_t serial);
  std::ptrdiff_t head() const { return static_cast<std::ptrdiff_t>(head_room); }
};

using HttpBatchPtr = std::unique_ptr<HttpBatch>;

// The memory of one target's batches; what is not in use is kept warm, last in, first out.
class HttpBatchPool {
 public:
  explicit HttpBatchPool(std::uint64_t spare_bytes_max) : spare_bytes_max_(spare_bytes_max) {}

  // Open and empty, with room for the head and at least this much body.
  HttpBatchPtr take(const HttpFormat& format, std::size_t body_bytes);
  void give_back(HttpBatchPtr batch);
  // A ready batch of these records of another one, whose facts are known; ascending.
  HttpBatchPtr subset(const HttpFormat& format, const HttpBatch& from,
                      std::span<const std::uint32_t> which);
  // Room for this much more, twice as much as before if that is less.
  void grow(HttpBatch& batch, std::uint64_t bytes);
  // Its lists may have grown.
  void recount(HttpBatch& batch);
  // Memory of all batches in use.
  std::uint64_t used_bytes() const { return used_bytes_; }
  std::size_t in_use() const { return in_use_; }
  // Of the batch that take() would give.
  std::uint64_t spare_capacity() const { return spare_.empty() ? 0 : spare_.back()->capacity; }

 private:
  std::vector<HttpBatchPtr> spare_;
  std::uint64_t spare_bytes_ = 0;
  std::uint64_t spare_bytes_max_;
  std::uint64_t used_bytes_ = 0;
  std::size_t in_use_ = 0;
};

}  // namespace weir
