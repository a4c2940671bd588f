// A cell with a durable bus, every stage polled in random order from one seed, over a simulated
// disk that loses what was not synced when the power goes. Of what senders were told is safe,
// nothing may be missing at the targets after the next start, and nothing may arrive that was not
// sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "core/base/random.h"
#include "core/cell/cell.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_port.h"

namespace weir {
namespace {

using sim::SimPeerPtr;

struct Hosts final : IngestEvents, RefusalSink, WriterHost, BusLogHost, ProcessNames {
  TargetSlots slots;
  std::vector<std::string> said;
  void problem(SourceId /*source*/, const std::string& /*what*/) override {}
  void refused(const Origin& /*origin*/, std::uint64_t /*line*/, RefuseReason /*reason*/,
               std::uint32_t /*error_offset*/, std::string_view /*text*/) override {}
  void message(Level /*level*/, TargetId /*target*/, std::string_view /*text*/) override {}
  void file_finished(const FinishedFile& /*file*/) override {}
  void log_message(BusId /*bus*/, std::string_view text) override { said.emplace_back(text); }
  std::string target_name(TargetId id) const override { return slots.name(id); }
  TargetId target_id(std::string_view name) const override { return slots.find(name); }
};

Catalog make_catalog() {
  Catalog catalog;
  catalog.data_dir = "data";
  BusSpec bus{.name = "default"};
  bus.durability = Durability::fsync;
  bus.segment_bytes = kMiB;
  catalog.buses.push_back(bus);
  SourceSpec source;
  source.name = "in";
  source.format = SourceFormat::ndjson;
  source.event_bytes_limit = 64 * kKiB;
  source.acks = true;
  catalog.sources.push_back(source);
  for (std::uint16_t i = 0; i < 2; ++i) {
    TargetSpec target;
    target.name = i == 0 ? "odd" : "all";
    target.kind = TargetKind::tcp;
    target.endpoint = {
        .host = "127.0.0.1", .port = static_cast<std::uint16_t>(i + 1), .congestion = {}};
    target.when_full = WhenFull::lag;
    target.batch.wait_max = 5ms;
    target.batch.records_max = 50;
    target.buses = {BusId(0)};
    catalog.targets.push_back(target);
  }
  RuleSpec odd;
  odd.name = "odd";
  odd.pattern = R"({"odd":[true]})";
  odd.targets = {TargetId(0)};
  RuleSpec all;
  all.name = "all";
  all.pattern = R"({"n":[{"exists":true}]})";
  all.targets = {TargetId(1)};
  catalog.rules = {odd, all};
  return catalog;
}

// One life of the process, on the disk that the last one left.
class Life {
 public:
  Life(std::uint64_t seed, sim::DiskImage image, std::size_t threads, const LogFaults& faults)
      : world(seed, std::move(image)), random_(seed * 31 + 7) {
    sim::SimDisk disk(world);
    auto recovered = recover_buses(disk, catalog_);
    EXPECT_TRUE(recovered.ok()) << (recovered ? "" : recovered.error().message);
    recovered_damage = recovered->messages;
    const Plan plan = plan_for(threads);
    auto routing = build_routing(catalog_, 1, plan.routers(), hosts.slots, rules_);
    WEIR_CHECK(routing.ok());
    cell = std::make_unique<Cell>(catalog_, *routing, plan, 0, seed,
                                  CellHosts{.ingest = hosts, .refusals = hosts, .writers = hosts});
    DurableBuses& durable =
        cell->make_durable(catalog_, std::move(recovered).value(), hosts, hosts, faults);
    BusLog& log = durable.make_log(0, port(), world.now());
    CursorKeeper& keeper = durable.make_keeper(port());
    listener = world.open_listener();
    stages_ = {&cell->make_ingest(port(), {{.handle = listener, .source = SourceId(0)}}, {})};
    for (std::size_t i = 0; i < cell->routers(); ++i) stages_.push_back(&cell->router(i));
    stages_.insert(stages_.end(), {&cell->sequencer(), &log, &keeper});
    for (std::size_t i = 0; i < cell->writers(); ++i) {
      Writer& writer = cell->make_writer(i, port());
      stages_.push_back(&writer);
      stages_.push_back(&durable.add_writer(i, writer, {&port()}, world.now()));
    }
    for (std::uint16_t i = 0; i < catalog_.targets.size(); ++i) {
      const TargetId id(i);
      Writer& writer = cell->writer(cell->writer_of(id));
      writer.add_target(id, catalog_.targets[i], std::make_shared<TargetCounters>());
      durable.open_feeds(cell->writer_of(id), writer, id, catalog_.targets[i]);
      world.open_server(catalog_.targets[i].endpoint);
    }
  }
  ~Life() {
    for (std::size_t i = 0; i < cell->writers(); ++i) cell->writer(i).abandon();
    cell->durable()->close();
    for (int i = 0; i < 200; ++i) run(10);
  }

