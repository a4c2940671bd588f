// Connections: batches out, short sends, breaks, half-closed peers, acknowledgements.
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {
namespace {

class StreamTest : public ::testing::Test {
 protected:
  WriterRig rig;
};

TEST_F(StreamTest, ConnectsAtTheFirstBatchAndDelivers) {
  rig.world.open_server(kSink);
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.run_for(1s);
  EXPECT_TRUE(rig.world.connections(kSink).empty());  // lazily
  EXPECT_EQ(rig.writer.next_deadline(), MonotonicTime::never());
  rig.push_numbered(0, 4, {0});
  rig.settle();
  EXPECT_EQ(rig.received(kSink), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
  EXPECT_EQ(c.matched.read(), 4U);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(c.batches.read(), 2U);
  EXPECT_EQ(c.bytes.read(), 32U);
  EXPECT_EQ(c.pending.read(), 0U);
  EXPECT_EQ(c.buffered_bytes.read(), 0U);
  EXPECT_EQ(c.memory_bytes.read(), 0U);
  EXPECT_EQ(c.state.read(), static_cast<std::uint64_t>(TargetState::connected));
  EXPECT_TRUE(rig.writer.idle());
  EXPECT_EQ(rig.writer.next_deadline(), MonotonicTime::never());
}

TEST_F(StreamTest, LingersToTheTick) {
  rig.world.open_server(kSink);
  rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 1, {0});
  const MonotonicTime due = rig.world.now().monotonic + 100ms;
  rig.settle();
  EXPECT_EQ(rig.writer.next_deadline(), due);
  rig.world.advance(100ms - 1ns);
  rig.settle();
  EXPECT_TRUE(rig.world.connections(kSink).empty());
  EXPECT_EQ(rig.writer.next_deadline(), due);
  rig.world.advance(1ns);
  rig.settle();
  EXPECT_EQ(rig.received(kSink), "{\"n\":0}\n");
  // A later batch has its own clock.
  rig.world.advance(7ms);
  rig.push_numbered(1, 3, {0});
  rig.settle();
  EXPECT_EQ(rig.received(kSink), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
  EXPECT_EQ(rig.writer.next_deadline(), rig.world.now().monotonic + 100ms);
}

TEST_F(StreamTest, GoesOnAfterShortSendsAtEveryByte) {
  rig.world.open_server(kSink);
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  std::string expected;
  for (std::uint64_t i = 0; i < 40; ++i) expected += WriterRig::numbered(i) + "\n";
  for (std::uint32_t bytes = 1; bytes <= 40; ++bytes) {
    rig.world.faults.send_bytes_max = bytes;
    const std::size_t before = rig.received(kSink).size();
    rig.push_numbered(0, 40, {0});
    rig.settle();
    ASSERT_EQ(rig.received(kSink).substr(before), expected);
  }
  EXPECT_EQ(c.delivered.read(), 1600U);
  EXPECT_EQ(c.connects.read(), 1U);
}

// The connection breaks after each possible number of acknowledged bytes, and each possible number
// of further bytes that arrived without our knowing.
TEST_F(StreamTest, SendsAgainFromTheRightRecordAfterAReset) {
  rig.world.open_server(kSink);
  rig.world.peer_defaults.corked = true;
  TargetSpec spec = tcp_target("siem", kSink);
  spec.batch.records_max = 3;
  TargetCounters& c = rig.add(0, spec);
  const std::string expected = "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n";
  for (std::uint64_t acknowledged = 0; acknowledged < expected.size(); ++acknowledged) {
    for (const std::uint64_t unseen : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{9}}) {
      const std::uint64_t delivered = c.delivered.read();
      const std::size_t connections = rig.world.connections(kSink).size();
      rig.world.peer_defaults.kernel_bytes_max = acknowledged;
      rig.push_numbered(0, 3, {0});
      rig.run_for(31s);
      if (rig.world.connections(kSink).size() == connections) continue;
      sim::SimPeer& first = *rig.world.connections(kSink).back();
      rig.world.peer_defaults.kernel_bytes_max = 64 * 1024;
      rig.world.peer_defaults.corked = false;
      ASSERT_EQ(first.unread_bytes(), acknowledged);
      first.reset(unseen);
      rig.run_for(31s);
      ASSERT_EQ(rig.world.connections(kSink).size(), connections + 2);
      // The second connection begins at the first record not wholly acknowledged.
      sim::SimPeer& second = *rig.world.connections(kSink).back();
      ASSERT_EQ(second.received, expected.substr(acknowledged / 8 * 8));
      ASSERT_EQ(first.received, expected.substr(0, acknowledged + unseen));
      ASSERT_EQ(c.delivered.read(), delivered + 3);
      ASSERT_EQ(c.pending.read(), 0U);
      second.reset();  // so that the next round begins with a new connection
      rig.world.peer_defaults.corked = true;
      rig.run_for(31s);
    }
  }
  EXPECT_GE(c.disconnects.read(), 2 * 3 * expected.size() - 3);
}

TEST_F(StreamTest, ArraysAndRawStartAgainAtTheBatch) {
  for (const BatchFormat format : {BatchFormat::json_array, BatchFormat::raw}) {
    WriterRig own;
    own.world.open_server(kSink);
    own.world.peer_defaults.corked = true;
    own.world.peer_defaults.kernel_bytes_max = 25;
    TargetSpec spec = tcp_target("siem", kSink);
    spec.format = format;
    TargetCounters& c = own.add(0, spec);
    own.push_numbered(0, 4, {0});
    own.run_for(20ms);
    EXPECT_EQ(c.delivered.read(), 2U);  // the first batch is wholly acknowledged
    own.world.peer_defaults = {};
    own.world.connections(kSink)[0]->reset();
    own.run_for(200ms);
    ASSERT_EQ(own.world.connections(kSink).size(), 2U);
    EXPECT_EQ(own.world.connections(kSink)[1]->received,
              format == BatchFormat::raw ? "{\"n\":2}{\"n\":3}" : "[{\"n\":2},{\"n\":3}]\n");
    EXPECT_EQ(c.delivered.read(), 4U);
    EXPECT_EQ(c.batches.read(), 2U);
  }
}

TEST_F(StreamTest, CountsAsDeliveredOnlyWhatIsAcknowledged) {
  rig.world.open_server(kSink);
  rig.world.peer_defaults.hold_acknowledgements = true;
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 4, {0});
  rig.run_for(50ms);
  EXPECT_EQ(c.delivered.read(), 0U);
  EXPECT_EQ(c.pending.read(), 4U);
  const std::uint64_t calls = rig.port.calls();
  rig.run_for(160ms);
  EXPECT_LE(rig.port.calls() - calls, 12U);  // a tick of 16 ms, not one look per event or poll
  rig.world.connections(kSink)[0]->hold_acknowledgements(false);
  rig.run_for(17ms);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(rig.writer.next_deadline(), MonotonicTime::never());
}

TEST_F(StreamTest, AHalfClosedPeerStillReads) {
  rig.world.open_server(kSink);
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 2, {0});
  rig.settle();
  rig.world.connections(kSink)[0]->feed("thanks, that is all I have to say");
  rig.world.connections(kSink)[0]->finish();
  rig.settle();
  rig.push_numbered(2, 2, {0});
  rig.run_for(1s);
  EXPECT_EQ(rig.world.connections(kSink).size(), 1U);
  EXPECT_EQ(rig.world.connections(kSink)[0]->received.size(), 32U);
  EXPECT_EQ(c.delivered.read(), 4U);
}

