// SimPeer: the far end of one simulated stream connection, in the hands of a test.
//
// Towards the stage: feed() bytes, finish() the stream, reset() it.
// From the stage: bytes go  stage's send buffer -> peer's kernel buffer -> peer's application.
// What sits in the first is unacknowledged; what reached the second is acknowledged; what reached
// the third stands in `received`. A corked peer's application does not read, so its kernel buffer
// fills, then the send buffer, then sends stay under way.
//
// Shared by the test and the World; lives as long as either wants it. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/random.h"

namespace weir::sim {

class SimPeer {
 public:
  // Towards the stage.
  void feed(std::string_view bytes) { to_stage_.append(bytes); }
  // No more input; the peer may still read.
  void finish() { finished_ = true; }
  // The connection breaks. Of the bytes not acknowledged, `arrived_bytes` still reached the peer's
  // application, though the stage will never know.
  void reset(std::uint64_t arrived_bytes = 0);

  // From the stage.
  std::string received;  // all that the application has read
  void cork() { corked_ = true; }
  void uncork() { corked_ = false; }
  // The application of a corked peer reads once, at most `bytes_max`.
  void read(std::uint64_t bytes_max);
  // Nothing is acknowledged while acknowledgements are held (the network stalls).
  void hold_acknowledgements(bool hold) { held_ = hold; }
  std::uint64_t kernel_bytes_max = 64 * 1024;  // the peer's receive buffer
  std::uint64_t send_bytes_max = 64 * 1024;    // the stage's send buffer

  std::uint64_t unacknowledged_bytes() const { return in_flight_.size(); }
  std::uint64_t unread_bytes() const { return kernel_.size(); }  // acknowledged, not read
  std::uint64_t input_left() const { return to_stage_.size(); }
  // The stage has sent its end (or closed) and all before it has been read.
  bool at_end() const { return stage_ended_ && in_flight_.empty() && kernel_.empty(); }
  bool stage_closed() const { return stage_closed_; }
  bool is_reset() const { return reset_; }

 private:
  friend class World;
  friend class SimPort;
  // Lets acknowledgements happen: all that fits, or with `random` an arbitrary part of it.
  void step(Random* random);

  std::string to_stage_;
  std::string in_flight_;
  std::string kernel_;
  bool finished_ = false;
  bool corked_ = false;
  bool held_ = false;
  bool reset_ = false;
  bool reset_seen_ = false;  // the stage got -ECONNRESET; from now on -EPIPE
  bool stage_ended_ = false;
  bool stage_closed_ = false;
  bool send_under_way_ = false;
  bool receive_under_way_ = false;
};

using SimPeerPtr = std::shared_ptr<SimPeer>;

}  // namespace weir::sim
