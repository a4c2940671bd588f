// A whole cell over a simulated network, every stage polled in random order from one seed.
#include "core/cell/cell.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/random.h"
#include "tests/sim/sim_port.h"

namespace weir {
namespace {

using sim::SimPeerPtr;

struct Hosts final : IngestEvents, RefusalSink, WriterHost {
  std::uint64_t refusals = 0;
  void problem(SourceId /*source*/, const std::string& /*what*/) override {}
  void refused(const Origin& /*origin*/, std::uint64_t /*line*/, RefuseReason /*reason*/,
               std::uint32_t /*error_offset*/, std::string_view /*text*/) override {
    ++refusals;
  }
  void message(Level /*level*/, TargetId /*target*/, std::string_view /*text*/) override {}
  void file_finished(const FinishedFile& /*file*/) override {}
};

TargetSpec tcp_target(const std::string& name, std::uint16_t port, WhenFull when_full) {
  TargetSpec target;
  target.name = name;
  target.kind = TargetKind::tcp;
  target.endpoint = {
      .kind = Endpoint::Kind::tcp, .host = "127.0.0.1", .port = port, .congestion = {}};
  target.when_full = when_full;
  target.buffer_bytes = 4 * kMiB;
  target.batch.wait_max = 5ms;
  return target;
}

RuleSpec rule(const std::string& name, const std::string& pattern, std::vector<TargetId> targets) {
  RuleSpec spec;
  spec.name = name;
  spec.pattern = pattern;
  spec.targets = std::move(targets);
  return spec;
}

// Rules: kind x -> target 0; big numbers -> target 1; everything -> target 2.
Catalog make_catalog() {
  Catalog catalog;
  catalog.buses.push_back({"default"});
  SourceSpec source;
  source.name = "in";
  source.format = SourceFormat::ndjson;
  source.event_bytes_limit = 64 * kKiB;
  catalog.sources.push_back(source);
  catalog.targets.push_back(tcp_target("xs", 1, WhenFull::block));
  catalog.targets.push_back(tcp_target("big", 2, WhenFull::block));
  catalog.targets.push_back(tcp_target("all", 3, WhenFull::block));
  catalog.rules.push_back(rule("x", R"({"kind":["x"]})", {TargetId(0)}));
  catalog.rules.push_back(rule("big", R"({"n":[{"numeric":[">=",50]}]})", {TargetId(1)}));
  catalog.rules.push_back(rule("all", R"({"kind":[{"exists":true}]})", {TargetId(2)}));
  return catalog;
}

class CellRun {
 public:
  CellRun(std::uint64_t seed, Catalog catalog, std::size_t threads)
      : world(seed), catalog_(std::move(catalog)), random_(seed * 77 + 1) {
    const Plan plan = plan_for(threads);
    BusRules rules;
    auto routing = build_routing(catalog_, 1, plan.routers(), slots, rules);
    WEIR_CHECK(routing.ok());
    cell = std::make_unique<Cell>(catalog_, *routing, plan, 0, seed,
                                  CellHosts{.ingest = hosts, .refusals = hosts, .writers = hosts});
    listener = world.open_listener();
    cell->make_ingest(ingest_port, {{.handle = listener, .source = SourceId(0)}}, {});
    stages.push_back(cell->ingest());
    for (std::size_t i = 0; i < cell->routers(); ++i) stages.push_back(&cell->router(i));
    stages.push_back(&cell->sequencer());
    for (std::size_t i = 0; i < cell->writers(); ++i) {
      writer_ports.push_back(std::make_unique<sim::SimPort>(world));
      stages.push_back(&cell->make_writer(i, *writer_ports.back()));
    }
    for (std::size_t i = 0; i < catalog_.targets.size(); ++i) {
      const TargetId id(static_cast<std::uint16_t>(i));
      counters.push_back(std::make_shared<TargetCounters>());
      cell->writer(cell->writer_of(id)).add_target(id, catalog_.targets[i], counters.back());
      world.open_server(catalog_.targets[i].endpoint);
    }
  }
  ~CellRun() {
    for (std::size_t i = 0; i < cell->writers(); ++i) cell->writer(i).abandon();
    run(50);
  }

