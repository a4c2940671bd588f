// Stream targets whose events do not arrive: how their tries end, what becomes of them, and what
// comes back from the store.
#include <algorithm>
#include <set>

#include "tests/unit/deliver/http_fixture.h"

namespace weir {
namespace {

LogPosition at(std::uint64_t sequence, std::uint32_t event = 0) {
  return {.sequence = sequence, .event = event};
}

class UndeliveredTest : public ::testing::Test {
 protected:
  static TargetSpec target(const std::string& name = "t0", const Endpoint& endpoint = kSink) {
    TargetSpec spec = tcp_target(name, endpoint);
    spec.when_full = WhenFull::lag;
    spec.dead_letter = {.kind = DeadLetterSpec::Kind::store};
    spec.buses = {BusId{0}};
    spec.only_rules = {"orders"};
    return spec;
  }
  std::vector<MemoryStore::Entry> letters() const { return rig.store.all(EntryKind::dead_letter); }
  sim::SimPeer& peer(const Endpoint& endpoint = kSink) {
    return *rig.world.connections(endpoint).back();
  }
  void say(const std::string& line) {
    peer().feed(line + "\n");
    rig.go();
  }
  static std::uint64_t sum(const TargetCounters& c) {
    return HttpRig::sum_http(c) - c.returned.read();
  }
  HttpRig rig;
};

TEST_F(UndeliveredTest, AfterItsRetriesABatchBecomesDeadLetters) {
  TargetSpec spec = target();
  spec.retry.retries_max = 3;
  TargetCounters& c = rig.add_logged(0, spec);
  const WallTime begin = rig.world.now().wall;
  rig.push_logged_numbered(0, 3, {0});
  rig.pass(10ms);
  EXPECT_EQ(c.connect_failures.read(), 1U);
  EXPECT_TRUE(letters().empty());
  rig.pass(1min);
  const auto dead = letters();
  ASSERT_EQ(dead.size(), 3U);
  EXPECT_EQ(dead[1].event, WriterRig::numbered(1));
  EXPECT_EQ(dead[1].target, "t0");
  EXPECT_EQ(dead[1].bus, "default");
  EXPECT_EQ(dead[1].rules, "orders");
  const EventIdText id = event_id(7, 1, 1);
  EXPECT_EQ(dead[1].event_id, std::string(id.data(), id.size()));
  EXPECT_EQ(dead[1].exhausted, Exhausted::retries);
  EXPECT_EQ(dead[1].attempts, 4U);
  EXPECT_EQ(dead[1].error_code, "CONNECTION_FAILED");
  EXPECT_NE(dead[1].error_message.find("cannot connect"), std::string::npos);
  EXPECT_EQ(dead[1].accepted, begin);
  EXPECT_GE(dead[1].first_attempt, begin);
  EXPECT_GT(dead[1].last_attempt, dead[1].first_attempt);
  EXPECT_EQ(c.dead_lettered.read(), 3U);
  EXPECT_EQ(c.matched.read(), sum(c));
  EXPECT_EQ(rig.cursor(0), at(2));
  EXPECT_TRUE(rig.writer.idle());
}

TEST_F(UndeliveredTest, TheCursorWaitsForTheStore) {
  TargetSpec spec = target();
  spec.retry.retries_max = 0;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.store.held = true;
  rig.push_logged_numbered(0, 2, {0});
  rig.world.open_server(kOtherSink);
  rig.pass(10s);
  EXPECT_EQ(letters().size(), 2U);  // written, and nobody has said so
  EXPECT_EQ(rig.cursor(0), at(1));
  EXPECT_EQ(c.pending.read(), 2U);
  EXPECT_EQ(c.connect_failures.read(), 1U);  // what comes next waits too
  rig.store.held = false;
  rig.pass(10ms);
  EXPECT_EQ(rig.cursor(0), at(2));
  EXPECT_EQ(c.dead_lettered.read(), 2U);
  EXPECT_EQ(c.pending.read(), 0U);
}

TEST_F(UndeliveredTest, AnEventThatIsTooOldBecomesADeadLetterAndYoungerOnesWait) {
  TargetSpec spec = target();
  spec.retry.age_max = 60s;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 2, {0});
  rig.pass(50s);
  rig.push_logged_numbered(2, 2, {0});
  rig.pass(9s);
  EXPECT_TRUE(letters().empty());
  rig.pass(2s);
  ASSERT_EQ(letters().size(), 2U);
  EXPECT_EQ(letters()[0].exhausted, Exhausted::age);
  EXPECT_EQ(letters()[0].event, WriterRig::numbered(0));
  rig.world.open_server(kSink);
  rig.pass(30s);
  EXPECT_EQ(rig.received(kSink), "{\"n\":2}\n{\"n\":3}\n");
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_EQ(c.dead_lettered.read(), 2U);
  EXPECT_EQ(rig.cursor(0), at(3));
}

// As after a restart: the log says when it was accepted.
TEST_F(UndeliveredTest, TheAgeCountsFromTheRecordOfTheLog) {
  for (const bool reachable : {false, true}) {
    HttpRig after;
    TargetSpec spec = target();
    // The Writer of this process begins behind it.
    after.push_logged({{"{}", {}}, {"{}", {}}});
    after.settle();
    after.logs[0][0] = {{"{\"old\":1}", {0}}, {"{\"old\":2}", {0}}};
    Now then = after.world.now();
    then.monotonic.since_start -= 25h;
    then.wall.since_epoch -= 25h;
    after.accepted[{0, 1}] = then;
    if (reachable) after.world.open_server(kSink);
    TargetCounters& c = after.add_logged(0, spec);
    after.catch_up();
    after.pass(100ms);
    if (reachable) {
      EXPECT_EQ(c.delivered.read(), 2U);  // what can be delivered is
      EXPECT_EQ(c.dead_lettered.read(), 0U);
      continue;
    }
    EXPECT_EQ(c.dead_lettered.read(), 2U);
    const auto dead = after.store.all(EntryKind::dead_letter);
    ASSERT_EQ(dead.size(), 2U);
    EXPECT_EQ(dead[0].accepted, then.wall);
    EXPECT_EQ(dead[0].exhausted, Exhausted::age);
  }
}

TEST_F(UndeliveredTest, AnHourOfOutageUsesUpNoTries) {
  TargetCounters& c = rig.add_logged(0, target());
  rig.push_logged_numbered(0, 2, {0});
  rig.pass(1h);
  EXPECT_GE(c.connect_failures.read(), 100U);  // its return is noticed soon
  rig.push_logged_numbered(2, 2, {0});
  rig.pass(23h - 1min);
  EXPECT_TRUE(letters().empty());
  rig.pass(2min);
  EXPECT_EQ(letters().size(), 2U);
  rig.pass(1h);
  EXPECT_EQ(letters().size(), 4U);
  EXPECT_EQ(c.dead_lettered.read(), 4U);
}

TEST_F(UndeliveredTest, APeerThatTakesNothingIsLeftWhenTheOldestIsTooOld) {
  rig.world.open_server(kSink);
  rig.world.peer_defaults.corked = true;
  rig.world.peer_defaults.kernel_bytes_max = 0;
  rig.world.peer_defaults.send_bytes_max = 8;  // a send is under way for ever
  TargetSpec spec = target();
  spec.retry.age_max = 120s;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 4, {0});
  rig.pass(119s);
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(c.connects.read(), 1U);
  rig.world.peer_defaults = {};
  rig.pass(3s);
  ASSERT_EQ(letters().size(), 4U);
  EXPECT_EQ(letters()[0].error_code, "TIMEOUT");
  rig.push_logged_numbered(4, 2, {0});
  rig.pass(30s);
  EXPECT_EQ(peer().received, "{\"n\":4}\n{\"n\":5}\n");
  EXPECT_EQ(c.matched.read(), sum(c));
  EXPECT_EQ(rig.cursor(0), at(3));
}

