// Inside of the Ring: the io_uring itself, who asked for what, and operations that take more than
// one step. Private to io/ring; the only header that sees liburing.
//
// How a completion finds its way: the top byte of an operation's user data is the number of the
// port that asked (1 .. 254), with the stage's own token below it; kControlTag marks operations
// with a ControlOp behind them, by its index; 0 those that the ring itself asked for.
#pragma once

#include <liburing.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/sync/counter.h"
#include "io/ring/resolver.h"
#include "io/ring/ring.h"
#include "io/ring/socket_address.h"

namespace weir {

class RingPort;

// An operation whose parameters must outlive the call, or that takes several steps: open, rename,
// remove, connect (look the name up, then try its addresses in turn).
struct ControlOp {
  RingPort* port = nullptr;  // null: the port is gone, the result goes nowhere
  Token token = 0;
  bool connecting = false;
  bool opening = false;
  std::string path;     // open, remove; rename: from
  std::string path_to;  // rename
  Endpoint endpoint;    // connect
  std::vector<SocketAddress> addresses;
  std::size_t address_next = 0;
  int socket = -1;
  std::int64_t last_error = 0;
};

class Ring::Core {
 public:
  Core(const RingOptions& options, Ring& owner)
      : options_(options), resolver_(std::in_place, owner) {}
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  static constexpr unsigned kTagShift = 56;
  static constexpr std::uint64_t kControlTag = 255;
  static constexpr std::uint64_t kWakeData = 1;  // user data of the ring's own operations
  static constexpr std::uint64_t kIgnoredData = 2;

  Status open();    // creates the ring, disabled
  Status enable();  // on the thread that uses it
  std::size_t poll();
  std::size_t submit_and_wait(MonotonicTime deadline);
  void wake();
  bool drain(MonotonicTime deadline);

  // A zeroed entry to be filled at once. It lies in the submission queue, or, when the kernel takes
  // no more just now, in a waiting list.
  io_uring_sqe* next_entry();
  // The same for an operation that ends in a completion for a port.
  io_uring_sqe* next_operation(std::uint64_t user_data);
  void submit();  // without waiting; for callers that need the kernel to have seen all

  std::uint8_t add_port(RingPort& port);
  void remove_port(RingPort& port);

  void open_file(RingPort& port, const std::string& path, OpenMode mode, Token token);
  void rename_file(RingPort& port, const std::string& from, const std::string& to, Token token);
  void remove_file(RingPort& port, const std::string& path, Token token);
  void connect(RingPort& port, const Endpoint& endpoint, Token token);
  void cancel_and_close(int descriptor);

  // The provided-buffer ring of a port. The memory stays with the Core: the kernel may look at it
  // until the io_uring is gone.
  io_uring_buf_ring* register_buffers(std::uint8_t group);
  std::uint32_t buffer_capacity() const { return options_.buffers_per_port; }

  void note_ready() { ++unreaped_; }
  void note_reaped(std::size_t count) { unreaped_ -= count; }

  io_uring& uring() { return ring_; }
  const Status& status() const { return status_; }
  RingStats stats() const;

 private:
  int setup(unsigned flags);
  void arm_wake();
  void flush_waiting();
  bool has_kernel_work() const;
  void check_enter(int result);
  void sleep(MonotonicTime deadline);
  std::size_t take_completions();
  void dispatch(const io_uring_cqe& cqe);
  void take_answers();

  std::uint32_t new_control(RingPort& port, Token token);
  static std::uint64_t control_data(std::uint32_t index) {
    return index | kControlTag << kTagShift;
  }
  void finish_control(std::uint32_t index, std::int64_t result);
  void on_control(std::uint32_t index, std::int64_t result);
  // Tries the next address; finishes the operation when there is none left.
  void connect_next(std::uint32_t index);
  static int open_socket(const Endpoint& endpoint, const SocketAddress& address);
  static std::int64_t connect_unix(const std::string& path);
  static std::int64_t on_connected(ControlOp& op);

  RingOptions options_;
  io_uring ring_{};
  bool open_ = false;
  bool enabled_ = false;
  bool draining_ = false;
  int wake_fd_ = -1;
  Status status_ = Done{};

  std::array<RingPort*, kPortsMax + 1> ports_{};
  std::size_t ports_made_ = 0;
  std::vector<io_uring_sqe> waiting_;
  std::size_t waiting_first_ = 0;
  std::vector<std::unique_ptr<ControlOp>> controls_;
  std::vector<std::uint32_t> controls_free_;
  std::array<void*, kPortsMax + 1> buffer_rings_{};
  std::optional<Resolver> resolver_;

  std::size_t in_flight_ = 0;  // operations of ports that the kernel still has
  std::size_t unreaped_ = 0;   // completions that lie in ports

  Counter operations_;
  Counter enters_;
  Counter sleeps_;
  Counter wakes_;
};

}  // namespace weir
