// HTTP targets and servers that answer with everything but what they should.
#include <gmock/gmock.h>

#include "tests/unit/deliver/http_fixture.h"

namespace weir {
namespace {

using Request = HttpServer::Request;

// K01.
TEST(HttpHostile, NeverFollowsRedirects) {
  for (const int status : {301, 302, 303, 307, 308}) {
    HttpRig rig;
    HttpServer other(rig.world, kOtherSink);
    TargetCounters& c = rig.add(0, http_target("t0"));
    rig.server.handler = [&](const Request&) {
      return reply(status, "", "Location: http://127.0.0.1:7002/\r\n");
    };
    rig.send(1, 2);
    rig.pass(1min);
    EXPECT_EQ(other.connections(), 0U);
    EXPECT_EQ(rig.server.requests.size(), 1U) << status;
    EXPECT_EQ(c.dead_lettered.read(), 2U) << status;
    EXPECT_EQ(rig.store.all(EntryKind::dead_letter)[0].error_code, "REDIRECT");
  }
}

// K02: by the table, and never in a hot loop.
TEST(HttpHostile, RetriesByTheTable) {
  for (const int status : {400, 403, 404, 405, 410, 413, 415, 422, 451}) {
    HttpRig rig;
    TargetCounters& c = rig.add(0, http_target("t0"));
    rig.server.handler = [&](const Request&) { return reply(status); };
    rig.send(1, 1);
    rig.pass(10s);
    EXPECT_EQ(rig.server.requests.size(), 1U) << status;
    EXPECT_EQ(c.dead_lettered.read(), 1U) << status;
  }
  for (const int status : {401, 407, 408, 409, 425, 429, 500, 501, 502, 503, 504, 599}) {
    HttpRig rig;
    TargetCounters& c = rig.add(0, http_target("t0"));
    rig.server.handler = [&](const Request&) { return reply(status); };
    rig.send(1, 1);
    rig.pass(60s);
    EXPECT_GE(rig.server.requests.size(), 3U) << status;
    EXPECT_LE(rig.server.requests.size(), 40U) << status;
    EXPECT_EQ(c.pending.read(), 1U) << status;
  }
}

TEST(HttpHostile, ObeysRetryAfterWithinLimits) {
  const auto second_try = [](const std::string& value, Nanoseconds limit) {
    HttpRig rig;
    rig.add(0, http_target("t0"));
    int count = 0;
    rig.server.handler = [&](const Request&) {
      return ++count == 1 ? reply(429, "", "Retry-After: " + value + "\r\n") : reply(200);
    };
    rig.send(1, 2);
    rig.pass(limit);
    if (rig.server.requests.size() < 2) return Nanoseconds{-1};
    return rig.server.requests[1].at - rig.server.requests[0].at;
  };
  EXPECT_GE(second_try("7", 10s), 7s);
  EXPECT_LE(second_try("0", 10s), 200ms);
  EXPECT_GE(second_try("0", 10s), 1ms);
  EXPECT_LE(second_try("soon", 10s), 200ms);
  EXPECT_GE(second_try("100000000000000000000", 2h), 1h);
  EXPECT_EQ(second_try("-5", 1h), -1ns);  // ends the retries
}

TEST(HttpHostile, AnOverloadedServerIsLeftAloneByAllBatches) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.http.concurrency = 4;
  rig.add(0, spec);
  rig.server.handler = [&](const Request&) { return reply(503, "", "Retry-After: 5\r\n"); };
  rig.send(1, 2);
  rig.send(3, 20);
  rig.pass(4900ms);
  EXPECT_EQ(rig.server.requests.size(), 1U);
}

// K03: failure, and the connection is not used again.
TEST(HttpHostile, UnsoundAnswersAreFailures) {
  const std::vector<std::string> answers = {
      "$hello\r\n\r\n",
      "$HTTP/1.1 2",
      "$HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
      "$HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "$HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "!",
      "$"};
  for (const std::string& answer : answers) {
    HttpRig rig;
    TargetCounters& c = rig.add(0, http_target("t0"));
    int count = 0;
    rig.server.handler = [&](const Request&) { return ++count == 1 ? answer : reply(200); };
    rig.send(1, 2);
    EXPECT_EQ(c.delivered.read(), 0U) << answer;
    rig.pass(1s);
    ASSERT_EQ(rig.server.requests.size(), 2U) << answer;
    EXPECT_NE(rig.server.requests[0].connection, rig.server.requests[1].connection) << answer;
    EXPECT_EQ(c.delivered.read(), 2U) << answer;
    EXPECT_EQ(c.request_failures.read(), 1U) << answer;
  }
}

TEST(HttpHostile, TwoAnswersEndTheConnection) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.server.handler = [&](const Request&) { return reply(200) + reply(200); };
  rig.send(1, 4);
  rig.pass(1s);
  EXPECT_EQ(rig.server.requests.size(), 2U);
  EXPECT_EQ(rig.server.connections(), 2U);
  EXPECT_EQ(c.delivered.read(), 4U);
}

TEST(HttpHostile, AnAnswerBeforeTheRequestEndsTheConnection) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.send(1, 2);
  rig.world.connections(kWeb)[0]->feed(reply(200));
  rig.go();
  EXPECT_TRUE(rig.world.connections(kWeb)[0]->stage_closed());
  rig.send(3, 2);
  EXPECT_EQ(rig.server.requests.size(), 2U);
  EXPECT_EQ(rig.server.requests[1].connection, 1U);
  EXPECT_EQ(c.delivered.read(), 4U);
}