// A receiver that breaks down at one event: after some tries that batch goes alone, and only it
// ends as dead letters.
TEST_F(UndeliveredTest, OneBatchThatBreaksTheReceiverTakesNoOtherWithIt) {
  rig.world.open_server(kSink);
  TargetSpec spec = target();
  spec.acks = true;
  spec.retry.retries_max = 5;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 10, {0});  // batches of two
  rig.go();
  std::int64_t acked = 0;  // of the newest connection
  for (int i = 0; i < 60'000 && !rig.writer.idle(); ++i) {
    rig.pass(1ms);
    if (rig.world.connections(kSink).empty() || peer().is_reset()) {
      acked = 0;
    } else if (peer().received.find("{\"n\":4}") != std::string::npos) {
      peer().reset();
    } else if (const auto lines = std::ranges::count(peer().received, '\n'); lines > acked) {
      acked = lines;
      say("{\"ack\":" + std::to_string(lines) + "}");
    }
  }
  ASSERT_EQ(letters().size(), 2U);
  EXPECT_EQ(letters()[0].event, WriterRig::numbered(4));
  EXPECT_EQ(letters()[0].error_code, "CONNECTION_BROKEN");
  EXPECT_EQ(c.delivered.read(), 8U);
  EXPECT_EQ(c.matched.read(), sum(c));
  EXPECT_EQ(rig.cursor(0), at(2));
}

