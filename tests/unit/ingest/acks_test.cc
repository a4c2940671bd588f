// Acknowledged connections, by a judge that knows what was durable when.
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/unit/ingest/acks_fixture.h"

namespace weir {
namespace {

using sim::SimPeerPtr;
using testing::AckJudge;
using testing::AckRig;

TEST(Acks, CountLinesFromOneWithBlankAndRefusedOnes) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("{\"a\":1}\n\n!bad\r\n{\"b\":2}\n");
  rig.run(10);
  EXPECT_EQ(peer->received, "{\"error\":\"malformed at byte 1\",\"line\":3}\n{\"ack\":4}\n");
  peer->feed("\n");
  rig.run(10);
  EXPECT_TRUE(peer->received.ends_with("{\"ack\":4}\n{\"ack\":5}\n"));
  EXPECT_FALSE(peer->stage_closed());
}

TEST(Acks, NothingIsAcknowledgedBeforeItIsDurable) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("{\"a\":1}\n");
  for (int i = 0; i < 20; ++i) rig.round();
  EXPECT_EQ(peer->received, "");
  rig.store(1);
  rig.run(3);
  EXPECT_EQ(peer->received, "{\"ack\":1}\n");
}

TEST(Acks, AfterTheEndOfInputTheLastAckComesThenTheEnd) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("{\"a\":1}\n{\"last\":true}");
  peer->finish();
  for (int i = 0; i < 20; ++i) rig.round();
  EXPECT_FALSE(peer->stage_closed());  // it is not durable yet
  rig.run(10);
  EXPECT_EQ(peer->received, "{\"ack\":2}\n");
  EXPECT_TRUE(peer->stage_closed());
  EXPECT_EQ(rig.ingest->counters().connections_open.read(), 0U);
}

TEST(Acks, AConnectionWithoutALineIsClosedAtItsEnd) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  peer->finish();
  rig.run(10);
  EXPECT_TRUE(peer->stage_closed());
  EXPECT_EQ(peer->received, "");
}

TEST(Acks, AForeignProtocolIsToldSoAndClosed) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  rig.run(10);
  EXPECT_EQ(peer->received, "{\"error\":\"foreign\",\"line\":1}\n{\"ack\":1}\n");
  EXPECT_TRUE(peer->stage_closed());
}

TEST(Acks, WrappedRecordsAreRefusedBecauseTheyHaveNoLines) {
  AckRig rig;
  const SimPeerPtr peer = rig.world.connect_to(rig.any_listener, "p");
  peer->feed("{\"Records\":[{\"a\":1},{\"b\":2}]}\n");
  rig.run(10);
  EXPECT_EQ(peer->received, "{\"error\":\"foreign\",\"line\":1}\n{\"ack\":1}\n");
  EXPECT_TRUE(peer->stage_closed());
  ASSERT_FALSE(rig.events.said.empty());
  EXPECT_NE(rig.events.said[0].find("an event a line"), std::string::npos);
}

TEST(Acks, ALineOverTheLimitIsAnErrorAndTheNextIsRead) {
  AckRig rig;
  rig.world.faults.receive_bytes_max = 1000;
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("{\"a\":1}\n{" + std::string(10000, 'x') + "}\n{\"b\":1}\n");
  peer->finish();
  rig.run(50);
  AckJudge& judge = rig.judges["p"];
  judge.hear(peer->received);
  EXPECT_EQ(judge.faults, std::vector<std::string>{});
  EXPECT_EQ(judge.acked, 3U);
  EXPECT_NE(peer->received.find("{\"error\":\"too_large\",\"line\":2}"), std::string::npos);
}

TEST(Acks, PlainConnectionsHearNothing) {
  AckRig rig;
  const SimPeerPtr peer = rig.world.connect_to(rig.plain_listener, "plain");
  peer->feed("{\"a\":1}\n!bad\n");
  peer->finish();
  rig.run(20);
  EXPECT_EQ(peer->received, "");
  EXPECT_TRUE(peer->stage_closed());
  EXPECT_EQ(rig.ingest->counters().acks.read(), 0U);
}

