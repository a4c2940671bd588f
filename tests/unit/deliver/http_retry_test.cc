// HTTP targets on durable buses: cursors, lagging, the store of retries, order by key; and all of
// it together under servers that misbehave at random.
#include <gmock/gmock.h>

#include "tests/unit/deliver/http_fixture.h"

namespace weir {
namespace {

using Request = HttpServer::Request;

std::string line(std::uint64_t number) {
  return WriterRig::numbered(number);
}
std::string keyed(const std::string& key, int number) {
  return R"({"k":")" + key + R"(","n":)" + std::to_string(number) + "}";
}
bool holds(const Request& request, const std::string& event) {
  return request.body.find(event) != std::string::npos;
}

class HttpLogged : public testing::Test {
 public:
  HttpRig rig;
  void log(std::uint64_t first, std::uint64_t count) {
    rig.push_logged_numbered(first, count, {0});
    rig.go();
  }
};

TEST_F(HttpLogged, TheCursorNeverPassesAnUnsettledEvent) {
  TargetSpec spec = http_target("t0");
  spec.http.concurrency = 3;
  TargetCounters& c = rig.add_logged(0, spec);
  // The second batch hangs.
  rig.server.handler = [](const Request& request) {
    return holds(request, line(3)) ? "" : reply(200);
  };
  log(1, 6);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(rig.cursor(0), (LogPosition{1, 2}));
  log(7, 2);
  EXPECT_EQ(c.delivered.read(), 6U);
  EXPECT_EQ(rig.cursor(0), (LogPosition{1, 2}));
  rig.server.handler = [](const Request&) { return reply(200); };
  rig.pass(11s);  // its deadline, and the next try
  EXPECT_EQ(c.delivered.read(), 8U);
  EXPECT_EQ(rig.cursor(0), (LogPosition{3, 0}));
}

TEST_F(HttpLogged, WhatFailsWhileOthersPassMovesToTheStore) {
  TargetSpec spec = http_target("t0");
  TargetCounters& c = rig.add_logged(0, spec);
  bool bad = true;
  rig.server.handler = [&](const Request& request) {
    return reply(bad && holds(request, line(1)) ? 500 : 200);
  };
  log(1, 2);
  for (int i = 0; i < 30; ++i) {
    log(static_cast<std::uint64_t>(3 + 2 * i), 2);
    rig.pass(100ms);
  }
  // Settled in the log, because the store has them.
  EXPECT_EQ(rig.cursor(0), (LogPosition{32, 0}));
  EXPECT_GE(c.deferred.read(), 1U);
  EXPECT_GE(c.delivered.read(), 60U);
  const auto waiting = rig.store.all(EntryKind::retry);
  ASSERT_GE(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].event, line(1));
  EXPECT_EQ(waiting[0].error_code, "SERVER_ERROR");
  EXPECT_GE(waiting[0].attempts, 1U);
  // The innocent one gets through by travelling alone.
  rig.pass(5min);
  EXPECT_EQ(c.delivered.read(), 61U);
  bad = false;
  rig.pass(1h);
  EXPECT_EQ(c.delivered.read(), 62U);
  EXPECT_TRUE(rig.store.entries.empty());
  EXPECT_EQ(c.pending.read(), 0U);
  EXPECT_EQ(c.deferred.read(), c.returned.read());
}

TEST_F(HttpLogged, NothingIsSettledBeforeTheStoreSaysSo) {
  TargetCounters& c = rig.add_logged(0, http_target("t0"));
  rig.store.held = true;
  rig.server.handler = [](const Request&) { return reply(400); };
  log(1, 1);
  rig.pass(1s);
  EXPECT_EQ(rig.cursor(0), (LogPosition{1, 0}));
  EXPECT_EQ(c.pending.read(), 1U);
  EXPECT_EQ(c.dead_lettered.read(), 0U);
  rig.store.held = false;
  rig.pass(1s);
  EXPECT_EQ(rig.cursor(0), (LogPosition{2, 0}));
  EXPECT_EQ(c.dead_lettered.read(), 1U);
}

TEST_F(HttpLogged, AStoreThatIsBehindIsOfferedAgain) {
  TargetCounters& c = rig.add_logged(0, http_target("t0"));
  rig.store.refuses = true;
  rig.server.handler = [](const Request&) { return reply(400); };
  log(1, 2);
  rig.pass(1s);
  EXPECT_EQ(c.dead_lettered.read(), 0U);
  rig.store.refuses = false;
  log(3, 2);
  rig.pass(1s);
  EXPECT_EQ(c.dead_lettered.read(), 4U);
  EXPECT_EQ(rig.cursor(0), (LogPosition{3, 0}));
}

TEST_F(HttpLogged, ADeadTargetLagsAndCatchesUp) {
  TargetSpec spec = http_target("t0");
  spec.when_full = WhenFull::lag;
  spec.buffer_bytes = 0;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.world.close_server(kWeb);
  std::uint64_t sent = 0;
  for (; sent < 20'000; sent += 500) log(sent, 500);
  EXPECT_LT(c.matched.read(), sent);
  EXPECT_EQ(c.lagging.read(), 1U);
  EXPECT_TRUE(rig.store.entries.empty());
  rig.world.open_server(kWeb);
  rig.pass(40s);
  for (int i = 0; i < 100'000 && c.delivered.read() < sent; ++i) {
    if (!rig.catch_up_once()) rig.pass(10ms);
    rig.go();
  }
  EXPECT_EQ(c.delivered.read(), sent);
  std::uint64_t next = 0;
  for (const Request& request : rig.server.requests) {
    for (const std::string& one : request.lines()) EXPECT_EQ(one, line(next++));
  }
  EXPECT_EQ(next, sent);
  rig.catch_up();
  EXPECT_EQ(c.lagging.read(), 0U);
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
}

TEST_F(HttpLogged, RedriveBringsDeadLettersBack) {
  TargetCounters& c = rig.add_logged(0, http_target("t0"));
  rig.server.handler = [](const Request&) { return reply(404); };
  log(1, 2);
  rig.pass(1s);
  EXPECT_EQ(c.dead_lettered.read(), 2U);
  rig.server.handler = [](const Request&) { return reply(200); };
  rig.store.redrive();
  rig.pass(2s);
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_TRUE(rig.store.entries.empty());
}

TEST_F(HttpLogged, GivesBackToTheLogWhatItHolds) {
  TargetCounters& c = rig.add_logged(0, http_target("t0"));
  rig.server.handler = [](const Request&) { return ""; };
  log(1, 5);
  rig.writer.abandon();
  EXPECT_EQ(c.dropped.read(), 0U);
  EXPECT_EQ(c.pending.read(), 5U);
  EXPECT_EQ(rig.cursor(0), (LogPosition{1, 0}));
}

class HttpOrdered : public HttpLogged {
 public:
  TargetSpec spec() {
    TargetSpec spec = http_target("t0");
    spec.order_by = {"k"};
    spec.http.concurrency = 2;
    spec.batch = {.records_max = 4, .bytes_max = kMiB, .wait_max = 10ms};
    return spec;
  }
  void log_keys(const std::vector<std::string>& events) {
    std::vector<Routed> routed;
    for (const std::string& event : events) routed.push_back({event, {0}});
    rig.push_logged(routed);
    rig.go();
  }
  // What was taken, by key, first arrivals only.
  std::map<std::string, std::vector<std::string>> taken;
  void take(const std::string& event) {
    const std::string key = event.substr(6, event.find('"', 6) - 6);
    auto& list = taken[key];
    if (std::ranges::find(list, event) == list.end()) list.push_back(event);
  }
  void take_all(const Request& request) {
    for (const std::string& one : request.lines()) take(one);
  }
};

TEST_F(HttpOrdered, AFailingEventBlocksItsKeyOnly) {
  TargetCounters& c = rig.add_logged(0, spec());
  bool bad = true;
  rig.server.handler = [&](const Request& request) {
    if (bad && holds(request, keyed("a", 0))) return reply(500);
    take_all(request);
    return reply(200);
  };
  int number = 0;
  for (int round = 0; round < 50; ++round) {
    log_keys({keyed("a", number), keyed("b", number), keyed("c", number), keyed("d", number)});
    ++number;
    rig.pass(100ms);
  }
  // Everything of the others but what travelled with it at first is there; of its own key nothing.
  EXPECT_EQ(taken.count("a"), 0U);
  std::size_t others = 0;
  for (const auto& [key, events] : taken) others += events.size();
  EXPECT_GE(others, 130U);
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
  bad = false;
  for (int i = 0; i < 100 && c.delivered.read() < 200; ++i) rig.pass(1min);
  EXPECT_EQ(c.delivered.read(), 200U);
  for (const std::string key : {"a", "b", "c", "d"}) {
    ASSERT_EQ(taken[key].size(), 50U) << key;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(taken[key][static_cast<std::size_t>(i)], keyed(key, i));
  }
  EXPECT_TRUE(rig.store.entries.empty());
}

TEST_F(HttpOrdered, ALaterEventOfAKeyFailsWithTheEarlierOne) {
  TargetCounters& c = rig.add_logged(0, spec());
  int count = 0;
  rig.server.handler = [&](const Request&) {
    return ++count == 1 ? reply(200, R"({"results":[503,200,200]})") : reply(200);
  };
  log_keys({keyed("a", 0), keyed("a", 1), keyed("a", 2)});
  rig.pass(1s);
  ASSERT_EQ(rig.server.requests.size(), 2U);
  EXPECT_EQ(rig.server.requests[1].body, rig.server.requests[0].body);
  EXPECT_EQ(c.delivered.read(), 3U);
}

TEST_F(HttpOrdered, WhatIsInTheStoreFromBeforeGoesFirst) {
  EventBatch batch;
  StoredEvent event;
  event.kind = EntryKind::retry;
  event.target = "t0";
  const std::string first = keyed("a", 0);
  event.event = first;
  event.order_key = "a";
  event.accepted = rig.world.now().wall;
  event.due = {rig.world.now().wall.since_epoch + 5s};
  auto stored = std::make_unique<EventBatch>();
  stored->add(event);
  ASSERT_TRUE(rig.store.put(stored, 0));
  std::array<StoreCompletion, 4> done;
  rig.store.reap(done);
  TargetCounters& c = rig.add_logged(0, spec());
  rig.server.handler = [&](const Request& request) {
    take_all(request);
    return reply(200);
  };
  log_keys({keyed("a", 1), keyed("b", 1)});
  rig.pass(1s);
  EXPECT_EQ(taken.count("a"), 0U);
  EXPECT_EQ(taken["b"].size(), 1U);
  rig.pass(1min);
  EXPECT_EQ(taken["a"], (std::vector{keyed("a", 0), keyed("a", 1)}));
  EXPECT_EQ(c.delivered.read(), 3U);
}

// A server that fails in all ways at random, and what it has taken.
class MoodyServer {
 public:
  MoodyServer(Random& random, bool with_order) : random_(random), with_order_(with_order) {}
  bool wild = true;
  std::map<std::string, std::vector<int>> taken;  // by key, first arrivals in their order
  std::set<std::string> arrived;

  std::string answer(const Request& request) {
    const auto lines = request.lines();
    switch (wild ? random_.below(12) : 11) {
      case 0:
        return reply(500);
      case 1:
        return "!";
      case 2:
        return "";
      case 3:
        return "$HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx";
      case 4:
        return reply(429, "", "Retry-After: 1\r\n");
      case 5:
        return some(lines);
      case 6:  // took it, but does not say so
        take_all(lines);
        return "!";
      case 7:
        take_all(lines);
        return "$" + reply(200, "", "Connection: close\r\n");
      default:
        take_all(lines);
        return reply(200);
    }
  }

 private:
  static std::string key_of(const std::string& event) {
    return event.substr(6, event.find('"', 6) - 6);
  }
  void take(const std::string& event) {
    if (!arrived.insert(event).second) return;
    taken[key_of(event)].push_back(std::stoi(event.substr(event.rfind(':') + 1)));
  }
  void take_all(const std::vector<std::string>& lines) {
    for (const std::string& event : lines) take(event);
  }
  std::string some(const std::vector<std::string>& lines) {
    std::string results;
    std::set<std::string> failed;
    for (const std::string& event : lines) {
      const bool fails = random_.below(3) == 0;
      if (fails) failed.insert(key_of(event));
      // Who keeps an order does not take what follows on a failure.
      if (!fails && !(with_order_ && failed.contains(key_of(event)))) take(event);
      results += (results.empty() ? "" : ",") + std::string(fails ? "503" : "200");
    }
    return reply(200, R"({"results":[)" + results + "]}");
  }
  Random& random_;
  bool with_order_;
};

TargetSpec random_spec(Random& random, bool with_order) {
  TargetSpec spec = http_target("t0");
  spec.http.concurrency = 1 + static_cast<std::uint32_t>(random.below(4));
  spec.http.timeout = 2s;
  spec.retry.retries_max = 100'000;
  spec.retry.age_max = 1000h;
  spec.batch.records_max = 1 + static_cast<std::uint32_t>(random.below(8));
  spec.batch.wait_max = 20ms;
  spec.when_full = WhenFull::lag;
  spec.buffer_bytes = random.below(2) == 0 ? 0 : kMiB;
  if (with_order) spec.order_by = {"k"};
  return spec;
}

// In the end every event has arrived, those of a key in their order, and nothing is left behind.
class HttpRandom : public testing::TestWithParam<bool> {};

TEST_P(HttpRandom, EveryEventEnds) {
  const bool with_order = GetParam();
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    HttpRig rig(seed);
    Random random(seed * 977);
    MoodyServer moody(random, with_order);
    TargetCounters& c = rig.add_logged(0, random_spec(random, with_order));
    rig.server.handler = [&](const Request& request) { return moody.answer(request); };
    std::uint64_t sent = 0;
    std::map<std::string, int> numbers;
    for (int round = 0; round < 60; ++round) {
      std::vector<Routed> events;
      for (std::uint64_t i = random.below(12); i > 0; --i) {
        const std::string key(1, static_cast<char>('a' + random.below(5)));
        events.push_back({keyed(key, numbers[key]++), {0}});
      }
      sent += events.size();
      rig.push_logged(events);
      rig.pass(Nanoseconds(random.below(400) * 1'000'000));
      while (random.below(2) == 0 && rig.catch_up_once()) rig.go();
      ASSERT_EQ(HttpRig::sum_http(c), c.matched.read() + c.returned.read()) << seed;
    }
    moody.wild = false;
    for (int i = 0; i < 3000 && (c.delivered.read() < sent || !rig.store.entries.empty()); ++i) {
      rig.catch_up_once();
      rig.pass(5s);
    }
    rig.catch_up();
    ASSERT_EQ(moody.arrived.size(), sent) << seed;
    ASSERT_TRUE(rig.store.entries.empty()) << seed;
    ASSERT_EQ(c.pending.read(), 0U) << seed;
    ASSERT_EQ(c.matched.read(), sent) << seed;
    ASSERT_EQ(c.delivered.read(), sent) << seed;
    ASSERT_EQ(rig.cursor(0), rig.end_of(0)) << seed;
    for (const auto& [key, list] : moody.taken) {
      ASSERT_TRUE(!with_order || std::ranges::is_sorted(list)) << seed << key;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Http, HttpRandom, testing::Bool());

}  // namespace
}  // namespace weir
