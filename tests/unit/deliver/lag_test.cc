// Durable buses: what cursors say, and targets that fall behind and come back.
#include "tests/unit/deliver/lag_fixture.h"

namespace weir {
namespace {

LogPosition at(std::uint64_t sequence, std::uint32_t event = 0) {
  return {.sequence = sequence, .event = event};
}

class LagTest : public ::testing::Test {
 protected:
  LagTest() {
    rig.world.open_server(kSink);
    rig.world.open_server(kOtherSink);
  }
  static std::string lines(std::uint64_t first, std::uint64_t count) {
    std::string text;
    for (std::uint64_t i = 0; i < count; ++i) text += WriterRig::numbered(first + i) + "\n";
    return text;
  }
  // Connects and holds every byte back.
  std::shared_ptr<sim::SimPeer> stall(std::uint16_t id, const Endpoint& endpoint) {
    rig.world.peer_defaults.corked = true;
    rig.world.peer_defaults.kernel_bytes_max = 0;
    rig.world.peer_defaults.send_bytes_max = 1000;
    rig.push_logged({{"{}", {id}}, {"{}", {id}}});
    rig.settle();
    rig.world.peer_defaults = {};
    return rig.world.connections(endpoint).back();
  }
  static void release(sim::SimPeer& peer) {
    peer.kernel_bytes_max = kMiB;
    peer.send_bytes_max = kMiB;
    peer.uncork();
  }
  // Records of 100 events of 1 KiB each, until the target lags.
  void push_until_lagging(const TargetCounters& target, std::vector<std::uint16_t> targets) {
    for (int i = 0; i < 100 && target.lagging.read() == 0; ++i) push_large(targets);
    ASSERT_EQ(target.lagging.read(), 1U);
  }
  void push_large(const std::vector<std::uint16_t>& targets) {
    std::vector<Routed> events;
    for (int i = 0; i < 100; ++i) events.push_back({large(next_++), targets});
    rig.push_logged(events);
    rig.settle();
  }
  static std::string large(std::uint64_t number) {
    std::string event = "{\"n\":" + std::to_string(number) + ",\"f\":\"";
    return event + std::string(1021 - event.size(), 'f') + "\"}";
  }
  std::string all_large() const {
    std::string text;
    for (std::uint64_t i = 0; i < next_; ++i) text += large(i) + "\n";
    return text;
  }

