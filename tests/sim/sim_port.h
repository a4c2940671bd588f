// World and SimPort: Port over simulated sockets, files and time, all from one seed.
//
// A World holds the clock (it moves only when told), the peers, the listeners, the files and the
// faults; any number of SimPorts, one for each stage under test, share it. Without faults every
// operation finishes at the next reap() in the order of submission. Each fault is a chance from 0
// to 1, drawn from the World's seed: the same seed gives the same run.
//
// SimPort also checks the contract of Port: one send and one receive at a time on a handle, memory
// of a send or write untouched until its completion, no use of a handle after close.
//
// One thread. A SimPort must go before its World.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/port/port.h"
#include "tests/sim/disk_image.h"
#include "tests/sim/sim_peer.h"

namespace weir::sim {

struct Faults {
  double short_receive = 0;     // a receive brings only a part of what is there
  double short_send = 0;        // a send takes only a part of what fits
  double short_write = 0;       // a file takes only a part
  double slow_acknowledge = 0;  // only a part of what fits is acknowledged at a step
  double connect_refused = 0;
  double reset = 0;                     // the connection breaks instead of taking a send
  double no_buffer = 0;                 // a receive ends with -ENOBUFS though there are buffers
  double open_error = 0;                // -EACCES
  double write_error = 0;               // -EIO
  double read_error = 0;                // -EIO
  double sync_error = 0;                // -EIO, and what was written may be lost
  double allocate_error = 0;            // -EIO
  double short_read = 0;                // of a file
  double misdirected_write = 0;         // it says that it has happened; it did, in another place
  double stale_read = 0;                // zeros instead of what was written
  double late_completion = 0;           // it has happened, but the stage hears of it later
  double shuffle = 0;                   // completions come in another order
  Nanoseconds delay_max{0};             // each operation takes up to this long
  std::uint32_t receive_bytes_max = 0;  // 0: no limit. 1: byte by byte
  std::uint32_t send_bytes_max = 0;
  std::uint32_t write_bytes_max = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed, DiskImage image = {}) : random(seed), disk(std::move(image)) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Now now() const { return now_; }
  void advance(Nanoseconds by);
  // Far enough from zero that tests can see a wrong clock. Moves the wall clock alone.
  void set_wall(WallTime wall) { now_.wall = wall; }

  Random random;
  Faults faults;

  // Servers that a stage may connect to. Where none is open, connect gets -ECONNREFUSED.
  void open_server(const Endpoint& endpoint) { servers_[to_string(endpoint)].open = true; }
  void close_server(const Endpoint& endpoint) { servers_[to_string(endpoint)].open = false; }
  // All connections that were ever made to it, in order; the last is the newest.
  const std::vector<SimPeerPtr>& connections(const Endpoint& endpoint) {
    return servers_[to_string(endpoint)].peers;
  }
  // Set on each connection made from now on.
  struct PeerDefaults {
    bool corked = false;
    bool hold_acknowledgements = false;
    std::uint64_t kernel_bytes_max = 64 * 1024;
    std::uint64_t send_bytes_max = 64 * 1024;
  };
  PeerDefaults peer_defaults;

  // Listeners of a stage (Port::accept), and clients that connect to them.
  Handle open_listener();
  SimPeerPtr connect_to(Handle listener, const std::string& name = "127.0.0.1:50000");
  // The next accept on it fails so (-EMFILE).
  void fail_next_accept(Handle listener, int error);

  // Files by path. A file that is open keeps its content when it is renamed or removed.
  DiskImage disk;
  std::map<std::string, SimFilePtr>& files = disk.files;
  std::uint64_t& disk_bytes_left = disk.bytes_left;  // then -ENOSPC
  std::set<std::string> unwritable;                  // paths whose open fails with -EACCES
  bool direct_refused = false;                       // O_DIRECT: -EINVAL, as on tmpfs
  // After each operation that changed the disk or its durability: a crash may come here.
  std::function<void()> on_disk_effect;

  // Lets the network move once. SimPort::reap() does it too.
  void step();
  std::size_t open_handles() const { return open_handles_; }  // listeners not counted