// A peer that has closed altogether answers the next bytes with a reset that nobody is told.
TEST_F(StreamTest, NoticesAfterThePeersEndThatTheConnectionIsDead) {
  rig.world.open_server(kSink);
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 2, {0});
  rig.settle();
  sim::SimPeer& first = *rig.world.connections(kSink)[0];
  first.finish();
  rig.settle();
  first.hold_acknowledgements(true);
  rig.push_numbered(2, 2, {0});
  rig.settle();
  EXPECT_EQ(c.pending.read(), 2U);
  first.reset();
  rig.run_for(200ms);
  ASSERT_EQ(rig.world.connections(kSink).size(), 2U);
  EXPECT_EQ(rig.world.connections(kSink)[1]->received, "{\"n\":2}\n{\"n\":3}\n");
  EXPECT_EQ(c.delivered.read(), 4U);
}

TEST_F(StreamTest, KeepsTryingWithPausesAndSaysSoRarely) {
  TargetCounters& c = rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 2, {0});
  rig.run_for(60s);
  EXPECT_GT(c.connect_failures.read(), 5U);
  EXPECT_LT(c.connect_failures.read(), 40U);
  EXPECT_EQ(c.state.read(), static_cast<std::uint64_t>(TargetState::reconnecting));
  ASSERT_FALSE(rig.host.warnings.empty());
  EXPECT_LE(rig.host.warnings.size(), 12U);
  EXPECT_NE(rig.host.warnings[0].find("siem: tcp 127.0.0.1:7001: cannot connect"),
            std::string::npos);
  Snapshot<std::string>::Reader error(c.last_error);
  EXPECT_NE(error.get().find("refused"), std::string::npos);
  rig.world.open_server(kSink);
  rig.run_for(31s);
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_EQ(rig.host.infos.size(), 1U);
}

// What a talkative peer sends is read, even when receives find no buffer.
TEST_F(StreamTest, ReadsAndIgnoresWhatThePeerSays) {
  rig.world.open_server(kSink);
  rig.world.faults.no_buffer = 0.5;
  rig.add(0, tcp_target("siem", kSink));
  rig.push_numbered(0, 2, {0});
  rig.settle();
  sim::SimPeer& peer = *rig.world.connections(kSink)[0];
  peer.feed(std::string(100000, 'x'));
  rig.settle();
  EXPECT_EQ(peer.input_left(), 0U);
  EXPECT_EQ(rig.port.provided(), 8U);
}

TEST_F(StreamTest, UnixSocketsGoTheSameWay) {
  const Endpoint path{.kind = Endpoint::Kind::unix_socket, .host = "/run/s", .congestion = {}};
  rig.world.open_server(path);
  TargetSpec spec = tcp_target("local", path);
  spec.kind = TargetKind::unix_socket;
  TargetCounters& c = rig.add(0, spec);
  rig.push_numbered(0, 2, {0});
  rig.settle();
  EXPECT_EQ(rig.received(path), "{\"n\":0}\n{\"n\":1}\n");
  EXPECT_EQ(c.delivered.read(), 2U);
}

}  // namespace
}  // namespace weir
