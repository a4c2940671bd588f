// Sink: the way out of one target. It takes the bytes of closed batches from the BatchBuffer and
// brings them to a connection or a file, retries what fails, and settles what has arrived.
//
// A sink acts in progress() only, once in a round and after all completions of the round, so that
// what it sends is as large as it can be; completions only note what happened.
//
// Threads: the Writer's only. Lifetime: until done() after hand_over(), or quiescent() after
// abandon().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/steady_clock.h"
#include "core/deliver/batch_buffer.h"
#include "core/deliver/target_counters.h"
#include "core/deliver/writer_host.h"
#include "core/port/event_store.h"
#include "core/port/port.h"

namespace weir {

// What the store calls things: names outlive a process, ids do not.
struct DeliveryNames {
  std::vector<std::string> buses;    // by BusId
  std::vector<std::string> targets;  // by TargetId

  static std::string_view at(const std::vector<std::string>& names, std::size_t index) {
    return index < names.size() ? std::string_view(names[index]) : std::string_view();
  }
  std::string_view bus(BusId id) const { return at(buses, id.value); }
  std::string_view target(TargetId id) const { return at(targets, id.value); }
};

// The files that sinks have open or are about to: one sink at a time writes to a path. A sink that
// was given up may still have a write or a rename under way, and its successor must not look at the
// file before.
class FilesInUse {
 public:
  // False: another sink has it. `number` is the sink's.
  bool take(const std::string& path, std::uint32_t number) {
    for (const auto& [taken, owner] : files_) {
      if (taken == path) return owner == number;
    }
    files_.emplace_back(path, number);
    return true;
  }
  void give_back(std::uint32_t number) {
    std::erase_if(files_, [&](const auto& file) { return file.second == number; });
  }

 private:
  std::vector<std::pair<std::string, std::uint32_t>> files_;
};

// What the sinks of one Writer share.
struct SinkWorld {
  Port& port;
  WriterHost& host;
  Random random;
  Handle standard_output;
  EventStore* store = nullptr;  // null: without a data directory there is none
  DeliveryNames names = {};
  FilesInUse files = {};
  // By it ages and due times are told; set at the Writer's first poll.
  SteadyClock clock = {};
};

// Tokens of a Writer's port: which sink, which of its connections, which operation.
enum class SinkOp : std::uint8_t {
  connect,
  send,
  receive,
  // FileOpener's, in a row
  open,
  truncate,
  sync_content,
  open_to_read,
  read,
  open_directory,
  sync_directory,
  write,
  sync,
  rename
};
struct SinkToken {
  std::uint32_t sink = 0;  // below 2^20
  std::uint16_t generation = 0;
  SinkOp op = SinkOp::connect;
  std::uint16_t part = 0;  // below 2^10;  // of a sink with several connections
};
inline Token pack(SinkToken t) {
  return (std::uint64_t{t.sink} << 34U) | (std::uint64_t{t.part} << 24U) |
         (std::uint64_t{t.generation} << 8U) | static_cast<std::uint64_t>(t.op);
}
inline SinkToken unpack(Token token) {
  return {.sink = static_cast<std::uint32_t>(token >> 34U),
          .generation = static_cast<std::uint16_t>(token >> 8U),
          .op = static_cast<SinkOp>(token & 0xffU),
          .part = static_cast<std::uint16_t>(token >> 24U & 0x3ffU)};
}

// Exponential back-off with full jitter: up to 100 ms after the first failure, twice as much after
// each further one, up to 30 s; never less than 1 ms, so that nothing spins.
class Backoff {
 public:
  static constexpr Nanoseconds kFirst = 100ms;
  static constexpr Nanoseconds kMost = 30s;
  static constexpr Nanoseconds kLeast = 1ms;
  Nanoseconds next(Random& random);
  void reset() { failures_ = 0; }

 private:
  std::uint32_t failures_ = 0;
};

// Tells people about one target, at most once in kPause per level.
class Reporter {
 public:
  static constexpr Nanoseconds kPause = 5s;
  Reporter(WriterHost& host, TargetId target) : host_(host), target_(target) {}
  void tell(const Now& now, WriterHost::Level level, const std::string& text);

 private:
  struct Line {
    MonotonicTime quiet_until{Nanoseconds::min()};
    std::uint64_t left_out = 0;
  };
  WriterHost& host_;
  TargetId target_;
  Line lines_[2];
};

class Undelivered;

class Sink {
 public:
  struct Setup {
    SinkWorld& world;
    BatchBuffer& buffer;
    Undelivered& undelivered;
    TargetCounters& counters;
    TargetId target;
    TargetSpec spec;
    std::uint32_t number;  // in tokens
  };
  explicit Sink(Setup setup)
      : world_(setup.world),
        buffer_(setup.buffer),
        undelivered_(setup.undelivered),
        counters_(setup.counters),
        spec_(std::move(setup.spec)),
        target_(setup.target),
        number_(setup.number),
        reporter_(setup.world.host, setup.target) {}
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // What a receive brought; valid during the call, right before complete() of that receive.
  virtual void hear(SinkToken /*token*/, std::span<const char> /*bytes*/) {}
  virtual void complete(SinkToken token, std::int64_t result, const Now& now) = 0;
  virtual void progress(const Now& now) = 0;
  virtual MonotonicTime deadline() const = 0;

  // Limits that changed while the address stays (rotation).
  virtual void change(const TargetSpec& spec) { spec_ = spec; }
  // Close whenever all is settled; open again if something comes nevertheless.
  void close_when_settled() { closing_ = true; }
  // Another sink takes over: finish the batch under way, close, then be done().
  virtual void hand_over() = 0;
  virtual bool done() const = 0;
  // Close at once; the buffer has been abandoned.
  virtual void abandon() = 0;
  // No operation uses the buffer's memory, nothing is open.
  virtual bool quiescent() const = 0;

 protected:
  Token token(SinkOp op) const {
    return pack({.sink = number_, .generation = generation_, .op = op});
  }
  void set_state(TargetState state) { counters_.state.set(static_cast<std::uint64_t>(state)); }
  void note_error(const Now& now, const std::string& text);

  SinkWorld& world_;
  BatchBuffer& buffer_;
  Undelivered& undelivered_;
  TargetCounters& counters_;
  TargetSpec spec_;
  TargetId target_;
  std::uint32_t number_;
  std::uint16_t generation_ = 0;
  bool closing_ = false;
  bool troubled_ = false;  // a failure was told and its end was not
  Reporter reporter_;
  Backoff backoff_;
};

std::unique_ptr<Sink> make_sink(Sink::Setup setup);

}  // namespace weir
