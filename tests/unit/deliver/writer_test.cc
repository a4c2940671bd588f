// The stage as a whole: several targets, back-pressure, changes while events flow, the end.
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {
namespace {

class WriterTest : public ::testing::Test {
 protected:
  // Events large enough that few of them fill a budget.
  std::vector<Routed> large(std::uint64_t count, std::vector<std::uint16_t> targets) {
    return std::vector<Routed>(count, Routed{"{" + std::string(kLarge - 2, '1') + "}", targets});
  }
  static constexpr std::uint64_t kLarge = 1023;  // 1024 with its line end
  // Of the budget of tcp_target(): 4 chunks, less a mark for each batch of 2 and the open one.
  static std::uint64_t admitted_large() {
    constexpr std::uint64_t kMark = BatchBuffer::kMarkBytes;
    return (4 * Chunk::kPayload - kMark) * 2 / (2 * (kLarge + 1) + kMark);
  }
  WriterRig rig;
};

TEST_F(WriterTest, EachTargetGetsItsOwnEventsOnceAndInOrder) {
  rig.world.open_server(kSink);
  rig.world.open_server(kOtherSink);
  TargetCounters& all = rig.add(0, tcp_target("all", kSink));
  TargetCounters& some = rig.add(2, tcp_target("some", kOtherSink));
  std::string expected_all;
  std::string expected_some;
  std::vector<Routed> events;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::string event = WriterRig::numbered(i);
    if (i % 7 == 0) {
      events.push_back({event, {}});
      continue;
    }
    expected_all += event + "\n";
    if (i % 3 == 0) {
      events.push_back({event, {0, 1, 2}});  // 1 is another Writer's
      expected_some += event + "\n";
    } else {
      events.push_back({event, {0}});
    }
  }
  for (const std::string line_end : {"\n", "\r\n", "\n\n"}) rig.push(events, line_end);
  rig.run_for(200ms);
  EXPECT_EQ(rig.received(kSink), expected_all + expected_all + expected_all);
  EXPECT_EQ(rig.received(kOtherSink), expected_some + expected_some + expected_some);
  EXPECT_EQ(all.delivered.read(), 3U * 857U);
  EXPECT_EQ(some.matched.read(), some.delivered.read());
  EXPECT_EQ(rig.pool.free_blocks(), rig.pool.size() - 0);
}

TEST_F(WriterTest, ACorkedTargetAdmitsExactlyItsBudgetAndStopsTheWriterThere) {
  rig.world.open_server(kSink);
  rig.world.open_server(kOtherSink);
  rig.world.peer_defaults.corked = true;
  rig.world.peer_defaults.kernel_bytes_max = 0;
  rig.world.peer_defaults.send_bytes_max = 10000;
  TargetCounters& stuck = rig.add(0, tcp_target("stuck", kSink));
  TargetCounters& free = rig.add(1, tcp_target("free", kOtherSink));
  rig.push_numbered(0, 2, {0});  // connects corked
  rig.settle();
  rig.world.peer_defaults = {};
  rig.run_for(1ms);
  rig.world.connections(kSink)[0]->uncork();
  rig.world.connections(kSink)[0]->kernel_bytes_max = 1000;
  rig.run_for(20ms);
  ASSERT_EQ(stuck.pending.read(), 0U);  // all settled: the budget is untouched
  rig.world.connections(kSink)[0]->hold_acknowledgements(true);

  for (int i = 0; i < 10; ++i) {
    rig.push(large(100, {0}));
    rig.push(large(1, {1}));
  }
  rig.push(large(200, {0}));
  rig.run_for(200ms);
  // 1000 for the one, 10 for the other, in turns: the second stops where the first does.
  const std::uint64_t admitted = std::min<std::uint64_t>(admitted_large(), 1200);
  EXPECT_EQ(stuck.pending.read(), admitted);
  EXPECT_EQ(stuck.matched.read(), admitted + 2);
  EXPECT_EQ(free.matched.read(), 10U);
  EXPECT_EQ(stuck.held.read(), 1U);
  EXPECT_EQ(stuck.memory_bytes.read(), 4 * kChunkBytes);
  EXPECT_EQ(rig.writer.poll(rig.world.now()), 0U);  // no spinning
  EXPECT_FALSE(rig.writer.idle());
  EXPECT_EQ(rig.pool.free_blocks(), rig.pool.size() - 1);  // the block it stands in

  rig.world.connections(kSink)[0]->hold_acknowledgements(false);
  rig.run_for(1s);
  EXPECT_EQ(stuck.delivered.read(), 1202U);
  EXPECT_EQ(stuck.held.read(), 0U);
  EXPECT_EQ(rig.received(kSink).size(), 2 * 8 + 1200 * 1024U);
  EXPECT_TRUE(rig.writer.idle());
}

TEST_F(WriterTest, ShedCountsExactlyAndTheOthersGoOn) {
  rig.world.open_server(kSink);
  rig.world.open_server(kOtherSink);
  rig.world.peer_defaults.hold_acknowledgements = true;
  TargetSpec spec = tcp_target("stuck", kSink);
  spec.when_full = WhenFull::shed;
  TargetCounters& stuck = rig.add(0, spec);
  rig.push(large(1, {0}));
  rig.run_for(150ms);
  rig.world.peer_defaults = {};
  TargetCounters& free = rig.add(1, tcp_target("free", kOtherSink));
  for (int i = 0; i < 20; ++i) {
    rig.push(large(100, {0, 1}));
    rig.settle();
  }
  rig.run_for(100ms);
  EXPECT_EQ(free.delivered.read(), 2000U);
  EXPECT_EQ(stuck.matched.read(), 2001U);
  EXPECT_EQ(stuck.pending.read(), admitted_large());
  EXPECT_EQ(stuck.shed.read(), 2001U - admitted_large());
  EXPECT_EQ(WriterRig::sum(stuck), stuck.matched.read());
  rig.world.connections(kSink)[0]->hold_acknowledgements(false);
  rig.run_for(1s);
  EXPECT_EQ(stuck.delivered.read(), admitted_large());
  EXPECT_EQ(stuck.pending.read(), 0U);
}

TEST_F(WriterTest, ResumesAtTheVeryTargetThatWasFull) {
  rig.world.open_server(kOtherSink);
  TargetSpec file = file_target("first", "first.ndjson");
  TargetCounters& first = rig.add(0, file);
  TargetCounters& second = rig.add(1, tcp_target("second", kSink));  // refused
  TargetCounters& third = rig.add(2, tcp_target("third", kOtherSink));
  for (int i = 0; i < 12; ++i) rig.push(large(100, {0, 1, 2}));
  rig.run_for(1s);
  // The event that found the second full has passed the first and not the third.
  EXPECT_EQ(second.matched.read(), admitted_large());
  EXPECT_EQ(first.matched.read(), admitted_large() + 1);
  EXPECT_EQ(third.matched.read(), admitted_large());
  rig.world.open_server(kSink);
  rig.run_for(40s);
  for (const TargetCounters* c : {&first, &second, &third}) EXPECT_EQ(c->delivered.read(), 1200U);
  EXPECT_EQ(rig.received(kSink), rig.received(kOtherSink));
  EXPECT_EQ(rig.world.files.at("first.ndjson")->content, rig.received(kSink));
}

TEST_F(WriterTest, ABlockedTargetBecomesFreeWhenItsPolicyChanges) {
  TargetCounters& c = rig.add(0, tcp_target("dead", kSink));
  for (int i = 0; i < 12; ++i) rig.push(large(100, {0}));
  rig.run_for(100ms);
  EXPECT_EQ(c.held.read(), 1U);
  TargetSpec spec = tcp_target("dead", kSink);
  spec.when_full = WhenFull::shed;
  rig.writer.change_target(TargetId{0}, spec);
  rig.settle();
  EXPECT_EQ(c.held.read(), 0U);
  EXPECT_EQ(c.matched.read(), 1200U);
  EXPECT_EQ(c.shed.read(), 1200U - admitted_large());
  EXPECT_EQ(rig.pool.free_blocks(), rig.pool.size());
}

TEST_F(WriterTest, ChangesLimitsInPlace) {
  rig.world.open_server(kSink);
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 3, {0});
  rig.settle();
  TargetSpec spec = tcp_target("siem", kSink);
  spec.batch.records_max = 4;
  spec.format = BatchFormat::json_array;
  rig.writer.change_target(TargetId{0}, spec);
  rig.push_numbered(3, 4, {0});
  rig.settle();
  EXPECT_EQ(rig.received(kSink),
            "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n[{\"n\":3},{\"n\":4},{\"n\":5},{\"n\":6}]\n");
  EXPECT_EQ(c.connects.read(), 1U);
}

