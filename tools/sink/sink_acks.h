// The sink as the receiving end of the ack protocol (core/wire/ack_line.h): what each connection is
// still to be told, with faults on demand. Owned by one Sink and its thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "core/base/random.h"
#include "core/base/units.h"

namespace weir {

struct SinkAckOptions {
  bool on = false;
  bool never = false;            // takes lines and says nothing
  Nanoseconds delay{0};          // from received to acknowledged
  std::uint64_t fail_every = 0;  // every Nth line of a connection gets an error; 0: none
  std::uint64_t drop_every = 0;  // closes after about so many lines, at random; 0: never
  std::uint64_t seed = 1;        // of the drops
};

class SinkAcks {
 public:
  // The connection has `lines` lines by now.
  void owe(std::uint64_t lines, std::int64_t now_ns, const SinkAckOptions& options);
  // Sends what is due, at its end (`all`) whatever is owed.
  void send(int fd, std::int64_t now_ns, bool all, const SinkAckOptions& options);
  // When there is something to send again; the largest number if nothing is owed.
  std::int64_t next_ns() const;
  std::uint64_t errors() const { return errors_; }

  // After so many lines the connection is to be dropped.
  std::uint64_t drop_at = ~std::uint64_t{0};

 private:
  struct Owed {
    std::int64_t due_ns;
    std::uint64_t lines;
  };
  void tell(std::uint64_t lines, const SinkAckOptions& options);

  std::deque<Owed> owed_;
  std::uint64_t told_ = 0;
  std::uint64_t errors_ = 0;
  std::string unsent_;
};

// From 1 to twice the mean.
std::uint64_t draw_drop(Random& random, const SinkAckOptions& options);

}  // namespace weir