  void run(int polls) {
    for (int i = 0; i < polls; ++i) {
      stages_[random_.below(stages_.size())]->poll(world.now());
      if (random_.below(4) == 0) world.advance(Nanoseconds(random_.below(2'000'000)));
    }
  }
  bool settled() {
    bool idle = cell->taken_by_writers() && cell->durable()->logs_idle();
    for (std::size_t i = 0; i < cell->writers(); ++i) {
      idle = idle && cell->writer(i).idle() && cell->writer(i).lagging() == 0;
    }
    return idle && cell->durable()->save_cursors(world.now());
  }
  // Adds what has arrived at each target.
  void collect(std::array<std::multiset<std::string>, 2>& arrived) {
    for (std::size_t t = 0; t < 2; ++t) {
      for (const SimPeerPtr& peer : world.connections(catalog_.targets[t].endpoint)) {
        std::string_view text = peer->received;
        for (std::size_t end = text.find('\n'); end != std::string_view::npos;
             end = text.find('\n')) {
          arrived[t].emplace(text.substr(0, end));
          text.remove_prefix(end + 1);
        }
      }
    }
  }

  sim::World world;
  Hosts hosts;
  std::unique_ptr<Cell> cell;
  Handle listener;
  std::vector<std::string> recovered_damage;

 private:
  Port& port() {
    ports_.push_back(std::make_unique<sim::SimPort>(world));
    return *ports_.back();
  }
  const Catalog catalog_ = make_catalog();
  BusRules rules_;
  Random random_;
  std::vector<std::unique_ptr<sim::SimPort>> ports_;
  std::vector<Stage*> stages_;
};

std::string line_of(std::uint64_t number) {
  return "{\"n\":" + std::to_string(number) + ",\"odd\":" + (number % 2 == 1 ? "true" : "false") +
         ",\"pad\":\"" + std::string(number % 97, 'x') + "\"}";
}

// The highest ack in what the router has answered.
std::uint64_t acked(const std::string& answers) {
  const std::size_t at = answers.rfind("{\"ack\":");
  return at == std::string::npos ? 0 : std::stoull(answers.substr(at + 7));
}

struct Outcome {
  std::size_t safe = 0;
  std::vector<std::uint64_t> lost;  // though it was acknowledged
};

// Sends numbered lines, loses power, starts again, some times; then all must have arrived.
Outcome run_lives(std::uint64_t seed, std::size_t threads, const LogFaults& faults = {}) {
  Random random(seed);
  sim::DiskImage image;
  std::uint64_t next = 0;
  std::set<std::uint64_t> safe;  // acknowledged
  std::array<std::multiset<std::string>, 2> arrived;
  for (int life = 0; life < 4; ++life) {
    const bool last = life == 3;
    Life now(seed * 10 + static_cast<std::uint64_t>(life), std::move(image), threads, faults);
    EXPECT_TRUE(now.recovered_damage.empty()) << now.recovered_damage.front();
    now.world.faults = {.short_receive = 0.3,
                        .short_send = 0.2,
                        .short_write = 0.2,
                        .late_completion = 0.1,
                        .shuffle = 0.2};
    if (random.below(2) == 0) now.world.close_server(make_catalog().targets[0].endpoint);
    const SimPeerPtr client = now.world.connect_to(now.listener);
    const std::uint64_t first = next;
    for (std::uint64_t i = 0; i < 50 + random.below(400); ++i) {
      client->feed(line_of(next++) + "\n");
      if (random.below(3) == 0) now.run(static_cast<int>(random.below(60)));
    }
    now.run(static_cast<int>(random.below(3000)));
    if (last) {
      now.world.faults = {};
      now.world.open_server(make_catalog().targets[0].endpoint);
      for (int i = 0; i < 3000 && !(acked(client->received) == next - first && now.settled());
           ++i) {
        now.run(200);
        now.world.advance(20ms);
      }
      EXPECT_EQ(acked(client->received), next - first);
      EXPECT_TRUE(now.settled());
    }
    for (std::uint64_t n = first; n < first + acked(client->received); ++n) safe.insert(n);
    now.collect(arrived);
    image = now.world.disk.crash(random);
  }
  Outcome outcome{.safe = safe.size(), .lost = {}};
  for (const std::uint64_t n : safe) {
    if (arrived[1].count(line_of(n)) == 0 || arrived[0].count(line_of(n)) < n % 2) {
      outcome.lost.push_back(n);
    }
  }
  for (const std::string& line : arrived[0]) EXPECT_NE(line.find("\"odd\":true"), line.npos);
  std::set<std::string> sent;
  for (std::uint64_t n = 0; n < next; ++n) sent.insert(line_of(n));
  for (const std::string& line : arrived[1]) EXPECT_TRUE(sent.contains(line)) << line;
  return outcome;
}

TEST(DurableCell, WhatWasAcknowledgedArrivesThoughThePowerFails) {
  for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    const Outcome outcome = run_lives(seed, seed % 2 == 0 ? 2 : 4);
    EXPECT_GT(outcome.safe, 50U) << "seed " << seed;
    EXPECT_TRUE(outcome.lost.empty())
        << "seed " << seed << ": " << outcome.lost.front() << " was acknowledged and is lost";
  }
}

// That the test would see it.
TEST(DurableCell, ALogThatAcknowledgesBeforeItsSyncIsFound) {
  bool found = false;
  for (std::uint64_t seed = 1; seed <= 60 && !found; ++seed) {
    found = !run_lives(seed, 2, {.acknowledge_before_sync = true}).lost.empty();
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace weir
