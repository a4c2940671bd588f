// StreamSink: a target behind a stream socket, TCP or unix.
//
//     closed --(a batch)--> connecting --> open --(settled, closing)--> finishing --> closed
//                 ^             |            |(error)
//                 |             v            v
//                 +-------- waiting <---- failing (until the send under way has come back)
//
// Delivered means acknowledged by the peer's kernel: bytes handed to the socket less what
// Port::unacknowledged() says. It is asked after each send and, while something is outstanding, on
// a tick of 1 ms that grows to 16 ms while nothing moves; never per event. After an error the
// connection is made anew and the stream begins again at the first record (json_array, raw: batch)
// that was not wholly acknowledged.
//
// The peer's end of stream is no error: who has closed its sending half may still read. We go on
// until the kernel says that the connection is dead.
//
// With `acks: true` delivered means acknowledged by the peer itself, line by line (peer_acks.h); a
// line that it refuses is a permanent failure of that record (json_array: batch). The kernel is not
// asked, and a peer that ends its stream can acknowledge no more: then what is left is sent again.
//
// A peer that holds its connection open and takes nothing for kStalledAfter, until the oldest batch
// has passed its age, has failed like one that broke (undelivered.h).
#pragma once

#include "core/deliver/peer_acks.h"
#include "core/deliver/sink.h"

namespace weir {

class StreamSink final : public Sink {
 public:
  static constexpr std::uint64_t kSendBytesMax = kChunkBytes;
  static constexpr Nanoseconds kTickFirst = 1ms;
  static constexpr Nanoseconds kTickMost = 16ms;
  static constexpr Nanoseconds kFinishWait = 200ms;  // for the peer's end after ours
  static constexpr Nanoseconds kStalledAfter = 30s;

  explicit StreamSink(Setup setup);

  void hear(SinkToken token, std::span<const char> bytes) override;
  void complete(SinkToken token, std::int64_t result, const Now& now) override;
  void progress(const Now& now) override;
  MonotonicTime deadline() const override;
  void hand_over() override;
  bool done() const override { return handing_over_ && state_ == State::closed; }
  void abandon() override;
  bool quiescent() const override { return sending_bytes_ == 0 && state_ == State::closed; }

 private:
  enum class State : std::uint8_t { closed, connecting, open, failing, waiting, finishing };

  void connect();
  void connected(std::int64_t result, const Now& now);
  void sent(std::int64_t result, const Now& now);
  void received(std::int64_t result, const Now& now);
  void progress_open(const Now& now);
  void look_at_acknowledgements(const Now& now);
  void pass_acknowledged(const Now& now);
  std::uint64_t acknowledged_bytes() const;
  MonotonicTime stalls_at() const;
  void moved(const Now& now);
  void broke(std::int64_t error, const Now& now);
  void let_go_of_stalled(const Now& now);
  void lost(const Now& now);
  void retry_later(const Now& now, const std::string& what);
  void finish(const Now& now);
  void close();
  void forget_connection();
  std::uint64_t limit() const;

  State state_ = State::closed;
  Handle handle_;
  std::uint64_t began_ = 0;         // offset at which this connection began
  std::uint64_t sent_ = 0;          // offset up to which the kernel took it
  std::uint64_t acknowledged_ = 0;  // offset up to which the peer's kernel has it
  std::uint64_t sent_most_ = 0;     // over all connections: below it, it is sent again
  MonotonicTime timer_ = MonotonicTime::never();  // the next tick, try or give-up, by state
  MonotonicTime moved_at_;                        // when something arrived, or had to be sent
  std::uint64_t serial_ = 0;                      // acks: of the record at acknowledged_
  Nanoseconds tick_ = kTickFirst;
  std::int64_t error_ = 0;
  std::uint64_t sending_bytes_ = 0;  // of the send under way
  bool receiving_ = false;
  bool peer_ended_ = false;
  bool abandoned_ = false;
  bool handing_over_ = false;
  std::uint64_t stop_at_ = 0;
  PeerAcks peer_acks_;
};

}  // namespace weir
