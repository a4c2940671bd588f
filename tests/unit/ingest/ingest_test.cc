#include "core/ingest/ingest.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "tests/sim/sim_port.h"

namespace weir {
namespace {

using sim::SimPeerPtr;

struct Problems final : IngestEvents {
  std::vector<std::string> said;
  void problem(SourceId /*source*/, const std::string& what) override { said.push_back(what); }
};

// An Ingest over a simulated network, and a reader that takes what it seals.
class IngestTest : public ::testing::Test {
 protected:
  explicit IngestTest(std::size_t block_count = 12, std::uint64_t seed = 1)
      : world(seed), port(world), blocks(block_count, kBlockHeadroom, kBlockCapacity, 4) {
    context.layouts = &layouts;
    context.sources.push_back({.format = SourceFormat::automatic, .event_bytes_limit = 4096});
  }
  void SetUp() override { open({}); }
  void TearDown() override { ingest.reset(); }

  void open(const Ingest::Limits& limits) {
    ingest.reset();
    listener = world.open_listener();
    ingest = std::make_unique<Ingest>(
        port, BlockFiller::Shared{blocks, large, sequence, sealed}, context,
        std::vector<SourceListener>{{.handle = listener, .source = SourceId(0)}}, problems, limits);
  }

  void run(int rounds = 50, bool read = true) {
    for (int i = 0; i < rounds; ++i) {
      ingest->poll(world.now());
      world.advance(1ms);
      if (read) take();
    }
  }

  void take(std::size_t most = 8) {
    std::array<Block*, 8> taken{};
    const std::size_t count = out.pop(std::span(taken).first(most));
    for (std::size_t i = 0; i < count; ++i) {
      for (const ProducerSpan& span : taken[i]->spans) {
        std::string& text = received[span.origin->label];
        text += taken[i]->text().substr(span.begin, span.end - span.begin);
        if (span.refused_after != RefuseReason::none) {
          text += "!" + std::string(to_string(span.refused_after)) + "\n";
        }
        layouts_seen[span.origin->label] = span.origin->layout;
      }
      taken[i]->refs.reset(1);
      taken[i]->release();
    }
  }

  sim::World world;
  sim::SimPort port;
  BlockPool blocks;
  BlockPool large{2, 64, 4098, 4};
  SharedCounter sequence;
  Channel<Block*> sealed{64, 4};
  Channel<Block*>::Consumer out{sealed};
  LayoutTable layouts;
  IntakeContext context;
  Problems problems;
  Handle listener;
  std::unique_ptr<Ingest> ingest;
  std::map<std::string, std::string> received;
  std::map<std::string, const FlowLogLayout*> layouts_seen;
};

TEST_F(IngestTest, TakesLinesOfManyConnectionsInOrder) {
  std::vector<SimPeerPtr> peers;
  std::vector<std::string> sent(20);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    peers.push_back(world.connect_to(listener, "peer" + std::to_string(i)));
  }
  for (int line = 0; line < 100; ++line) {
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const std::string text = "{\"n\":" + std::to_string(line) + "}\n";
      peers[i]->feed(text);
      sent[i] += text;
    }
    run(1);
  }
  for (const SimPeerPtr& peer : peers) peer->finish();
  run();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(received["peer" + std::to_string(i)], sent[i]);
  }
  EXPECT_EQ(ingest->counters().connections_open.read(), 0U);
  EXPECT_EQ(ingest->counters().connections_total.read(), 20U);
}

TEST_F(IngestTest, OneByteAtATimeIsTheSame) {
  world.faults.receive_bytes_max = 1;
  const SimPeerPtr peer = world.connect_to(listener, "p");
  peer->feed("{\"a\":1}\r\n\n{\"b\":2}\nlast");
  peer->finish();
  run(200);
  EXPECT_EQ(received["p"], "{\"a\":1}\r\n\n{\"b\":2}\nlast\n");
}

TEST_F(IngestTest, ResetInTheMiddleOfALineRefusesOnlyThatLine) {
  const SimPeerPtr peer = world.connect_to(listener, "p");
  peer->feed("{\"a\":1}\n{\"b\":");
  run();
  peer->reset();
  run();
  EXPECT_EQ(received["p"], "{\"a\":1}\n!truncated\n");
  EXPECT_EQ(ingest->counters().connections_reset.read(), 1U);
  EXPECT_EQ(ingest->counters().connections_open.read(), 0U);
}

TEST_F(IngestTest, ForeignProtocolIsRecognisedAndClosed) {
  const SimPeerPtr peer = world.connect_to(listener, "browser");
  peer->feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n{\"not\":\"an event\"}\n");
  run();
  EXPECT_EQ(received["browser"], "!foreign\n");
  EXPECT_TRUE(peer->stage_closed());
  ASSERT_EQ(problems.said.size(), 1U);
  EXPECT_NE(problems.said[0].find("HTTP"), std::string::npos);
}

TEST_F(IngestTest, HeaderLineTellsAFlowLogsLayout) {
  const SimPeerPtr peer = world.connect_to(listener, "flow");
  peer->feed("version account-id action\n2 123456789012 ACCEPT\n");
  peer->finish();
  run();
  ASSERT_NE(layouts_seen["flow"], nullptr);
  EXPECT_EQ(layouts_seen["flow"]->field_count(), 3U);
}