  std::uint64_t next_ = 0;
  LagRig rig;
};

TEST_F(LagTest, TheCursorStandsBehindTheLastSettledBatch) {
  rig.world.peer_defaults.hold_acknowledgements = true;
  TargetCounters& c = rig.add_logged(0, tcp_target("siem", kSink));
  EXPECT_EQ(rig.cursor(0), at(1));
  rig.push_logged_numbered(0, 5, {0});  // batches of two
  rig.settle();
  EXPECT_EQ(rig.cursor(0), at(1));
  const auto peer = rig.world.connections(kSink).back();
  peer->hold_acknowledgements(false);
  rig.run_for(50ms);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(rig.cursor(0), at(1, 4));
  rig.run_for(100ms);  // the fifth, after its linger
  EXPECT_EQ(rig.cursor(0), at(2));
  EXPECT_EQ(c.oldest_ns.read(), 0U);
}

TEST_F(LagTest, WhoHasNothingWaitingFollowsTheBlocksThatPass) {
  rig.world.peer_defaults.hold_acknowledgements = true;
  rig.add_logged(0, tcp_target("busy", kSink));
  rig.add_logged(1, tcp_target("never named", kOtherSink));
  for (std::uint64_t i = 1; i <= 10; ++i) {
    rig.push_logged_numbered(i, 2, {0});
    rig.settle();
    EXPECT_EQ(rig.cursor(0), at(1));
    EXPECT_EQ(rig.cursor(1), at(i + 1));
  }
  rig.world.connections(kSink).back()->hold_acknowledgements(false);
  rig.run_for(50ms);
  EXPECT_EQ(rig.cursor(0), at(11));
}

TEST_F(LagTest, TheCursorHoldsAtTheFirstOfManyBlocksThatIsNotSettled) {
  rig.add_logged(0, tcp_target("siem", kSink));
  rig.push_logged_numbered(0, 4, {0});
  rig.settle();
  EXPECT_EQ(rig.cursor(0), at(2));
  rig.world.connections(kSink).back()->hold_acknowledgements(true);
  for (std::uint64_t i = 0; i < 5; ++i) {
    rig.push_logged({{"{}", {0}}, {"{}", {}}, {"{}", {0}}});
    rig.settle();
    EXPECT_EQ(rig.cursor(0), at(2));
  }
}

TEST_F(LagTest, ABatchOfTwoBusesSettlesBoth) {
  LagRig own(1, {{0, {}}, {1, {}}});
  own.world.open_server(kSink);
  TargetSpec spec = tcp_target("siem", kSink);
  spec.batch.records_max = 4;
  TargetCounters& c = own.add_logged(0, spec);
  own.take_from(0, 1);
  own.push_logged_numbered(0, 3, {0}, 0);
  own.push_logged_numbered(3, 3, {0}, 1);
  own.settle();
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(own.cursor(0, 0), at(2));
  EXPECT_EQ(own.cursor(0, 1), at(1, 1));
  own.run_for(100ms);
  EXPECT_EQ(own.cursor(0, 1), at(2));
  EXPECT_EQ(c.batches.read(), 2U);
  EXPECT_EQ(own.received(kSink), lines(0, 6));
}

TEST_F(LagTest, ABatchNeverMixesDurableEventsWithOthers) {
  rig.add_logged(0, tcp_target("siem", kSink));
  rig.push_logged_numbered(0, 1, {0});
  rig.push_numbered(1, 1, {0});  // a memory bus
  rig.push_logged_numbered(2, 1, {0});
  rig.settle();
  EXPECT_EQ(rig.counters[0]->delivered.read(), 2U);  // closed although not full
  EXPECT_EQ(rig.cursor(0), at(2));
  rig.run_for(100ms);
  EXPECT_EQ(rig.received(kSink), lines(0, 3));
  EXPECT_EQ(rig.cursor(0), at(3));
}

TEST_F(LagTest, AFullTargetLeavesAtExactlyOneEventAndTheOthersGoOn) {
  TargetCounters& slow = rig.add_logged(0, lagging_target("slow", kSink));
  TargetCounters& fast = rig.add_logged(1, lagging_target("fast", kOtherSink));
  const auto peer = stall(0, kSink);
  push_until_lagging(slow, {0, 1});
  const std::uint64_t admitted = slow.matched.read();
  for (int i = 0; i < 20; ++i) push_large({0, 1});
  EXPECT_EQ(slow.matched.read(), admitted);  // nothing more, not even small ones
  EXPECT_LE(slow.memory_bytes.read(), 2 * kChunkBytes);
  EXPECT_EQ(rig.received(kOtherSink), all_large());
  EXPECT_EQ(fast.delivered.read(), next_);
  EXPECT_EQ(rig.cursor(1), rig.end_of(0));
  EXPECT_EQ(rig.cursor(0), at(1));
  EXPECT_FALSE(rig.catch_up_once());  // no room: the log is not even read
  release(*peer);
  rig.catch_up();
  rig.run_for(200ms);
  EXPECT_EQ(slow.lagging.read(), 0U);
  EXPECT_EQ(rig.received(kSink), "{}\n{}\n" + all_large());
  EXPECT_EQ(slow.delivered.read(), slow.matched.read());
  EXPECT_EQ(slow.delivered.read(), next_ + 2);
  EXPECT_EQ(slow.caught_up.read(), next_ + 2 - admitted);
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
  push_large({0, 1});  // live again
  EXPECT_EQ(slow.delivered.read(), next_ + 2);
  EXPECT_EQ(rig.received(kSink), "{}\n{}\n" + all_large());
}

TEST_F(LagTest, TargetsAtDifferentPlacesInOneRecordEachGetTheirRest) {
  // They begin in the middle of a record that was there before.
  LagRig own(1, {{0, {{{"{0}", {0, 1}}, {"{1}", {0, 1}}, {"{2}", {0, 1}}, {"{3}", {1}}}}}});
  own.world.open_server(kSink);
  own.world.open_server(kOtherSink);
  own.add_logged(0, lagging_target("a", kSink), at(1, 2));
  own.add_logged(1, lagging_target("b", kOtherSink), at(1, 3));
  own.add_logged(2, lagging_target("c", kOtherSink), at(1, 4));
  EXPECT_EQ(own.writer.lagging(), 3U);
  own.catch_up();
  EXPECT_EQ(own.replayed, 1U);  // one read for all
  EXPECT_EQ(own.writer.lagging(), 0U);
  own.run_for(200ms);
  EXPECT_EQ(own.received(kSink), "{2}\n");
  EXPECT_EQ(own.received(kOtherSink), "{3}\n");
}

TEST_F(LagTest, ATargetThatStartsBehindReadsTheLogAndJoins) {
  LagRig own(1, {{0, {{{"{0}", {0}}}, {{"{1}", {}}}, {{"{2}", {0}}}}}});
  own.world.open_server(kSink);
  TargetCounters& c = own.add_logged(0, lagging_target("back", kSink), at(2));
  own.push_logged({{"{3}", {0}}});
  own.catch_up();
  own.push_logged({{"{4}", {0}}});
  own.run_for(200ms);
  EXPECT_EQ(own.received(kSink), "{2}\n{3}\n{4}\n");
  EXPECT_EQ(c.lagging.read(), 0U);
  EXPECT_EQ(own.cursor(0), own.end_of(0));
}

TEST_F(LagTest, ARetiredTargetKeepsItsCursorAndItsSuccessorBeginsThere) {
  TargetCounters& c = rig.add_logged(0, lagging_target("slow", kSink));
  const auto peer = stall(0, kSink);
  push_until_lagging(c, {0});
  rig.writer.retire_target(TargetId{0});
  for (int i = 0; i < 3; ++i) rig.push_logged({{"{}", {}}});
  rig.settle();
  EXPECT_FALSE(rig.catch_up_once());  // it takes no more
  EXPECT_EQ(rig.cursor(0), at(1));
  TargetCounters& again = rig.add(0, lagging_target("slow", kOtherSink));
  rig.take_from(0, 0, at(77));  // the cursor is known; the place given for a new one is not used
  rig.catch_up();
  rig.run_for(200ms);
  EXPECT_EQ(rig.received(kOtherSink), "{}\n{}\n" + all_large());
  EXPECT_EQ(again.delivered.read(), next_ + 2);
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
}

TEST_F(LagTest, ARetiredTargetThatIsGivenUpEndsAndLeavesTheRestToTheLog) {
  TargetCounters& slow = rig.add_logged(0, lagging_target("slow", kSink));
  const auto peer = stall(0, kSink);
  push_until_lagging(slow, {0});
  rig.writer.retire_target(TargetId{0});
  rig.settle();
  EXPECT_FALSE(rig.writer.retired(TargetId{0}));
  rig.writer.give_up(TargetId{0});
  rig.run_for(300ms);
  EXPECT_TRUE(rig.writer.retired(TargetId{0}));
  EXPECT_EQ(slow.dropped.read(), 0U);
  EXPECT_EQ(rig.cursor(0), at(1));
  rig.writer.give_up(TargetId{0});  // again: nothing is left to do
  TargetCounters& again = rig.add(0, lagging_target("slow", kOtherSink));
  rig.take_from(0, 0);
  rig.catch_up();
  rig.run_for(200ms);
  EXPECT_EQ(rig.received(kOtherSink), "{}\n{}\n" + all_large());
  EXPECT_EQ(again.delivered.read(), next_ + 2);
}

TEST_F(LagTest, ARetiredIdleTargetStaysWhereItLeft) {
  rig.add_logged(0, lagging_target("gone", kSink));
  rig.push_logged({{"{}", {}}});
  rig.settle();
  rig.writer.retire_target(TargetId{0});
  rig.settle();
  rig.push_logged({{"{}", {}}});
  rig.settle();
  EXPECT_EQ(rig.cursor(0), at(2));
  rig.push_logged({{"{3}", {0}}});  // was under way when it went
  rig.push_logged({{"{}", {}}});
  rig.run_for(300ms);
  EXPECT_EQ(rig.received(kSink), "{3}\n");
  EXPECT_GE(rig.cursor(0), at(4));
}

TEST_F(LagTest, AnEndLeavesWhatWaitsToTheLog) {
  TargetCounters& slow = rig.add_logged(0, lagging_target("slow", kSink));
  stall(0, kSink);
  push_until_lagging(slow, {0});
  for (int i = 0; i < 3; ++i) rig.push_logged({{"{}", {0}}});  // not taken yet
  rig.writer.abandon();
  rig.settle();
  EXPECT_EQ(slow.dropped.read(), 0U);
  EXPECT_EQ(slow.pending.read(), slow.matched.read());
  EXPECT_EQ(rig.cursor(0), at(1));
}

TEST_F(LagTest, EventsOfAMemoryBusAreBlockedNotLost) {
  TargetCounters& slow = rig.add_logged(0, lagging_target("slow", kSink));
  const auto peer = stall(0, kSink);
  for (int i = 0; i < 10; ++i) rig.push({{large(next_++), {0}}});
  std::vector<Routed> many;
  for (int i = 0; i < 600; ++i) many.push_back({large(next_++).substr(0, 900) + "\"}", {0}});
  rig.push(std::vector<Routed>(many.begin(), many.begin() + 200));
  rig.push(std::vector<Routed>(many.begin() + 200, many.begin() + 400));
  rig.push(std::vector<Routed>(many.begin() + 400, many.end()));
  rig.settle();
  EXPECT_EQ(slow.held.read(), 1U);
  EXPECT_EQ(slow.lagging.read(), 0U);
  release(*peer);
  rig.run_for(1s);
  EXPECT_EQ(slow.delivered.read(), 2U + 610U);
}

TEST_F(LagTest, WithBlockTheWriterHoldsAndTheCursorsStandAtThatEvent) {
  TargetSpec spec = lagging_target("slow", kSink);
  spec.when_full = WhenFull::block;
  TargetCounters& slow = rig.add_logged(0, spec);
  rig.add_logged(1, lagging_target("other", kOtherSink));
  const auto peer = stall(0, kSink);
  for (int i = 0; i < 8; ++i) push_large({1, 0});
  EXPECT_EQ(slow.held.read(), 1U);
  const LogPosition held = rig.cursor(1);  // in the middle of a record
  EXPECT_GT(held.event, 0U);
  release(*peer);
  rig.run_for(1s);
  EXPECT_EQ(rig.received(kOtherSink), all_large());
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
  EXPECT_EQ(rig.cursor(1), rig.end_of(0));
}

TEST_F(LagTest, MissedRecordsAreCountedAndPassedOver) {
  LagRig own(1, {{0, {{{"{0}", {0}}}, {{"{1}", {0}}}, {{"{2}", {0}}}, {{"{3}", {0}}}}}});
  own.world.open_server(kSink);
  TargetCounters& c = own.add_logged(0, lagging_target("back", kSink), at(1));
  own.settle();
  EXPECT_TRUE(own.catch_up_once());
  own.writer.missed(BusId{0}, 2, 4);
  own.catch_up();
  own.run_for(200ms);
  EXPECT_EQ(own.received(kSink), "{0}\n{3}\n");
  EXPECT_EQ(c.records_missed.read(), 2U);
  EXPECT_EQ(c.lagging.read(), 0U);
}

TEST_F(LagTest, AnOversizedEventWaitsForAnEmptyBuffer) {
  TargetCounters& c = rig.add_logged(0, lagging_target("slow", kSink));
  const auto peer = stall(0, kSink);
  const std::string huge = "{" + std::string(200 * kKiB, 'h') + "}";
  rig.push_logged({{huge, {0}}});
  rig.push_logged({{huge, {0}}});
  rig.push_logged({{huge, {0}}});
  rig.settle();
  EXPECT_EQ(c.lagging.read(), 1U);
  release(*peer);
  rig.catch_up();
  rig.run_for(200ms);
  EXPECT_EQ(c.delivered.read(), 5U);
  EXPECT_EQ(c.lagging.read(), 0U);
}

TEST(JoinWaitTest, WaitsShortlyAndRarely) {
  JoinWait wait;
  Now now{.monotonic = {10s}, .wall = {}};
  EXPECT_FALSE(wait.holds(false, now));
  EXPECT_EQ(wait.deadline(), MonotonicTime::never());
  EXPECT_TRUE(wait.holds(true, now));
  EXPECT_EQ(wait.deadline(), now.monotonic + JoinWait::kMost);
  now.monotonic = now.monotonic + 2ms;
  EXPECT_TRUE(wait.holds(true, now));
  EXPECT_FALSE(wait.holds(false, now));  // it has joined
  now.monotonic = now.monotonic + 99ms;
  EXPECT_FALSE(wait.holds(true, now));  // rests for fifty times as long
  now.monotonic = now.monotonic + 1ms;
  EXPECT_TRUE(wait.holds(true, now));
  now.monotonic = now.monotonic + JoinWait::kMost;
  EXPECT_FALSE(wait.holds(true, now));  // gives up
  now.monotonic = now.monotonic + (JoinWait::kMost * JoinWait::kRests - 1ns);
  EXPECT_FALSE(wait.holds(true, now));
}

}  // namespace
}  // namespace weir