  void run(int polls) {
    for (int i = 0; i < polls; ++i) {
      stages[random_.below(stages.size())]->poll(world.now());
      if (random_.below(4) == 0) world.advance(Nanoseconds(random_.below(2'000'000)));
    }
  }
  bool idle() {
    if (!cell->taken_by_writers()) return false;
    for (std::size_t i = 0; i < cell->writers(); ++i) {
      if (!cell->writer(i).idle()) return false;
    }
    return true;
  }
  // Faults have stopped: everything must come to rest.
  bool settle(int rounds_max = 4000) {
    cell->ingest()->stop(world.now());
    for (int i = 0; i < rounds_max; ++i) {
      run(100);
      if (cell->ingest()->stopped() && idle()) return true;
      world.advance(20ms);
    }
    return false;
  }
  std::vector<std::string> lines_at(std::size_t target) {
    std::vector<std::string> lines;
    for (const SimPeerPtr& peer : world.connections(catalog_.targets[target].endpoint)) {
      std::string_view text = peer->received;
      for (std::size_t end = text.find('\n'); end != std::string_view::npos;
           end = text.find('\n')) {
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
      }
    }
    return lines;
  }
  std::uint64_t sum(Counter SourceCounters::*counter) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < cell->routers(); ++i) {
      total += (cell->router(i).counters(SourceId(0)).*counter).read();
    }
    return total;
  }

  sim::World world;
  Hosts hosts;
  TargetSlots slots;
  sim::SimPort ingest_port{world};
  std::vector<std::unique_ptr<sim::SimPort>> writer_ports;
  std::vector<std::shared_ptr<TargetCounters>> counters;
  std::unique_ptr<Cell> cell;
  std::vector<Stage*> stages;
  Handle listener;

 private:
  Catalog catalog_;
  Random random_;
};

struct Sent {
  std::string line;
  bool is_x = false;
  bool is_big = false;
  bool is_all = false;
  bool refused = false;
};

Sent make_line(Random& random, std::size_t client, int number) {
  Sent sent;
  const std::string stamp = "\"c\":" + std::to_string(client) + ",\"i\":" + std::to_string(number);
  switch (random.below(12)) {
    case 0:
      sent.line = "{" + stamp + ",}";
      sent.refused = true;
      return sent;
    case 1:
      sent.line = "{" + stamp + "} {}";
      sent.refused = true;
      return sent;
    case 2:
      sent.line = "[" + std::to_string(number) + "]";
      sent.refused = true;
      return sent;
    case 3:
      sent.line = "{" + stamp + "}";
      return sent;  // matches nothing
    default:
      break;
  }
  const std::uint64_t n = random.below(100);
  sent.is_x = random.below(2) == 0;
  sent.is_big = n >= 50;
  sent.is_all = true;
  const std::string fill(random.below(random.below(20) == 0 ? 30000 : 200), 'f');
  sent.line = "{" + stamp + ",\"kind\":\"" + (sent.is_x ? "x" : "y") +
              "\",\"n\":" + std::to_string(n) + ",\"fill\":\"" + fill + "\"}";
  return sent;
}

void add_faults(sim::World& world, Random& random) {
  const auto maybe = [&](double p) { return random.below(2) == 0 ? p : 0; };
  world.faults.short_receive = maybe(0.5);
  world.faults.short_send = maybe(0.5);
  world.faults.slow_acknowledge = maybe(0.5);
  world.faults.connect_refused = maybe(0.3);
  world.faults.reset = maybe(0.05);
  world.faults.no_buffer = maybe(0.2);
  world.faults.shuffle = maybe(0.5);
  world.faults.delay_max = Nanoseconds(random.below(2) * 3'000'000);
}

