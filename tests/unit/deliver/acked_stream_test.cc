// Targets whose peer acknowledges lines.
#include <algorithm>
#include <map>

#include "core/base/random.h"
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {
namespace {

class AckedStreamTest : public ::testing::Test {
 protected:
  AckedStreamTest() { rig.world.open_server(kSink); }
  TargetCounters& add(BatchFormat format = BatchFormat::ndjson) {
    TargetSpec spec = tcp_target("siem", kSink);
    spec.acks = true;
    spec.format = format;
    return rig.add(0, spec);
  }
  sim::SimPeer& peer(std::size_t index = 0) { return *rig.world.connections(kSink).at(index); }
  void say(const std::string& line) {
    rig.world.connections(kSink).back()->feed(line + "\n");
    rig.settle();
  }
  WriterRig rig;
};

TEST_F(AckedStreamTest, OnlyThePeersOwnAckDelivers) {
  TargetCounters& c = add();
  rig.push_numbered(0, 6, {0});
  rig.run_for(1s);
  EXPECT_EQ(peer().received.size(), 48U);
  EXPECT_EQ(c.delivered.read(), 0U);
  EXPECT_EQ(c.pending.read(), 6U);
  say(R"({"ack":3})");
  EXPECT_EQ(c.delivered.read(), 2U);  // by whole batches of two
  say(R"({"ack":6})");
  EXPECT_EQ(c.delivered.read(), 6U);
  EXPECT_EQ(c.pending.read(), 0U);
  EXPECT_EQ(c.memory_bytes.read(), 0U);
  EXPECT_TRUE(rig.writer.idle());
  rig.push_numbered(6, 2, {0});  // the same connection counts on
  rig.settle();
  say(R"({"ack":8})");
  EXPECT_EQ(c.delivered.read(), 8U);
  EXPECT_EQ(c.connects.read(), 1U);
}

TEST_F(AckedStreamTest, ARefusedRecordIsNotDelivered) {
  TargetCounters& c = add();
  rig.push_numbered(0, 6, {0});
  rig.settle();
  say(R"({"error":"no such index","line":3})");
  EXPECT_EQ(c.refused.read(), 0U);  // not before its ack
  say(R"({"error":"too late","line":6})");
  say(R"({"ack":6})");
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(c.dropped.read(), 2U);
  EXPECT_EQ(c.refused.read(), 2U);
  EXPECT_EQ(c.matched.read(), WriterRig::sum(c));
}

TEST_F(AckedStreamTest, InArraysALineIsABatch) {
  TargetCounters& c = add(BatchFormat::json_array);
  rig.push_numbered(0, 6, {0});
  rig.settle();
  say(R"({"error":"bad","line":2})");
  say(R"({"ack":2})");
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_EQ(c.dropped.read(), 2U);
  say(R"({"ack":3})");
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_TRUE(rig.writer.idle());
}

TEST_F(AckedStreamTest, AfterABreakItBeginsAtTheFirstLineWithoutAnAck) {
  TargetCounters& c = add();
  rig.push_numbered(0, 6, {0});
  rig.settle();
  say(R"({"ack":3})");
  peer().reset();
  rig.run_for(1s);
  EXPECT_EQ(peer(1).received, "{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
  say(R"({"ack":3})");  // counted anew
  EXPECT_EQ(c.delivered.read(), 6U);
  EXPECT_TRUE(rig.writer.idle());
}

TEST_F(AckedStreamTest, APeerThatEndsItsStreamAcknowledgesNoMore) {
  TargetCounters& c = add();
  rig.push_numbered(0, 2, {0});
  rig.settle();
  peer().finish();
  rig.run_for(1s);
  EXPECT_EQ(peer(1).received, "{\"n\":0}\n{\"n\":1}\n");
  say(R"({"ack":2})");
  EXPECT_EQ(c.delivered.read(), 2U);
}

TEST_F(AckedStreamTest, WhatIsNoAckBreaksTheConnection) {
  for (const std::string line : {"hello", R"({"ack":3})", R"({"error":"x","line":0})"}) {
    WriterRig other;
    other.world.open_server(kSink);
    TargetSpec spec = tcp_target("siem", kSink);
    spec.acks = true;
    TargetCounters& c = other.add(0, spec);
    other.push_numbered(0, 2, {0});
    other.settle();
    other.world.connections(kSink).back()->feed(line + "\n");
    other.settle();
    EXPECT_EQ(c.disconnects.read(), 1U) << line;
    other.run_for(1s);
    if (c.delivered.read() == 2) continue;  // the ack that was too high covers all there was
    EXPECT_EQ(other.world.connections(kSink).size(), 2U) << line;
    EXPECT_EQ(other.world.connections(kSink).back()->received.find("{\"n\":"), 0U) << line;
  }
}

// A peer that takes lines in any pieces, acknowledges late, refuses some, and breaks anywhere: each
// record is acknowledged or refused at least once, in order, and counted once.
TEST_F(AckedStreamTest, AtRandomEveryRecordIsAcknowledgedAndCountedOnce) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    WriterRig random_rig(seed);
    Random random(seed);
    random_rig.world.open_server(kSink);
    random_rig.world.faults.short_send = 0.4;
    random_rig.world.faults.short_receive = 0.4;
    random_rig.world.faults.late_completion = 0.3;
    TargetSpec spec = tcp_target("siem", kSink);
    spec.acks = true;
    TargetCounters& c = random_rig.add(0, spec);
    std::map<std::size_t, std::size_t> acked;  // lines, by connection
    std::uint64_t next = 0;                    // the first record that was never acknowledged
    std::uint64_t pushed = 0;
    for (int step = 0; step < 20'000 && (pushed < 200 || c.pending.read() > 0); ++step) {
      if (pushed < 200 && random.below(5) == 0) {
        random_rig.push_numbered(pushed, 4, {0});
        pushed += 4;
      }
      random_rig.writer.poll(random_rig.world.now());
      random_rig.world.advance(1ms);
      const auto& connections = random_rig.world.connections(kSink);
      if (connections.empty()) continue;
      const std::size_t last = connections.size() - 1;
      sim::SimPeer& newest = *connections[last];
      const auto lines = static_cast<std::size_t>(
          std::count(newest.received.begin(), newest.received.end(), '\n'));
      if (lines > acked[last] && random.below(3) == 0) {
        std::size_t at = 0;
        const std::size_t upto = acked[last] + 1 + random.below(lines - acked[last]);
        for (std::size_t line = 1; line <= upto; ++line, at = newest.received.find('\n', at) + 1) {
          if (line <= acked[last]) continue;
          const std::uint64_t number = std::stoull(newest.received.substr(at + 5));
          ASSERT_LE(number, next) << "seed " << seed;  // none was left out
          next = std::max(next, number + 1);
          if (number % 7 == 0) {
            newest.feed("{\"error\":\"seven\",\"line\":" + std::to_string(line) + "}\n");
          }
        }
        acked[last] = upto;
        newest.feed("{\"ack\":" + std::to_string(upto) + "}\n");
      }
      if (pushed < 200 && random.below(60) == 0) newest.reset(random.below(100));
    }
    EXPECT_EQ(next, 200U) << "seed " << seed;
    EXPECT_EQ(c.pending.read(), 0U) << "seed " << seed;
    EXPECT_EQ(c.matched.read(), 200U);
    EXPECT_EQ(c.delivered.read() + c.dropped.read(), 200U);
    EXPECT_EQ(c.dropped.read(), c.refused.read());
  }
}

}  // namespace
}  // namespace weir