TEST_F(IngestTest, WrappedRecordsBecomeLines) {
  const SimPeerPtr peer = world.connect_to(listener, "trail");
  world.faults.receive_bytes_max = 7;
  peer->feed("{\"Records\":[{\"a\":1},\n {\"b\":[1,\n2]}]}");
  peer->finish();
  run(200);
  EXPECT_EQ(received["trail"], "{\"a\":1}\n{\"b\":[1, 2]}\n");
}

TEST_F(IngestTest, WrappedFlowLogLinesComeOutOfAFlowLogSourceToo) {
  context.sources[0].format = SourceFormat::flow_log;
  const SimPeerPtr peer = world.connect_to(listener, "a");
  peer->feed(R"({"messageType":"DATA_MESSAGE","logEvents":[{"message":"2 1 eni-1"},)");
  run();
  peer->feed(R"({"message":"2 1 eni-2\n"}]}{"message":"2 1 eni-3"})");
  peer->finish();
  run();
  EXPECT_EQ(received["a"], "2 1 eni-1\n2 1 eni-2\n2 1 eni-3\n");
  EXPECT_EQ(layouts_seen["a"], layouts.default_v2());
}

TEST_F(IngestTest, LineOverTheLimitIsRefusedAndTheNextIsRead) {
  const SimPeerPtr peer = world.connect_to(listener, "p");
  peer->feed("{\"a\":1}\n{" + std::string(10000, 'x') + "\n{\"b\":2}\n");
  world.faults.receive_bytes_max = 1000;
  run();
  EXPECT_EQ(received["p"], "{\"a\":1}\n!too_large\n{\"b\":2}\n");
}

TEST_F(IngestTest, ShortageOfDescriptorsIsSaidAndAcceptingGoesOn) {
  world.fail_next_accept(listener, -EMFILE);
  const SimPeerPtr peer = world.connect_to(listener, "p");
  run(5);
  ASSERT_EQ(problems.said.size(), 1U);
  EXPECT_NE(problems.said[0].find("ulimit -n"), std::string::npos);
  peer->feed("{}\n");
  run(300);
  EXPECT_EQ(received["p"], "{}\n");
}

TEST_F(IngestTest, ConnectionsBeyondTheLimitWaitForAPlace) {
  open({.connections_max = 2});
  const SimPeerPtr a = world.connect_to(listener, "a");
  const SimPeerPtr b = world.connect_to(listener, "b");
  const SimPeerPtr c = world.connect_to(listener, "c");
  c->feed("{}\n");
  run();
  EXPECT_EQ(ingest->counters().connections_open.read(), 2U);
  EXPECT_EQ(received["c"], "");
  EXPECT_FALSE(c->stage_closed());
  a->finish();
  run();
  EXPECT_EQ(received["c"], "{}\n");
  EXPECT_EQ(ingest->counters().connections_delayed.read(), 2U);
}

TEST_F(IngestTest, StopTakesWhatHasArrivedAndNoMore) {
  const SimPeerPtr peer = world.connect_to(listener, "p");
  run(2);
  peer->feed("{\"a\":1}\n{\"b\":2}\n");
  ingest->stop(world.now());
  run();
  EXPECT_EQ(received["p"], "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_TRUE(ingest->stopped());
}

// Nothing is read beyond what the blocks hold; nothing is lost when they come back.
TEST_F(IngestTest, WithoutFreeBlocksTheSenderWaits) {
  const SimPeerPtr peer = world.connect_to(listener, "p");
  std::string sent;
  for (int i = 0; sent.size() < 4 * blocks.size() * kBlockCapacity; ++i) {
    sent += "{\"n\":" + std::to_string(i) + ",\"fill\":\"" + std::string(100, 'f') + "\"}\n";
  }
  peer->feed(sent);
  run(500, false);
  EXPECT_LE(blocks.free_blocks(), 1U);  // one is left for gathering
  EXPECT_GE(peer->input_left(),
            sent.size() - (blocks.size() + 1) * (kBlockCapacity + kBlockHeadroom));
  EXPECT_GT(ingest->counters().waits_for_blocks.read(), 0U);
  run(500);
  EXPECT_EQ(received["p"], sent);
  EXPECT_EQ(peer->input_left(), 0U);
}

// More connections than blocks, all with small reads that have to be gathered, after a time without
// any free block.
TEST_F(IngestTest, ManySmallReadsThatWaitForABlockAllComeThrough) {
  const SimPeerPtr bulk = world.connect_to(listener, "bulk");
  for (std::size_t i = 0; i < blocks.size() + 2; ++i) {
    bulk->feed("{\"a\":\"" + std::string(kBlockCapacity - 9, 'x') + "\"}\n");
  }
  std::vector<SimPeerPtr> peers;
  for (int i = 0; i < 40; ++i) peers.push_back(world.connect_to(listener, std::to_string(i)));
  run(50, false);
  for (const SimPeerPtr& peer : peers) peer->feed("{\"a\":1}\n");
  for (int i = 0; i < 300; ++i) {  // blocks come back one by one
    run(1, false);
    take(1);
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    EXPECT_EQ(received[std::to_string(i)], "{\"a\":1}\n") << i;
  }
}

}  // namespace
}  // namespace weir
