// Oracle: an outside judge of what is promised. It numbers events, derives each one's bytes from
// its number, notes what was acknowledged, and judges what receivers have written down. It knows
// nothing of the inside.
//
// An event is sent once: one that was not acknowledged when a connection broke is unknown, and may
// or may not arrive. Repeats are allowed, other bytes are not.
#pragma once

#include <atomic>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/peers.h"

namespace weir::e2e {

class Oracle {
 public:
  explicit Oracle(std::uint64_t seed) : seed_(seed) {}

  // The event of that number, without a line end: 30 to about 700 bytes.
  std::string event(std::uint64_t id) const;

  // Sends on a connection of its own to a source with `acks`.
  class Sender {
   public:
    Sender(Oracle& oracle, std::uint16_t port) : oracle_(oracle), client_(port) {}
    // The next `count` events; false when the connection is gone.
    bool send(std::size_t count);
    // Takes what was said, without waiting.
    void listen();
    // Ends sending and waits for the last ack. True if all was acknowledged.
    bool finish();
    std::uint64_t sent() const { return ids_.size(); }
    std::uint64_t acknowledged() const { return acked_; }
    const std::vector<std::string>& errors() const { return errors_; }

   private:
    void hear(const std::string& bytes);
    Oracle& oracle_;
    Client client_;
    std::vector<std::uint64_t> ids_;  // by line
    std::uint64_t acked_ = 0;         // lines
    std::string part_;
    std::vector<std::string> errors_;
  };

  std::uint64_t sent() const { return next_; }
  std::size_t acknowledged() const { return acknowledged_.size(); }

  // What is wrong with what a receiver has, a line an event; empty: nothing. `missing` events are
  // those that were acknowledged and are not there.
  std::string judge(const std::string& path) const;
  bool complete(const std::string& path) const;

 private:
  friend class Sender;
  const std::uint64_t seed_;
  std::uint64_t next_ = 0;
  std::set<std::uint64_t> acknowledged_;
};

// A receiver with `acks` that keeps whole lines only, as a well-made one does: what a broken
// connection leaves of a line never counts. It acknowledges what it has written down.
class Receiver {
 public:
  explicit Receiver(std::string path);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::uint16_t port() const { return port_; }
  const std::string& path() const { return path_; }
  // Lines after which each connection is cut in the midst of one; 0: never.
  void cut_every(std::uint64_t lines) { cut_every_ = lines; }

 private:
  struct Connection {
    Fd fd;
    std::string part;
    std::uint64_t lines = 0;
  };
  void work();
  bool take(Connection& connection);

  const std::string path_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> cut_every_ = 0;
  std::atomic<bool> stopping_ = false;
  std::ofstream file_;
  std::thread thread_;
};

}  // namespace weir::e2e