// The properties of a run: see the header of each check.
void check_run(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  CellRun run(seed, make_catalog(), 1 + random.below(6));
  add_faults(run.world, random);
  constexpr std::size_t kClients = 5;
  std::vector<SimPeerPtr> clients;
  std::vector<std::vector<Sent>> sent(kClients);
  for (std::size_t c = 0; c < kClients; ++c) {
    clients.push_back(run.world.connect_to(run.listener, "client" + std::to_string(c)));
  }
  for (int i = 0; i < 150; ++i) {
    for (std::size_t c = 0; c < kClients; ++c) {
      sent[c].push_back(make_line(random, c, i));
      clients[c]->feed(sent[c].back().line + "\n");
    }
    run.run(static_cast<int>(random.below(10)));
  }
  run.world.faults = {};
  for (const SimPeerPtr& client : clients) client->finish();
  ASSERT_TRUE(run.settle());

  std::uint64_t accepted = 0;
  std::uint64_t unmatched = 0;
  std::uint64_t refused = 0;
  bool Sent::*const wanted[] = {&Sent::is_x, &Sent::is_big, &Sent::is_all};
  for (const auto& client : sent) {
    for (const Sent& line : client) {
      refused += line.refused ? 1 : 0;
      accepted += line.refused ? 0 : 1;
      unmatched += !line.refused && !line.is_all ? 1 : 0;
    }
  }
  EXPECT_EQ(run.sum(&SourceCounters::accepted), accepted);
  EXPECT_EQ(run.sum(&SourceCounters::unmatched), unmatched);
  EXPECT_EQ(run.hosts.refusals, refused);
  EXPECT_EQ(run.cell->blocks().free_blocks() + 8, run.cell->blocks().size());  // 8 wait for input

  for (std::size_t target = 0; target < 3; ++target) {
    const std::vector<std::string> lines = run.lines_at(target);
    const TargetCounters& counters = *run.counters[target];
    std::map<std::string, std::size_t> first_place;
    for (std::size_t i = 0; i < lines.size(); ++i) first_place.emplace(lines[i], i);
    std::size_t expected = 0;
    for (const auto& client : sent) {
      std::size_t last = 0;
      for (const Sent& line : client) {
        if (line.refused || !(line.*wanted[target])) continue;
        ++expected;
        const auto found = first_place.find(line.line);
        ASSERT_NE(found, first_place.end()) << "lost at target " << target;  // nothing is lost
        ASSERT_GE(found->second, last) << "out of order at target " << target;
        last = found->second;
      }
    }
    EXPECT_EQ(first_place.size(), expected);  // nothing is invented or altered
    if (counters.disconnects.read() == 0) {
      EXPECT_EQ(lines.size(), expected);  // nothing twice without a fault
    }
    EXPECT_EQ(counters.matched.read(), expected);
    EXPECT_EQ(counters.delivered.read(), expected);
    EXPECT_EQ(counters.pending.read(), 0U);
  }
}

TEST(Cell, EverythingArrivesInOrderWhateverTheNetworkDoes) {
  for (std::uint64_t seed = 1; seed <= 150 && !::testing::Test::HasFatalFailure(); ++seed) {
    check_run(seed);
  }
}

TEST(Cell, AStoppedTargetUnderShedDelaysNoOther) {
  Catalog catalog = make_catalog();
  catalog.targets[0].when_full = WhenFull::shed;
  CellRun run(3, catalog, 2);
  run.world.peer_defaults.corked = false;
  const SimPeerPtr client = run.world.connect_to(run.listener, "client");
  constexpr std::uint64_t kEvents = 30000;
  const std::string line = "{\"kind\":\"x\",\"n\":1,\"fill\":\"" + std::string(300, 'f') + "\"}\n";
  client->feed(line);
  run.run(2000);
  ASSERT_EQ(run.world.connections(catalog.targets[0].endpoint).size(), 1U);
  run.world.connections(catalog.targets[0].endpoint)[0]->cork();
  for (std::uint64_t i = 1; i < kEvents; ++i) {
    client->feed(line);
    if (i % 100 == 0) run.run(40);
  }
  run.run(20000);
  EXPECT_EQ(run.counters[2]->delivered.read(), kEvents);
  EXPECT_GT(run.counters[0]->shed.read(), 0U);
  EXPECT_LE(run.counters[0]->memory_bytes.read(), catalog.targets[0].buffer_bytes);
  run.world.connections(catalog.targets[0].endpoint)[0]->uncork();
  ASSERT_TRUE(run.settle());
  EXPECT_EQ(run.counters[0]->matched.read(), kEvents);
  EXPECT_EQ(run.counters[0]->delivered.read() + run.counters[0]->shed.read(), kEvents);
}

TEST(Cell, AStoppedTargetUnderBlockStopsTheSourceAndLosesNothing) {
  const Catalog catalog = make_catalog();
  CellRun run(4, catalog, 2);
  run.world.peer_defaults.corked = true;
  const SimPeerPtr client = run.world.connect_to(run.listener, "client");
  const std::string line = "{\"kind\":\"x\",\"n\":1,\"fill\":\"" + std::string(300, 'f') + "\"}\n";
  constexpr std::uint64_t kEvents = 60000;
  for (std::uint64_t i = 0; i < kEvents; ++i) client->feed(line);
  run.run(60000);
  EXPECT_GT(client->input_left(), 0U);  // the sender was stopped
  EXPECT_EQ(run.counters[0]->shed.read(), 0U);
  const std::uint64_t left = client->input_left();
  run.run(20000);
  EXPECT_EQ(client->input_left(), left);  // and stays stopped
  for (std::size_t t = 0; t < 3; ++t) {
    for (const SimPeerPtr& peer : run.world.connections(catalog.targets[t].endpoint))
      peer->uncork();
  }
  run.world.peer_defaults.corked = false;
  ASSERT_TRUE(run.settle());
  EXPECT_EQ(run.counters[0]->delivered.read(), kEvents);
  EXPECT_EQ(run.counters[2]->delivered.read(), kEvents);
}

}  // namespace
}  // namespace weir