TEST_F(WriterTest, ANewAddressFollowsAfterTheOldConnectionIsSettled) {
  rig.world.open_server(kSink);
  rig.world.open_server(kOtherSink);
  rig.world.peer_defaults.send_bytes_max = 20;
  rig.world.peer_defaults.hold_acknowledgements = true;
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 6, {0});
  rig.settle();  // 20 bytes are in the socket: the batch under way is the second
  rig.writer.change_target(TargetId{0}, tcp_target("siem", kOtherSink));
  rig.world.peer_defaults = {};
  rig.push_numbered(6, 2, {0});
  rig.run_for(50ms);
  EXPECT_TRUE(rig.world.connections(kOtherSink).empty());
  sim::SimPeer& old = *rig.world.connections(kSink)[0];
  old.hold_acknowledgements(false);
  rig.run_for(1s);
  EXPECT_TRUE(old.stage_closed());
  const std::string all = rig.received(kSink) + rig.received(kOtherSink);
  std::string expected;
  for (std::uint64_t i = 0; i < 8; ++i) expected += WriterRig::numbered(i) + "\n";
  EXPECT_EQ(all, expected);
  EXPECT_EQ(rig.received(kSink).size() % 16, 0U);  // whole batches
  EXPECT_EQ(c.delivered.read(), 8U);
  EXPECT_EQ(rig.world.open_handles(), 1U);
}