TEST(Acks, StopTakesNoMoreAndAcknowledgesWhatItTook) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("{\"a\":1}\n");
  for (int i = 0; i < 5; ++i) rig.round();
  rig.ingest->stop(rig.world.now());
  for (int i = 0; i < 50; ++i) rig.round();
  EXPECT_FALSE(rig.ingest->stopped());
  EXPECT_FALSE(peer->stage_closed());
  rig.run(5);
  EXPECT_EQ(peer->received, "{\"ack\":1}\n");
  EXPECT_TRUE(peer->stage_closed());
  EXPECT_TRUE(rig.ingest->stopped());
}

TEST(Acks, ARefusingBusIsSaidOnceAndNotReadFromUntilItTakesAgain) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  const SimPeerPtr other = rig.world.connect_to(rig.plain_listener, "plain");
  rig.run(5);
  rig.gate.set(BusGate::State::disk_full);
  peer->feed("{\"a\":1}\n");  // a receive is under way: this is still taken
  rig.run(5);
  peer->feed("{\"b\":1}\n");
  other->feed("{\"c\":1}\n");
  rig.run(2000);
  EXPECT_EQ(peer->input_left(), 8U);
  EXPECT_EQ(other->input_left(), 0U);  // another bus
  EXPECT_EQ(rig.judges["plain"].durable, 1U);
  EXPECT_EQ(peer->received.find("{\"error\":\"nothing is taken for now: the disk is full\"}\n"),
            0U);
  EXPECT_EQ(peer->received.find("error", 5), std::string::npos);
  EXPECT_GT(rig.ingest->counters().waits_for_bus.read(), 0U);
  rig.gate.set(BusGate::State::accepting);
  rig.run(1000);
  EXPECT_TRUE(peer->received.ends_with("{\"ack\":2}\n"));
  EXPECT_EQ(peer->input_left(), 0U);
}

TEST(Acks, ASlowedBusTakesAtAPaceAndSaysNothing) {
  AckRig rig;
  const SimPeerPtr peer = rig.connect("p");
  const SimPeerPtr other = rig.world.connect_to(rig.plain_listener, "plain");
  rig.run(5);
  rig.gate.set(BusGate::State::slowed);
  std::string lines;
  while (lines.size() < 5 * SlowPace::kBytes) lines += "{\"a\":1}\n";
  peer->feed(lines);
  other->feed("{\"c\":1}\n");
  MonotonicTime begin = rig.world.now().monotonic;
  std::uint64_t most = 0;  // bytes taken beyond what the pace allows
  while (peer->input_left() > 0) {
    rig.run(1);
    const auto taken = static_cast<std::uint64_t>(lines.size() - peer->input_left());
    const auto stretches =
        static_cast<std::uint64_t>((rig.world.now().monotonic - begin) / SlowPace::kEvery);
    const std::uint64_t allowed = (stretches + 1) * SlowPace::kBytes;
    if (taken > allowed) most = std::max(most, taken - allowed);
    ASSERT_LT(stretches, 1000U) << "it stands still";
  }
  EXPECT_LE(most, 2 * kBlockCapacity) << "no more than what was under way";
  rig.run(100);
  EXPECT_EQ(peer->received.find("error"), std::string::npos);
  EXPECT_GT(rig.ingest->counters().waits_for_space.read(), 0U);
  EXPECT_EQ(rig.ingest->counters().waits_for_bus.read(), 0U);
  EXPECT_EQ(rig.judges["plain"].durable, 1U) << "another bus";
}

TEST(Acks, AStopReachesConnectionsOfARefusingBus) {
  AckRig rig;
  rig.gate.set(BusGate::State::log_full);
  const SimPeerPtr peer = rig.connect("p");
  peer->feed("{\"a\":1}\n");
  rig.run(10);
  rig.ingest->stop(rig.world.now());
  rig.run(50);
  EXPECT_TRUE(rig.ingest->stopped());
  EXPECT_TRUE(peer->stage_closed());
}