 private:
  friend class SimPort;
  struct Server {
    bool open = false;
    std::vector<SimPeerPtr> peers;
  };
  struct Slot {
    enum class Kind : std::uint8_t { listener, socket, file } kind;
    bool open = true;
    SimPeerPtr peer = {};
    std::string name = {};
    SimFilePtr file = {};
    OpenMode mode = {};
    std::deque<SimPeerPtr> backlog = {};  // listener: not accepted yet
    std::deque<std::string> backlog_names = {};
    int accept_error = 0;
  };
  bool chance(double p) { return p > 0 && random.uniform() < p; }
  Handle add(Slot slot);
  SimPeerPtr make_peer();
  Slot& slot(Handle handle);

  Now now_{.monotonic = {Nanoseconds{std::chrono::hours(1)}},
           .wall = {Nanoseconds{std::chrono::hours(24 * 20000)}}};
  std::map<std::string, Server> servers_;
  std::deque<Slot> slots_;
  std::vector<SimPeerPtr> peers_;
  std::size_t open_handles_ = 0;
};

class SimPort : public Port {
 public:
  explicit SimPort(World& world) : world_(world) {}

  void accept(Handle listener, Token token) override;
  void connect(const Endpoint& endpoint, Token token) override;
  void provide(std::uint32_t buffer, std::span<char> memory) override;
  void receive(Handle handle, Token token) override;
  void send(Handle handle, std::span<const char> bytes, Token token) override;
  std::uint64_t unacknowledged(Handle handle) override;
  bool broken(Handle handle) override;
  void shutdown_receive(Handle handle) override;
  void shutdown_send(Handle handle) override;
  std::string peer_name(Handle handle) override;
  void open(const std::string& path, OpenMode mode, Token token) override;
  std::uint64_t file_size(Handle handle) override;
  void write(Handle handle, std::span<const char> bytes, std::uint64_t offset,
             Token token) override;
  void read(Handle handle, std::span<char> bytes, std::uint64_t offset, Token token) override;
  void sync(Handle handle, Token token) override;
  void sync_directory(Handle handle, Token token) override;
  void allocate(Handle handle, std::uint64_t bytes, Token token) override;
  void truncate(Handle handle, std::uint64_t bytes, Token token) override;
  void rename(const std::string& from, const std::string& to, Token token) override;
  void remove(const std::string& path, Token token) override;
  void close(Handle handle) override;
  std::size_t reap(std::span<Completion> out) override;

  // For tests.
  std::size_t under_way() const { return operations_.size(); }
  std::size_t provided() const { return buffers_.size(); }
  std::uint64_t calls() const { return calls_; }  // of unacknowledged(): each is a system call

 private:
  enum class Kind : std::uint8_t {
    accept,
    connect,
    receive,
    send,
    open,
    write,
    read,
    sync,
    sync_directory,
    allocate,
    truncate,
    rename,
    remove
  };
  struct Operation {
    Kind kind;
    Token token;
    Handle handle = {};
    MonotonicTime due = {};
    std::span<const char> bytes = {};
    std::string copy = {};        // of `bytes` at submission
    std::span<char> memory = {};  // read
    std::uint64_t offset = 0;     // allocate, truncate: the length
    std::string path = {};
    std::string path_to = {};
    OpenMode mode = {};
    std::optional<Completion> done = {};  // late
  };
  struct Buffer {
    std::uint32_t id;
    std::span<char> memory;
  };

  void submit(Operation operation);
  // Nothing when it cannot finish yet.
  std::optional<Completion> attempt(Operation& operation);
  std::optional<std::int64_t> try_accept(const Operation& operation);
  std::optional<Completion> try_receive(const Operation& operation);
  std::optional<std::int64_t> try_send(const Operation& operation);
  std::int64_t do_connect(const Operation& operation);
  std::int64_t do_file(const Operation& operation);
  std::int64_t do_open(const Operation& operation);
  std::int64_t do_write(const Operation& operation);
  std::int64_t do_read(const Operation& operation);
  std::int64_t do_sync(const Operation& operation);
  std::int64_t do_allocate(const Operation& operation);
  std::int64_t do_rename(const Operation& operation);
  std::int64_t do_remove(const Operation& operation);
  void check_direct(const World::Slot& slot, std::span<const char> bytes, std::uint64_t offset);
  std::uint64_t cut(std::uint64_t bytes, double chance, std::uint32_t bytes_max);

  World& world_;
  std::deque<Operation> operations_;
  std::deque<Buffer> buffers_;
  std::uint64_t calls_ = 0;
};

}  // namespace weir::sim