TEST_F(UndeliveredTest, WhatAnAcknowledgingPeerRefusesBecomesADeadLetterAtOnce) {
  rig.world.open_server(kSink);
  TargetSpec spec = target();
  spec.acks = true;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 6, {0});
  rig.push_logged_numbered(6, 2, {0});
  rig.go();
  rig.store.held = true;
  say(R"({"error":"no such index","line":3})");
  say(R"({"ack":8})");
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].event, WriterRig::numbered(2));
  EXPECT_EQ(letters()[0].error_code, "REFUSED");
  EXPECT_EQ(letters()[0].error_message, "the peer refused it: no such index");
  EXPECT_EQ(letters()[0].exhausted, Exhausted::none);
  EXPECT_EQ(letters()[0].attempts, 1U);
  const EventIdText id = event_id(7, 1, 2);
  EXPECT_EQ(letters()[0].event_id, std::string(id.data(), id.size()));
  EXPECT_EQ(c.refused.read(), 1U);
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_EQ(rig.cursor(0), at(1, 2));
  rig.store.held = false;
  rig.go();
  EXPECT_EQ(c.delivered.read(), 7U);
  EXPECT_EQ(c.dead_lettered.read(), 1U);
  EXPECT_EQ(c.dropped.read(), 0U);
  EXPECT_EQ(rig.cursor(0), at(3));
  EXPECT_TRUE(rig.writer.idle());
}

TEST_F(UndeliveredTest, AfterABreakNothingIsSentUntilTheStoreHasWhatWasRefused) {
  rig.world.open_server(kSink);
  TargetSpec spec = target();
  spec.acks = true;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 6, {0});
  rig.go();
  rig.store.held = true;
  say(R"({"error":"no","line":2})");
  say(R"({"ack":3})");
  peer().reset();
  rig.pass(60s);
  EXPECT_EQ(rig.world.connections(kSink).size(), 1U);
  rig.store.held = false;
  rig.pass(1s);
  ASSERT_EQ(rig.world.connections(kSink).size(), 2U);
  EXPECT_EQ(peer().received, "{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
  say(R"({"ack":3})");
  EXPECT_EQ(c.delivered.read(), 5U);
  EXPECT_EQ(letters().size(), 1U);
  EXPECT_EQ(c.matched.read(), sum(c));
}

TEST_F(UndeliveredTest, WithoutAPlaceForThemTheyAreDroppedAndCountedByReason) {
  TargetSpec spec = target();
  spec.dead_letter = {};
  spec.retry = {.retries_max = 1, .age_max = 60s};
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 4, {0});
  rig.pass(10s);
  EXPECT_EQ(c.dropped.read(), 4U);
  EXPECT_EQ(c.dropped_by[static_cast<std::size_t>(DropReason::retries)].read(), 4U);
  EXPECT_EQ(rig.cursor(0), at(2));
  EXPECT_TRUE(rig.store.entries.empty());
  rig.world.open_server(kSink);
  TargetSpec acked = target("t1");
  acked.dead_letter = {};
  acked.acks = true;
  TargetCounters& d = rig.add_logged(1, acked, at(2));
  rig.push_logged_numbered(4, 2, {1});
  rig.go();
  say(R"({"error":"no","line":1})");
  say(R"({"ack":2})");
  EXPECT_EQ(d.dropped_by[static_cast<std::size_t>(DropReason::refused)].read(), 1U);
  EXPECT_EQ(d.dropped.read(), 1U);
  EXPECT_EQ(d.delivered.read(), 1U);
}