// A client that sends garbage and reads nothing: what it is owed has a limit, then it is not read.
TEST(Acks, WhoReadsNothingIsNotReadFromAndClosedInTheEnd) {
  AckRig rig;
  rig.world.peer_defaults = {.corked = true, .kernel_bytes_max = 512, .send_bytes_max = 512};
  const SimPeerPtr deaf = rig.connect("deaf");
  rig.world.peer_defaults = {};
  const SimPeerPtr good = rig.connect("good");
  std::string garbage;
  for (int i = 0; i < 200'000; ++i) garbage += "!\n";
  deaf->feed(garbage);
  rig.run(200);
  const std::uint64_t left = deaf->input_left();
  EXPECT_GT(left, 0U);
  EXPECT_GT(rig.ingest->counters().waits_for_reader.read(), 0U);
  good->feed("{\"a\":1}\n");
  rig.run(200);
  EXPECT_EQ(deaf->input_left(), left);
  EXPECT_EQ(good->received, "{\"ack\":1}\n");
  rig.world.advance(Ingest::kUnreadDeadline + 1s);
  rig.run(10);
  EXPECT_TRUE(deaf->stage_closed());
  EXPECT_FALSE(good->stage_closed());
  EXPECT_EQ(rig.ingest->counters().connections_unread.read(), 1U);
}

TEST(Acks, WhoReadsSlowlyIsReadFromAgain) {
  AckRig rig;
  rig.world.peer_defaults = {.corked = true, .kernel_bytes_max = 512, .send_bytes_max = 512};
  const SimPeerPtr slow = rig.connect("slow");
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += i % 2 == 0 ? "!\n" : "{}\n";
  slow->feed(text);
  slow->finish();
  rig.run(100);
  EXPECT_GT(slow->input_left() + rig.ingest->counters().waits_for_reader.read(), 0U);
  AckJudge& judge = rig.judges["slow"];
  for (int i = 0; i < 100'000 && !slow->stage_closed(); ++i) {
    slow->read(300);
    rig.run(1);
    judge.hear(slow->received);
  }
  slow->uncork();
  rig.run(5);
  judge.hear(slow->received);
  EXPECT_EQ(judge.faults, std::vector<std::string>{});
  EXPECT_EQ(judge.acked, 100'000U);
  EXPECT_EQ(judge.errors, 50'000U);
}

TEST(Acks, RefusalsThatNobodyReadsHaveACommonLimit) {
  AckRig rig(1, false, {.untold_refusals_max = 3000});
  rig.world.peer_defaults = {.corked = true, .kernel_bytes_max = 512, .send_bytes_max = 512};
  const SimPeerPtr first = rig.connect("first");
  const SimPeerPtr second = rig.connect("second");
  std::string garbage;
  for (int i = 0; i < 2000; ++i) garbage += "!\n";
  first->feed(garbage);
  rig.run(50);
  EXPECT_FALSE(first->stage_closed());
  second->feed(garbage);
  rig.run(50);
  EXPECT_TRUE(second->stage_closed());
  EXPECT_EQ(rig.ingest->counters().connections_unread.read(), 1U);
}

TEST(Acks, ASlotTakenAnewHearsNothingOfTheConnectionBefore) {
  AckRig rig;
  const SimPeerPtr first = rig.connect("first");
  first->feed("{\"a\":1}\n{\"a\":2}\n");
  for (int i = 0; i < 10; ++i) rig.round();
  first->reset();
  for (int i = 0; i < 10; ++i) rig.round();
  const SimPeerPtr second = rig.connect("second");
  second->feed("{\"b\":1}\n");
  rig.run(20);
  EXPECT_EQ(first->received, "");
  EXPECT_EQ(second->received, "{\"ack\":1}\n");
}

// Clients at random: any cut of the bytes, slow readers, breaks anywhere, stops.
struct Client {
  SimPeerPtr peer;
  std::string text;
  std::uint64_t lines = 0;
  std::size_t fed = 0;
  bool finished = false;
};

Client make_client(AckRig& rig, Random& random, const std::string& name) {
  Client client;
  client.lines = random.below(60);
  for (std::uint64_t i = 0; i < client.lines; ++i) {
    const std::uint64_t kind = random.below(10);
    if (kind < 2) client.text += "!";
    if (kind > 2) client.text += "{" + std::string(random.below(kind == 9 ? 6000 : 200), 'x') + "}";
    client.text += "\n";
  }
  client.peer = rig.connect(name);
  if (random.below(3) == 0) client.peer->cork();
  return client;
}

void step_client(Client& client, Random& random) {
  const std::size_t part = std::min<std::size_t>(client.text.size() - client.fed,
                                                 random.below(random.below(2) * 3000 + 9));
  client.peer->feed(std::string_view(client.text).substr(client.fed, part));
  client.fed += part;
  if (client.fed == client.text.size() && !client.finished && random.below(10) == 0) {
    client.peer->finish();
    client.finished = true;
  }
  client.peer->read(random.below(40));
  if (random.below(500) == 0) client.peer->reset(random.below(50));
}

void set_faults(sim::World& world, Random& random) {
  world.peer_defaults.kernel_bytes_max = 30 + random.below(2000);
  world.peer_defaults.send_bytes_max = 30 + random.below(2000);
  world.faults.short_send = random.uniform() * 0.5;
  world.faults.short_receive = random.uniform() * 0.5;
  world.faults.no_buffer = random.uniform() * 0.2;
  world.faults.late_completion = random.uniform() * 0.3;
  world.faults.slow_acknowledge = random.uniform() * 0.5;
  if (random.below(4) == 0) world.faults.reset = 0.01;
}

// Runs one seed; returns what the judges found.
std::vector<std::string> run_seed(std::uint64_t seed, bool broken) {
  Random random(seed * 77 + 5);
  AckRig rig(seed, broken);
  set_faults(rig.world, random);
  std::vector<Client> clients;
  for (std::size_t i = 0; i < 4; ++i) {
    clients.push_back(make_client(rig, random, "c" + std::to_string(i)));
  }
  std::vector<std::string> faults;
  const bool stops = random.below(3) == 0;
  for (int step = 0; step < 3000; ++step) {
    const bool calm = step > 1500;
    if (calm) rig.world.faults = {};
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (calm) {
        clients[i].peer->uncork();
        if (!clients[i].finished) clients[i].peer->feed(clients[i].text.substr(clients[i].fed));
        if (!clients[i].finished) clients[i].peer->finish();
        clients[i].finished = true;
        clients[i].fed = clients[i].text.size();
      } else {
        step_client(clients[i], random);
      }
    }
    if (stops && step == 700) rig.ingest->stop(rig.world.now());
    if (random.below(50) == 0) rig.gate.set(BusGate::State::disk_full);
    if (calm || random.below(10) == 0) rig.gate.set(BusGate::State::accepting);
    rig.round();
    if (calm || random.below(5) == 0) rig.store(random.below(3));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      rig.judges["c" + std::to_string(i)].hear(clients[i].peer->received);
    }
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const AckJudge& judge = rig.judges["c" + std::to_string(i)];
    faults.insert(faults.end(), judge.faults.begin(), judge.faults.end());
    if (!clients[i].peer->stage_closed())
      faults.push_back("client " + std::to_string(i) + " hangs");
    // Who was neither cut off nor stopped has every line acknowledged.
    if (!stops && !clients[i].peer->is_reset() && judge.acked != clients[i].lines) {
      faults.push_back("acked " + std::to_string(judge.acked) + " of " +
                       std::to_string(clients[i].lines));
    }
  }
  if (rig.blocks.free_blocks() + rig.port.provided() != rig.blocks.size()) {
    faults.push_back("blocks are missing");
  }
  return faults;
}

TEST(Acks, AtRandomNoAckComesBeforeItsTimeAndNoneIsMissing) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    EXPECT_EQ(run_seed(seed, false), std::vector<std::string>{}) << "seed " << seed;
  }
}

TEST(Acks, ARouterThatAcknowledgesBeforeTheSyncIsFound) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) found += run_seed(seed, true).empty() ? 0U : 1U;
  EXPECT_GE(found, 15U);
}

}  // namespace
}  // namespace weir