TEST(HttpHostile, ASuccessBeforeTheWholeRequestIsNone) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  TargetCounters& c = rig.add(0, spec);
  rig.world.peer_defaults = {.corked = true, .kernel_bytes_max = 64, .send_bytes_max = 64};
  rig.send(1, 2);
  rig.world.connections(kWeb)[0]->feed(reply(200));
  rig.world.peer_defaults = {};
  rig.go();
  EXPECT_EQ(c.delivered.read(), 0U);
  rig.pass(1s);
  EXPECT_EQ(rig.server.requests.size(), 1U);
  EXPECT_EQ(c.delivered.read(), 2U);
}

TEST(HttpHostile, ARefusalBeforeTheWholeRequestCounts) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.batch.records_max = 1;
  TargetCounters& c = rig.add(0, spec);
  rig.world.peer_defaults = {.corked = true, .kernel_bytes_max = 64, .send_bytes_max = 64};
  rig.send(1, 1);
  rig.world.connections(kWeb)[0]->feed(reply(413));
  rig.go();
  EXPECT_EQ(c.dead_lettered.read(), 1U);
}

// K04.
TEST(HttpHostile, EndlessAnswersAreReadToACap) {
  const std::vector<std::pair<std::string, std::string>> endless = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       "1000\r\n" + std::string(4096, '{') + "\r\n"},
      {"HTTP/1.1 200 OK\r\n", "X-Y: " + std::string(4000, 'z') + "\r\n"},
      {"HTTP/1.1 200 ", std::string(4096, 'z')},
      {"", "HTTP/1.1 100 Continue\r\n\r\n"}};
  for (const auto& [head, more] : endless) {
    HttpRig rig;
    TargetCounters& c = rig.add(0, http_target("t0"));
    rig.server.handler = [&, first = head](const Request&) { return first; };
    rig.send(1, 2);
    const sim::SimPeerPtr peer = rig.world.connections(kWeb)[0];
    std::size_t fed = 0;
    while (!peer->stage_closed() && fed < 4 * kMiB) {
      peer->feed(more);
      fed += more.size();
      rig.go();
    }
    EXPECT_LT(fed, kMiB) << head;
    EXPECT_EQ(c.delivered.read(), 0U);
    EXPECT_EQ(c.request_failures.read(), 1U) << head;
  }
}

TEST(HttpHostile, ALongAnswerThatIsNoResultIsStillASuccess) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.server.handler = [&](const Request&) { return reply(200, std::string(kMiB, 'x')); };
  rig.send(1, 2);
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_TRUE(rig.world.connections(kWeb)[0]->stage_closed());
}

// K05.
TEST(HttpHostile, ASilentServerMeetsTheDeadline) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.http.timeout = 3s;
  TargetCounters& c = rig.add(0, spec);
  rig.server.handler = [](const Request&) { return ""; };
  rig.send(1, 2);
  rig.pass(2999ms);
  EXPECT_EQ(c.timeouts.read(), 0U);
  rig.pass(1ms);
  EXPECT_EQ(c.timeouts.read(), 1U);
  rig.server.handler = [](const Request&) { return reply(200); };
  rig.pass(1s);
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_EQ(rig.server.connections(), 2U);
}

TEST(HttpHostile, ADrippingServerMeetsTheDeadline) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.http.timeout = 2s;
  TargetCounters& c = rig.add(0, spec);
  rig.server.handler = [](const Request&) { return "H"; };
  rig.send(1, 2);
  const std::string rest = reply(200);
  for (std::size_t i = 1; i < rest.size() && c.timeouts.read() == 0; ++i) {
    rig.pass(100ms);
    rig.world.connections(kWeb)[0]->feed(rest.substr(i, 1));
  }
  EXPECT_EQ(c.timeouts.read(), 1U);
}

TEST(HttpHostile, AServerThatNeverReadsMeetsTheDeadline) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.http.timeout = 2s;
  TargetCounters& c = rig.add(0, spec);
  rig.world.peer_defaults = {.corked = true, .kernel_bytes_max = 64, .send_bytes_max = 64};
  rig.send(1, 2);
  rig.pass(2s);
  EXPECT_EQ(c.timeouts.read(), 1U);
  EXPECT_EQ(c.delivered.read(), 0U);
}

TEST(HttpHostile, WhereNobodyListensNothingIsAnAttempt) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.retry = {.retries_max = 2, .age_max = 1h};
  TargetCounters& c = rig.add(0, spec);
  rig.world.close_server(kWeb);
  rig.send(1, 2);
  rig.pass(5min);
  EXPECT_EQ(c.pending.read(), 2U);
  EXPECT_GE(c.connect_failures.read(), 6U);
  EXPECT_LE(c.connect_failures.read(), 60U);
  rig.world.open_server(kWeb);
  rig.pass(31s);
  EXPECT_EQ(c.delivered.read(), 2U);
}

TEST(HttpHostile, AStaleConnectionIsNotTheRequestsFault) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.send(1, 2);
  // Breaks at the moment the next request goes out.
  rig.server.handler = [](const Request& request) {
    return request.connection == 0 ? "!" : reply(200);
  };
  rig.send(3, 2);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(c.request_failures.read(), 0U);
}

}  // namespace
}  // namespace weir