TEST_F(UndeliveredTest, WithoutAStoreATargetTriesForEver) {
  HttpRig none(1, false);
  TargetSpec spec = target();
  spec.retry = {.retries_max = 0, .age_max = 60s};
  TargetCounters& c = none.add_logged(0, spec);
  none.push_logged_numbered(0, 2, {0});
  none.pass(5min);
  EXPECT_EQ(c.pending.read(), 2U);
  none.world.open_server(kSink);
  none.pass(31s);
  EXPECT_EQ(c.delivered.read(), 2U);
}

TEST_F(UndeliveredTest, DeadLettersOfOneTargetGoToAnotherByWayOfTheStore) {
  rig.world.open_server(kOtherSink);
  TargetSpec spec = target();
  spec.retry.retries_max = 0;
  spec.dead_letter = {.kind = DeadLetterSpec::Kind::target, .target = TargetId{1}, .name = "t1"};
  TargetCounters& c = rig.add_logged(0, spec);
  TargetCounters& d = rig.add(1, target("t1", kOtherSink));
  rig.push_logged_numbered(0, 3, {0});
  rig.pass(3s);
  EXPECT_EQ(c.dead_lettered.read(), 3U);
  EXPECT_EQ(rig.cursor(0), at(2));
  const std::string got = rig.received(kOtherSink);
  EXPECT_EQ(std::ranges::count(got, '\n'), 3);
  EXPECT_EQ(got.find(R"({"target":"t0","bus":"default","event_id":")"), 0U) << got;
  EXPECT_NE(got.find(R"("attempts":1,"exhausted_condition":"MaximumRetryAttempts")"),
            std::string::npos);
  EXPECT_NE(got.find(R"(,"event":{"n":0}})"), std::string::npos);
  EXPECT_EQ(d.returned.read(), 3U);
  EXPECT_EQ(d.delivered.read(), 3U);
  EXPECT_EQ(sum(d), 0U);
  EXPECT_TRUE(rig.store.entries.empty());
}

TEST_F(UndeliveredTest, WhatTheOtherTargetDoesNotTakeEitherStaysInTheStore) {
  TargetSpec spec = target();
  spec.retry.retries_max = 0;
  spec.dead_letter = {.kind = DeadLetterSpec::Kind::target, .target = TargetId{1}, .name = "t1"};
  rig.add_logged(0, spec);
  TargetSpec onward = target("t1", kOtherSink);
  onward.retry.retries_max = 2;
  onward.dead_letter = {};  // its own events are dropped, not those of others
  TargetCounters& d = rig.add(1, onward);
  rig.push_logged_numbered(0, 3, {0});
  rig.pass(1min);
  ASSERT_EQ(letters().size(), 3U);
  EXPECT_EQ(letters()[0].target, "t1");
  EXPECT_EQ(letters()[0].from, "t0");
  EXPECT_EQ(letters()[0].attempts, 3U);
  EXPECT_EQ(letters()[0].event, WriterRig::numbered(0));
  EXPECT_EQ(d.dead_lettered.read(), 3U);
  EXPECT_EQ(d.dropped.read(), 0U);
  EXPECT_EQ(sum(d), 0U);
  // Given back, they go to where they were meant to go first, as they were.
  rig.world.open_server(kSink);
  rig.store.redrive(rig.world.now().wall);
  rig.pass(31s);
  EXPECT_EQ(rig.received(kSink), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
  EXPECT_TRUE(rig.store.entries.empty());
}

TEST_F(UndeliveredTest, WhatIsRefusedAgainAfterARedriveStays) {
  rig.world.open_server(kSink);
  TargetSpec spec = target();
  spec.acks = true;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 2, {0});
  rig.go();
  say(R"({"error":"no","line":1})");
  say(R"({"error":"no","line":2})");
  say(R"({"ack":2})");
  ASSERT_EQ(letters().size(), 2U);
  rig.store.redrive(rig.world.now().wall);
  rig.pass(2s);
  EXPECT_EQ(peer().received, "{\"n\":0}\n{\"n\":1}\n{\"n\":0}\n{\"n\":1}\n");
  say(R"({"error":"still no","line":3})");
  say(R"({"ack":4})");
  rig.pass(10ms);
  ASSERT_EQ(rig.store.entries.size(), 1U);
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].event, WriterRig::numbered(0));
  EXPECT_EQ(letters()[0].error_message, "the peer refused it: still no");
  EXPECT_EQ(c.delivered.read(), 1U);
  EXPECT_EQ(c.dead_lettered.read(), 3U);
  EXPECT_EQ(c.returned.read(), 2U);
  EXPECT_EQ(c.matched.read(), sum(c));
}

