// A Writer with HTTP targets, and servers in the hands of a test.
#pragma once

#include <functional>
#include <map>

#include "tests/unit/deliver/lag_fixture.h"
#include "tests/unit/deliver/memory_store.h"

namespace weir {

inline constexpr std::uint64_t kIdSeed = 7;
inline const Endpoint kWeb{.host = "127.0.0.1", .port = 8080, .congestion = {}};

inline TargetSpec http_target(const std::string& name) {
  TargetSpec spec;
  spec.name = name;
  spec.kind = TargetKind::url;
  spec.endpoint = kWeb;
  spec.http.authority = "127.0.0.1:8080";
  spec.http.path = Secret("/in");
  spec.batch = {.records_max = 2, .bytes_max = kMiB, .wait_max = 100ms};
  spec.buffer_bytes = kMiB;
  spec.dead_letter = {.kind = DeadLetterSpec::Kind::store};
  return spec;
}

inline std::string reply(int status, const std::string& body = "",
                         const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

// Answers whole requests by a function of the test.
class HttpServer {
 public:
  struct Request {
    std::size_t connection = 0;
    std::string head;
    std::string body;
    MonotonicTime at;
    std::string header(const std::string& name) const {
      const std::size_t begin = head.find("\r\n" + name + ": ");
      if (begin == std::string::npos) return {};
      const std::size_t value = begin + name.size() + 4;
      return head.substr(value, head.find("\r\n", value) - value);
    }
    // Of ndjson.
    std::vector<std::string> lines() const {
      std::vector<std::string> all;
      std::size_t at_byte = 0;
      while (at_byte < body.size()) {
        const std::size_t end = std::min(body.find('\n', at_byte), body.size());
        all.push_back(body.substr(at_byte, end - at_byte));
        at_byte = end + 1;
      }
      return all;
    }
  };
  // Bytes to answer with; empty: silence. "!": the connection breaks. "$...": answers and closes.
  using Handler = std::function<std::string(const Request&)>;

  explicit HttpServer(sim::World& world, Endpoint endpoint = kWeb)
      : world_(world), endpoint_(std::move(endpoint)) {
    world_.open_server(endpoint_);
  }
  Handler handler = [](const Request&) { return reply(200); };
  std::vector<Request> requests;

  // True if something was answered.
  bool step() {
    bool acted = false;
    const auto& peers = world_.connections(endpoint_);
    read_.resize(peers.size());
    for (std::size_t i = 0; i < peers.size(); ++i) {
      while (serve(*peers[i], i)) acted = true;
    }
    return acted;
  }
  std::size_t connections() { return world_.connections(endpoint_).size(); }

 private:
  bool serve(sim::SimPeer& peer, std::size_t index) {
    const std::string_view unread = std::string_view(peer.received).substr(read_[index]);
    const std::size_t head_end = unread.find("\r\n\r\n");
    if (head_end == std::string_view::npos || peer.is_reset()) return false;
    Request request{.connection = index,
                    .head = std::string(unread.substr(0, head_end + 2)),
                    .body = {},
                    .at = world_.now().monotonic};
    const std::size_t length = std::stoul(request.header("Content-Length"));
    if (unread.size() < head_end + 4 + length) return false;
    request.body = unread.substr(head_end + 4, length);
    read_[index] += head_end + 4 + length;
    requests.push_back(request);
    std::string answer = handler(request);
    if (answer == "!") {
      peer.reset();
    } else if (answer.starts_with("$")) {
      peer.feed(answer.substr(1));
      peer.finish();
    } else {
      peer.feed(answer);
    }
    return true;
  }
  sim::World& world_;
  Endpoint endpoint_;
  std::vector<std::size_t> read_;  // by connection
};

struct StoreHolder {
  MemoryStore store;
};

class HttpRig : public StoreHolder, public LagRig {
 public:
  explicit HttpRig(std::uint64_t seed = 1, bool with_store = true)
      : LagRig(seed, {{0, {}}}, options(with_store ? &store : nullptr)), server(world) {}

  static WriterOptions options(EventStore* store) {
    WriterOptions options = small_options();
    options.store = store;
    options.names = {.buses = {"default", "other"}, .targets = {"t0", "t1", "t2"}};
    return options;
  }

  // Until nothing happens any more at this instant.
  void go() {
    for (int i = 0; i < 100000; ++i) {
      const bool polled = writer.poll(world.now()) != 0;
      const bool served = server.step();
      if (!polled && !served && writer.poll(world.now()) == 0 && !server.step()) return;
    }
    FAIL() << "the writer never comes to rest";
  }
  void pass(Nanoseconds duration) {
    const MonotonicTime end = world.now().monotonic + duration;
    go();
    while (world.now().monotonic < end && !HasFatalFailure()) {
      MonotonicTime next = std::min(end, writer.next_deadline());
      if (world.faults.delay_max > 0ns) next = std::min(next, world.now().monotonic + 1ms);
      ASSERT_GT(next, world.now().monotonic) << "a deadline that nobody met";
      world.advance(next - world.now().monotonic);
      go();
    }
  }
  static bool HasFatalFailure() { return testing::Test::HasFatalFailure(); }

  // A memory bus.
  void send(std::uint64_t first, std::uint64_t count, std::uint16_t target = 0) {
    push_received(first, count, target);
    go();
  }
  void push_received(std::uint64_t first, std::uint64_t count, std::uint16_t target) {
    std::vector<Routed> events;
    for (std::uint64_t i = 0; i < count; ++i) events.push_back({numbered(first + i), {target}});
    Block* block = make_block(events);
    block->received = world.now();
    block->id_seed = kIdSeed;
    block->id_sequence = block->sequence;
    ASSERT_TRUE(producer.push(block));
  }
  static std::uint64_t sum_http(const TargetCounters& c) {
    return c.delivered.read() + c.shed.read() + c.dropped.read() + c.dead_lettered.read() +
           c.deferred.read() + c.pending.read();
  }

  HttpServer server;
};

}  // namespace weir
