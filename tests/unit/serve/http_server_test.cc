#include "core/serve/http_server.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "core/http/gzip_body.h"
#include "tests/sim/sim_port.h"

namespace weir {
namespace {

// Answers with what it was asked, or keeps the exchange until the test says so.
class Echo final : public HttpHandler {
 public:
  struct Work final : HttpWork {
    explicit Work(int& count) : alive(count) { ++alive; }
    ~Work() override { --alive; }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    int& alive;
  };
  void head(HttpExchange& exchange, const Now& now) override {
    static_cast<void>(now);
    heads.emplace_back(exchange.request().path);
    if (exchange.request().path == "/short") exchange.limit_body(10);
    if (exchange.request().path == "/no") exchange.answer({.status = 404, .body = "no"});
  }
  void handle(HttpExchange& exchange, const Now& now) override {
    static_cast<void>(now);
    const HttpRequest& request = exchange.request();
    seen.push_back(std::string(request.method) + " " + std::string(request.target) + " " +
                   std::string(request.body));
    if (hold) {
      exchange.work = std::make_unique<Work>(alive);
      held.push_back(exchange.id());
    } else {
      exchange.answer({.body = "you said " + std::string(request.body)});
    }
  }
  std::vector<std::string> heads;
  std::vector<std::string> seen;
  std::vector<std::uint64_t> held;
  bool hold = false;
  int alive = 0;
};

class Problems final : public IngestEvents {
 public:
  void problem(SourceId source, const std::string& what) override {
    static_cast<void>(source);
    said.push_back(what);
  }
  std::vector<std::string> said;
};

class HttpServerTest : public testing::Test {
 protected:
  void open(const HttpServer::Limits& limits = {}, const HttpRequestLimits& request = {}) {
    listener_ = world_.open_listener();
    port_ = std::make_unique<sim::SimPort>(world_);
    server_ = std::make_unique<HttpServer>(
        *port_,
        std::vector<HttpListener>{{.handle = listener_, .source = SourceId(0), .limits = request}},
        echo_, problems_, limits);
  }
  ~HttpServerTest() override {
    if (server_ == nullptr) return;
    echo_.hold = false;
    stop();
    EXPECT_EQ(world_.open_handles(), 0U);
    EXPECT_EQ(echo_.alive, 0);
  }
  void stop() {
    server_->stop(world_.now());
    for (int i = 0; i < 30 && !server_->stopped(); ++i) {
      for (const std::uint64_t id : echo_.held) {
        if (HttpExchange* exchange = server_->find(id)) exchange->answer({});
      }
      run(1s);
    }
    EXPECT_TRUE(server_->stopped());
    EXPECT_LT(server_->memory(), 16 * kMiB) << "what is kept for the next requests";
  }
  void run(Nanoseconds time = 0s) {
    world_.advance(time);
    for (int i = 0; i < 200; ++i) server_->poll(world_.now());
  }
  sim::SimPeerPtr connect() {
    auto peer = world_.connect_to(listener_);
    run();
    return peer;
  }
  // How often a text stands in what the peer has received.
  static std::size_t count(const sim::SimPeer& peer, const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = peer.received.find(text, at)) != std::string::npos; ++at) {
      ++found;
    }
    return found;
  }
  static std::string post(const std::string& target, const std::string& body,
                          const std::string& headers = "") {
    return "POST " + target + " HTTP/1.1\r\nHost: h\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  sim::World world_{1};
  Echo echo_;
  Problems problems_;
  Handle listener_;
  std::unique_ptr<sim::SimPort> port_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  open();
  auto peer = connect();
  world_.set_wall(WallTime{std::chrono::seconds(1796076000)});
  peer->feed(post("/a", "hello"));
  run();
  EXPECT_EQ(peer->received,
            "HTTP/1.1 200 OK\r\nDate: Mon, 30 Nov 2026 22:00:00 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 14\r\n\r\nyou said hello");
  peer->feed(post("/b", ""));
  run();
  EXPECT_EQ(echo_.seen.size(), 2U);
  EXPECT_EQ(count(*peer, "200 OK"), 2U);
  EXPECT_FALSE(peer->at_end());
}

TEST_F(HttpServerTest, AnswersAPipelineInOrderThoughAnswersComeLate) {
  open();
  echo_.hold = true;
  auto peer = connect();
  std::string all;
  for (int i = 0; i < 50; ++i) all += post("/" + std::to_string(i), "x");
  peer->feed(all);
  for (int i = 0; i < 50; ++i) {
    run();
    ASSERT_EQ(echo_.held.size(), static_cast<std::size_t>(i) + 1) << "one after the other";
    server_->find(echo_.held.back())->answer({.body = "answer " + std::to_string(i) + ";"});
    EXPECT_EQ(server_->find(echo_.held.back()), nullptr);
  }
  run();
  EXPECT_EQ(count(*peer, "answer "), 50U);
  EXPECT_LT(peer->received.find("answer 8;"), peer->received.find("answer 9;"));
}

TEST_F(HttpServerTest, AnyPiecesGiveTheSame) {
  open();
  world_.faults.receive_bytes_max = 1;
  world_.faults.send_bytes_max = 1;
  auto peer = connect();
  peer->feed(post("/a", "hello") +
             "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
             "\r\n3\r\nabc\r\n0\r\n\r\n");
  for (int i = 0; i < 10; ++i) run();
  EXPECT_EQ(echo_.seen, (std::vector<std::string>{"POST /a hello", "POST /b abc"}));
  EXPECT_NE(peer->received.find("you said abc"), std::string::npos);
}

TEST_F(HttpServerTest, SaysContinueBeforeTheBody) {
  open();
  auto peer = connect();
  peer->feed("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  run();
  EXPECT_EQ(peer->received, "HTTP/1.1 100 Continue\r\n\r\n");
  peer->feed("hi");
  run();
  EXPECT_NE(peer->received.find("\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos);
}

TEST_F(HttpServerTest, AHandlerMayRefuseBeforeTheBody) {
  open();
  auto peer = connect();
  peer->feed(
      "POST /no HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n\r\n");
  run();
  EXPECT_EQ(count(*peer, "100 Continue"), 0U);
  EXPECT_EQ(count(*peer, "404 Not Found"), 1U);
  EXPECT_EQ(count(*peer, "Connection: close"), 1U);
  EXPECT_TRUE(echo_.seen.empty());
  peer->feed(std::string(100, 'x'));  // what still comes is thrown away
  run();
  EXPECT_FALSE(peer->stage_closed());
  run(3s);
  EXPECT_TRUE(peer->stage_closed());
  auto other = connect();
  other->feed(post("/short", std::string(11, 'x')));
  run();
  EXPECT_EQ(count(*other, "413 "), 1U);
}

TEST_F(HttpServerTest, RefusesAndClosesWhereARequestIsBad) {
  open();
  auto peer = connect();
  peer->feed(post("/1", "") + "GET / HTTP/1.1\r\nHost : h\r\n\r\n" + post("/hidden", ""));
  run();
  EXPECT_EQ(count(*peer, "200 OK"), 1U) << "earlier answers stand";
  EXPECT_EQ(count(*peer, "400 Bad Request"), 1U);
  EXPECT_EQ(echo_.seen.size(), 1U);
  peer->finish();
  run();
  EXPECT_TRUE(peer->stage_closed());
}

TEST_F(HttpServerTest, ACutRequestNeverRuns) {
  open();
  auto peer = connect();
  const std::string whole = post("/1", "{\"whole\":1}");
  peer->feed(whole.substr(0, whole.size() - 1));
  peer->finish();
  run();
  EXPECT_TRUE(echo_.seen.empty());
  EXPECT_TRUE(peer->stage_closed());
  EXPECT_EQ(server_->counters().requests_cut.read(), 1U);
}

TEST_F(HttpServerTest, InflatesWithinTheLimit) {
  open({}, {.body_bytes = 1000});
  const auto gzipped = [](const std::string& text) {
    GzipBody body;
    std::string out(GzipBody::bound(text.size()), '\0');
    out.resize(body.compress(text, out));
    return out;
  };
  auto peer = connect();
  peer->feed(post("/", gzipped(std::string(1000, 'a')), "Content-Encoding: gzip\r\n"));
  run();
  ASSERT_EQ(echo_.seen.size(), 1U);
  EXPECT_EQ(echo_.seen[0], "POST / " + std::string(1000, 'a'));
  peer->feed(post("/", gzipped(std::string(1001, 'a')), "Content-Encoding: gzip\r\n"));
  run();
  EXPECT_EQ(count(*peer, "413 "), 1U);
  auto damaged = connect();
  damaged->feed(post("/", "no gzip", "Content-Encoding: gzip\r\n"));
  auto unknown = connect();
  unknown->feed(post("/", "x", "Content-Encoding: br\r\n"));
  auto twice = connect();
  twice->feed(post("/", "x", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"));
  run();
  EXPECT_EQ(count(*damaged, "400 "), 1U);
  EXPECT_EQ(count(*unknown, "415 "), 1U);
  EXPECT_EQ(count(*twice, "415 "), 1U);
  EXPECT_EQ(echo_.seen.size(), 1U);
}

TEST_F(HttpServerTest, CutsOffTheSlow) {
  open({.idle = 60s});
  auto head = connect();
  auto body = connect();
  auto idle = connect();
  auto steady = connect();
  head->feed("POST / HT");
  body->feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\nx");
  steady->feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\nx");
  for (int second = 0; second < 19; ++second) {
    head->feed("x");
    body->feed("x");
    steady->feed(std::string(2000, 'x'));
    run(1s);
    EXPECT_EQ(count(*head, "408 "), second >= 10 ? 1U : 0U) << second;
  }
  EXPECT_EQ(count(*body, "408 "), 0U);
  for (int second = 0; second < 60; ++second) {
    steady->feed(std::string(2000, 'x'));
    run(1s);
  }
  EXPECT_EQ(count(*body, "408 "), 1U);
  EXPECT_EQ(count(*steady, "408 "), 0U);
  EXPECT_TRUE(body->stage_closed());
  EXPECT_TRUE(idle->stage_closed());
  EXPECT_EQ(idle->received, "");
  EXPECT_EQ(server_->counters().requests_slow.read(), 2U);
}

TEST_F(HttpServerTest, CutsOffWhoDoesNotReadItsAnswer) {
  open();
  world_.peer_defaults.corked = true;
  world_.peer_defaults.kernel_bytes_max = 4096;
  world_.peer_defaults.send_bytes_max = 4096;
  auto peer = connect();
  peer->feed(post("/", std::string(100000, 'x')));
  run(20s);
  run(20s);
  run(20s);
  EXPECT_TRUE(peer->stage_closed());
  EXPECT_EQ(server_->counters().requests_slow.read(), 1U);
}

TEST_F(HttpServerTest, RequestsShareTheMemory) {
  open({.memory_bytes_max = kMiB});
  echo_.hold = true;
  std::vector<sim::SimPeerPtr> peers;
  for (int i = 0; i < 12; ++i) {
    peers.push_back(connect());
    peers.back()->feed(post("/", std::string(150 * 1024, 'x')));
    run();
  }
  EXPECT_GE(echo_.held.size(), 3U);
  EXPECT_LT(echo_.held.size(), 8U);
  EXPECT_EQ(count(*peers.back(), "503 "), 1U);
  EXPECT_EQ(count(*peers.back(), "Retry-After: 1\r\n"), 1U);
  for (const std::uint64_t id : echo_.held) server_->find(id)->answer({});
  echo_.held.clear();
  run(3s);
  EXPECT_LT(server_->memory(), kMiB / 2) << "large buffers are given back";
  peers[0]->feed(post("/", std::string(150 * 1024, 'x')));
  run();
  EXPECT_EQ(echo_.held.size(), 1U) << "and there is room again";
}

TEST_F(HttpServerTest, AnIdleConnectionHoldsNothing) {
  open();
  std::vector<sim::SimPeerPtr> peers;
  for (int i = 0; i < 100; ++i) {
    peers.push_back(connect());
    peers.back()->feed(post("/", std::string(100000, 'x')));
    run();
  }
  // A few buffers for the next requests, however many connections are open.
  EXPECT_LT(server_->memory(), 300 * kKiB);
  EXPECT_EQ(server_->counters().answers_good.read(), 100U);
}

TEST_F(HttpServerTest, HasALimitOfConnections) {
  open({.connections_max = 2});
  auto first = connect();
  auto second = connect();
  auto third = connect();
  third->feed(post("/3", ""));
  run();
  EXPECT_TRUE(echo_.seen.empty());
  EXPECT_EQ(problems_.said.size(), 1U);
  first->finish();
  run();
  EXPECT_EQ(echo_.seen.size(), 1U);
  EXPECT_EQ(server_->counters().connections_delayed.read(), 2U);
}

TEST_F(HttpServerTest, AcceptsAgainAfterAShortageOfDescriptors) {
  open();
  world_.fail_next_accept(listener_, -EMFILE);
  auto peer = connect();
  peer->feed(post("/", ""));
  run(200ms);
  run(1s);
  EXPECT_EQ(echo_.seen.size(), 1U);
  EXPECT_EQ(server_->counters().connections_failed.read(), 1U);
}

TEST_F(HttpServerTest, StopAnswersWhatHasBegunAndNothingElse) {
  open();
  echo_.hold = true;
  auto waiting = connect();
  auto idle = connect();
  auto begun = connect();
  waiting->feed(post("/w", ""));
  begun->feed("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
  run();
  server_->stop(world_.now());
  run();
  EXPECT_TRUE(idle->stage_closed());
  EXPECT_FALSE(waiting->stage_closed());
  EXPECT_FALSE(server_->stopped());
  begun->feed("hi");
  run();
  ASSERT_EQ(echo_.held.size(), 2U);
  for (const std::uint64_t id : echo_.held) server_->find(id)->answer({});
  run();
  EXPECT_EQ(count(*waiting, "Connection: close"), 1U);
  EXPECT_EQ(count(*begun, "200 OK"), 1U);
  run(3s);
  EXPECT_TRUE(server_->stopped());
}

TEST_F(HttpServerTest, GoesOnUnderFaults) {
  open();
  world_.faults = {.short_receive = 0.3,
                   .short_send = 0.3,
                   .reset = 0.05,
                   .no_buffer = 0.2,
                   .late_completion = 0.2,
                   .shuffle = 0.2};
  std::vector<sim::SimPeerPtr> peers;
  for (int i = 0; i < 60; ++i) {
    peers.push_back(world_.connect_to(listener_));
    for (int k = 0; k < 5; ++k) peers.back()->feed(post("/", std::string(3000, 'x')));
    if (i % 7 == 0) peers.back()->feed("GET / HTTP/1.1\r\nHost : h\r\n\r\n");
    if (i % 11 == 0) peers.back()->finish();
    if (i % 13 == 0) peers.back()->reset();
    run(1ms);
  }
  world_.faults = {};
  run(1s);
  auto fresh = connect();
  fresh->feed(post("/", "fresh"));
  run();
  EXPECT_EQ(count(*fresh, "you said fresh"), 1U);
}

TEST_F(HttpServerTest, WorkGoesWithItsConnection) {
  open();
  echo_.hold = true;
  auto peer = connect();
  peer->feed(post("/", ""));
  run();
  EXPECT_EQ(echo_.alive, 1);
  peer->reset();
  server_->find(echo_.held[0])->answer({});
  run();
  EXPECT_EQ(echo_.alive, 0);
  EXPECT_EQ(server_->find(echo_.held[0]), nullptr);
}

}  // namespace
}  // namespace weir