TEST_F(UndeliveredTest, EventsOfAnyFormatAreKeptOneByOne) {
  for (const BatchFormat format : {BatchFormat::json_array, BatchFormat::raw}) {
    HttpRig other;
    TargetSpec spec = target();
    spec.format = format;
    spec.retry.retries_max = 0;
    spec.batch.records_max = 10;
    other.add_logged(0, spec);
    const std::vector<std::string> events = {R"({"a":[{"b":"}]"},2]})", R"({"c":"\"{"})",
                                             R"({"d":"\\"})", "{ }"};
    std::vector<Routed> routed;
    for (const std::string& event : events) routed.push_back({event, {0}});
    other.push_logged(routed);
    other.pass(2s);
    std::vector<std::string> kept;
    for (const auto& entry : other.store.all(EntryKind::dead_letter)) kept.push_back(entry.event);
    EXPECT_EQ(kept, events);
  }
}

TEST_F(UndeliveredTest, AFileThatCannotBeWrittenIsGivenUpByItsLimits) {
  const std::string path = "out/a.ndjson";
  TargetSpec spec = target();
  spec.kind = TargetKind::file;
  spec.path = path;
  spec.retry.retries_max = 2;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.world.unwritable.insert(path);
  rig.push_logged_numbered(0, 3, {0});
  rig.pass(1min);
  ASSERT_EQ(letters().size(), 3U);
  EXPECT_EQ(letters()[0].error_code, "WRITE_FAILED");
  EXPECT_EQ(letters()[0].exhausted, Exhausted::retries);
  EXPECT_EQ(c.dead_lettered.read(), 3U);
  EXPECT_EQ(rig.cursor(0), at(2));
  rig.world.unwritable.clear();
  rig.push_logged_numbered(3, 2, {0});
  rig.pass(1min);
  EXPECT_EQ(rig.world.files.at(path)->content, "{\"n\":3}\n{\"n\":4}\n");
  EXPECT_EQ(rig.cursor(0), at(3));
}

// What of the batch is in the file stays if it is whole, and is cut off if it is not.
TEST_F(UndeliveredTest, AFileKeepsWholeRecordsOnlyWhenTheRestIsGivenUp) {
  std::uint64_t kept = 0;
  for (std::uint64_t room = 0; room < 32; ++room) {
    HttpRig full(room + 1);
    const std::string path = "out/a.ndjson";
    TargetSpec spec = target();
    spec.kind = TargetKind::file;
    spec.path = path;
    spec.batch.records_max = 4;
    spec.retry.retries_max = 2;
    TargetCounters& c = full.add_logged(0, spec);
    full.world.disk_bytes_left = room;
    full.world.faults.write_bytes_max = 5;  // so that half a record may be synced
    full.world.faults.delay_max = 60ms;
    full.push_logged_numbered(0, 4, {0});
    full.pass(5s);
    full.world.disk_bytes_left = kGiB;
    full.push_logged_numbered(4, 4, {0});
    full.pass(5s);
    std::string expected;
    std::set<std::string> ended;
    for (const auto& entry : full.store.all(EntryKind::dead_letter)) ended.insert(entry.event);
    for (std::uint64_t n = 0; n < 8; ++n) {
      if (!ended.contains(WriterRig::numbered(n))) expected += WriterRig::numbered(n) + "\n";
    }
    EXPECT_EQ(full.world.files.at(path)->content, expected) << room;
    EXPECT_FALSE(ended.contains(WriterRig::numbered(4))) << room;
    EXPECT_GE(ended.size(), 4 - room / 8) << room;
    kept += 4 - ended.size();
    EXPECT_EQ(c.delivered.read() + c.dead_lettered.read(), 8U) << room;
    EXPECT_EQ(full.cursor(0), full.end_of(0)) << room;
  }
  EXPECT_GT(kept, 0U);
}