TEST_F(WriterTest, ANewAddressTakesAllFromADeadOne) {
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 4, {0});
  rig.run_for(1s);
  rig.world.open_server(kOtherSink);
  rig.writer.change_target(TargetId{0}, tcp_target("siem", kOtherSink));
  rig.settle();
  EXPECT_EQ(rig.received(kOtherSink).size(), 32U);
  EXPECT_EQ(c.delivered.read(), 4U);
  rig.writer.change_target(TargetId{0}, file_target("siem", "now-a-file"));
  rig.push_numbered(4, 2, {0});
  rig.run_for(1s);
  EXPECT_EQ(rig.world.files.at("now-a-file")->content, "{\"n\":4}\n{\"n\":5}\n");
  TargetSpec discard = tcp_target("siem", kSink);
  discard.kind = TargetKind::discard;
  rig.writer.change_target(TargetId{0}, discard);
  rig.push_numbered(6, 3, {0});
  rig.run_for(1s);
  EXPECT_EQ(c.delivered.read(), 9U);
  rig.writer.change_target(TargetId{0}, file_target("siem", "now-a-file"));
  rig.push_numbered(9, 2, {0});
  rig.run_for(1s);
  EXPECT_EQ(rig.world.files.at("now-a-file")->content.size(), 16U + 17U);
  EXPECT_EQ(c.matched.read(), 11U);
}

TEST_F(WriterTest, ARetiredTargetDrainsAndCloses) {
  rig.world.open_server(kSink);
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 3, {0});
  rig.settle();
  EXPECT_EQ(c.pending.read(), 1U);
  rig.writer.retire_target(TargetId{0});
  EXPECT_FALSE(rig.writer.retired(TargetId{0}));
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 3U);
  sim::SimPeer& peer = *rig.world.connections(kSink)[0];
  EXPECT_TRUE(peer.at_end());
  EXPECT_FALSE(peer.stage_closed());  // it waits for the peer's end
  peer.finish();
  rig.settle();
  EXPECT_TRUE(peer.stage_closed());
  EXPECT_TRUE(rig.writer.retired(TargetId{0}));
  EXPECT_EQ(c.state.read(), static_cast<std::uint64_t>(TargetState::retired));
  // One that was still under way in a block.
  rig.push_numbered(3, 1, {0});
  rig.run_for(1s);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_TRUE(rig.writer.retired(TargetId{0}));
  EXPECT_EQ(rig.world.open_handles(), 0U);
  // The slot is free for another.
  rig.world.open_server(kOtherSink);
  TargetCounters& next = rig.add(0, tcp_target("next", kOtherSink));
  rig.push_numbered(4, 2, {0});
  rig.run_for(1s);
  EXPECT_EQ(next.delivered.read(), 2U);
}

TEST_F(WriterTest, DrainsWithoutLinger) {
  rig.world.open_server(kSink);
  TargetSpec spec = tcp_target("siem", kSink);
  spec.batch = {.records_max = 500, .bytes_max = kMiB, .wait_max = 1h};
  TargetCounters& c = rig.add(0, spec);
  rig.push_numbered(0, 3, {0});
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 0U);
  EXPECT_FALSE(rig.writer.idle());
  rig.writer.begin_drain();
  EXPECT_LE(rig.writer.next_deadline(), rig.world.now().monotonic);
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 3U);
  rig.push_numbered(3, 3, {0});
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 6U);
  EXPECT_TRUE(rig.writer.idle());
}

TEST_F(WriterTest, AbandonCountsEverythingElseAsDropped) {
  rig.world.open_server(kSink);
  rig.world.peer_defaults.corked = true;
  rig.world.peer_defaults.kernel_bytes_max = 5000;
  rig.world.peer_defaults.send_bytes_max = 5000;
  TargetCounters& stuck = rig.add(0, tcp_target("stuck", kSink));
  TargetCounters& never = rig.add(1, tcp_target("never", kOtherSink));
  for (int i = 0; i < 15; ++i) rig.push(large(100, {0, 1}));
  rig.run_for(1s);
  EXPECT_EQ(stuck.delivered.read(), 4U);
  rig.writer.abandon();
  rig.run_for(1s);
  EXPECT_TRUE(rig.writer.idle());
  EXPECT_TRUE(rig.writer.quiescent());
  EXPECT_EQ(stuck.matched.read(), 1500U);
  EXPECT_EQ(stuck.dropped.read(), 1496U);
  EXPECT_EQ(never.dropped.read(), 1500U);
  EXPECT_EQ(stuck.pending.read() + never.pending.read(), 0U);
  EXPECT_EQ(stuck.memory_bytes.read(), 0U);
  EXPECT_EQ(rig.world.open_handles(), 0U);
  EXPECT_EQ(rig.pool.free_blocks(), rig.pool.size());
}

}  // namespace
}  // namespace weir