// A receiver that comes, goes, refuses and breaks, a store that answers late: each event is
// delivered or a dead letter at least once, and each is counted once.
TEST_F(UndeliveredTest, AtRandomEveryEventEndsSomewhere) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    HttpRig random_rig(seed);
    Random random(seed);
    random_rig.world.faults.short_send = 0.3;
    random_rig.world.faults.late_completion = 0.3;
    TargetSpec spec = target();
    spec.acks = true;
    spec.retry = {.retries_max = static_cast<std::uint32_t>(random.below(4)), .age_max = 60s};
    spec.batch.records_max = 1 + static_cast<std::uint32_t>(random.below(5));
    TargetCounters& c = random_rig.add_logged(0, spec);
    std::map<const sim::SimPeer*, std::size_t> acked;
    std::set<std::string> ended;
    std::uint64_t pushed = 0;
    std::uint64_t block = 0;
    for (int step = 0; step < 30'000; ++step) {
      const bool over = pushed >= 200;
      if (over && c.pending.read() == 0 && random_rig.cursor(0) == random_rig.end_of(0)) break;
      if (!over && random.below(20) == 0) {
        const std::uint64_t count = 1 + random.below(9);
        random_rig.push_logged_numbered(pushed, count, {0});
        pushed += count;
        ++block;
      }
      if (random.below(150) == 0) random_rig.world.close_server(kSink);
      if (over || random.below(100) == 0) random_rig.world.open_server(kSink);
      random_rig.store.held = !over && random.below(4) == 0;
      random_rig.writer.poll(random_rig.world.now());
      random_rig.world.advance(Nanoseconds{static_cast<std::int64_t>(random.below(40'000'000))});
      const auto& connections = random_rig.world.connections(kSink);
      if (connections.empty()) continue;
      sim::SimPeer& newest = *connections.back();
      if (!over && random.below(80) == 0) newest.reset();
      if (newest.is_reset()) continue;
      std::size_t& done = acked[&newest];
      std::vector<std::string> lines;
      for (std::size_t from = 0, to; (to = newest.received.find('\n', from)) != std::string::npos;
           from = to + 1) {
        lines.push_back(newest.received.substr(from, to - from));
      }
      if (lines.size() == done || random.below(3) != 0) continue;
      const std::size_t upto = done + 1 + random.below(lines.size() - done);
      for (; done < upto; ++done) {
        if (std::hash<std::string>{}(lines[done]) % 7 == 0) {
          newest.feed("{\"error\":\"seven\",\"line\":" + std::to_string(done + 1) + "}\n");
        } else {
          ended.insert(lines[done]);
        }
      }
      newest.feed("{\"ack\":" + std::to_string(upto) + "}\n");
    }
    for (const auto& entry : random_rig.store.all(EntryKind::dead_letter))
      ended.insert(entry.event);
    EXPECT_EQ(ended.size(), pushed) << "seed " << seed;
    EXPECT_EQ(c.pending.read(), 0U) << "seed " << seed;
    EXPECT_EQ(c.matched.read(), pushed) << "seed " << seed;
    EXPECT_EQ(c.matched.read(), sum(c)) << "seed " << seed;
    EXPECT_EQ(random_rig.cursor(0), random_rig.end_of(0)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
