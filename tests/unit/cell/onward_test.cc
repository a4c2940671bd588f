// Events that rules send on to other buses: matched there at once, and each target met once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "core/base/random.h"
#include "core/catalog/target_buses.h"
#include "core/cell/routing_builder.h"
#include "core/route/router.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TargetSpec target(const std::string& name) {
  TargetSpec spec;
  spec.name = name;
  spec.kind = TargetKind::discard;
  return spec;
}
TargetSpec to_bus(const std::string& name, std::uint16_t bus) {
  TargetSpec spec = target(name);
  spec.kind = TargetKind::bus;
  spec.to_bus = BusId(bus);
  return spec;
}
RuleSpec rule(std::uint16_t bus, const std::string& pattern, std::vector<TargetId> targets) {
  RuleSpec spec;
  spec.bus = BusId(bus);
  spec.pattern = pattern;
  spec.targets = std::move(targets);
  return spec;
}

// One Router, to which lines are given block by block.
class Bench {
 public:
  explicit Bench(Catalog catalog, std::optional<EnvelopeText> envelope = {})
      : catalog_(named(std::move(catalog))), renderer_("111122223333", "eu-west-1", {{envelope}}) {
    auto built = build_routing(catalog_, 1, 1, slots_, rules_);
    WEIR_CHECK(built.ok());
    routing_ = std::move(built).value();
    published_ = std::make_unique<Snapshot<Routing>>(routing_);
    router_ = std::make_unique<Router>(Router::Shared{sealed_, routed_, *published_, renderer_}, 0,
                                       1, catalog_.buses.size());
    origin_.source = SourceId(0);
    origin_.refs.reset(1);
  }

  // The targets of each event, by name, spaces between them.
  std::vector<std::string> route(std::string_view lines, std::uint16_t bus = 0,
                                 const FlowLogLayout* layout = nullptr) {
    Block* block = user_.take();
    WEIR_CHECK(block != nullptr && lines.size() <= block->receive_area().size());
    std::memcpy(block->receive_area().data(), lines.data(), lines.size());
    const auto size = static_cast<std::uint32_t>(lines.size());
    block->set_bounds(block->headroom(), block->headroom() + size);
    origin_.layout = layout;
    origin_.refs.acquire();
    block->bus = BusId(bus);
    block->spans.push_back({.origin = &origin_, .begin = 0, .end = size});
    block->refs.reset(1);
    sealed_.push_from_any_thread(block);
    EXPECT_EQ(router_->poll({}), 1U);
    Channel<Block*>::Consumer routed(routed_);
    Block* out[1] = {};
    EXPECT_EQ(routed.pop(out), 1U);
    std::vector<std::string> result;
    for (const EventEntry& event : block->events) {
      std::string& names = result.emplace_back();
      for (const TargetId id : block->targets_of(event.set)) {
        names += (names.empty() ? "" : " ") + slots_.name(id);
      }
    }
    block->release();
    return result;
  }
  std::uint64_t matched(std::size_t rule) const { return routing_->stats->at(0, rule).read(); }
  const Router& router() const { return *router_; }
  const Catalog& catalog() const { return catalog_; }

 private:
  static Catalog named(Catalog catalog) {
    for (std::size_t i = 0; i < catalog.rules.size(); ++i) {
      catalog.rules[i].name = "r" + std::to_string(i);
    }
    SourceSpec source;
    source.name = "in";
    catalog.sources = {source};
    return catalog;
  }
  Catalog catalog_;
  EventRenderer renderer_;
  TargetSlots slots_;
  BusRules rules_;
  std::shared_ptr<const Routing> routing_;
  std::unique_ptr<Snapshot<Routing>> published_;
  BlockPool pool_{2, 64, 64 * 1024, 2};
  BlockPool::User user_{pool_};
  Channel<Block*> sealed_{2, 2};
  Channel<Block*> routed_{2, 2};
  Origin origin_;
  std::unique_ptr<Router> router_;
};

// default -> b by `onward`, b -> c by `far`; t0, t1, t2 stand on default, b and c.
Catalog three_buses() {
  Catalog catalog;
  catalog.buses = {{"default"}, {"b"}, {"c"}};
  catalog.targets = {target("t0"), target("t1"), target("t2"), to_bus("onward", 1),
                     to_bus("far", 2)};
  catalog.rules = {rule(0, R"({"a":[1]})", {TargetId(0)}),
                   rule(0, R"({"go":[true]})", {TargetId(3)}),
                   rule(1, R"({"a":[{"exists":true}]})", {TargetId(1)}),
                   rule(1, R"({"far":[true]})", {TargetId(1), TargetId(4)}),
                   rule(2, R"({"a":[1,2]})", {TargetId(2)})};
  return catalog;
}

TEST(Onward, RulesOfTheOtherBusDecideThere) {
  Bench bench(three_buses());
  EXPECT_THAT(bench.route("{\"a\":1}\n{\"a\":1,\"go\":true}\n{\"go\":true}\n{\"far\":true}\n"
                          "{\"a\":2,\"go\":true,\"far\":true}\n{\"go\":true,\"far\":true}\n"),
              ElementsAre("t0", "t0 t1 onward", "onward", "", "t1 t2 onward far", "t1 onward far"));
  EXPECT_THAT(bench.route("{\"a\":1,\"far\":true}\n", 1), ElementsAre("t1 t2 far"));
  const Router& router = bench.router();
  EXPECT_EQ(router.onward(BusId(0)).events.read(), 0U);
  EXPECT_EQ(router.onward(BusId(1)).events.read(), 4U);
  EXPECT_EQ(router.onward(BusId(1)).unmatched.read(), 1U);
  EXPECT_EQ(router.onward(BusId(2)).events.read(), 3U);
  EXPECT_EQ(router.onward(BusId(2)).unmatched.read(), 1U);
  EXPECT_EQ(router.counters(SourceId(0)).accepted.read(), 7U);
  EXPECT_EQ(router.counters(SourceId(0)).unmatched.read(), 1U) << "on the bus it came to";
  EXPECT_EQ(bench.matched(1), 4U);
  EXPECT_EQ(bench.matched(2), 3U);
  EXPECT_EQ(bench.matched(4), 2U);
}

TEST(Onward, AnEventEntersABusOnceWhateverTheWays) {
  Catalog catalog = three_buses();
  // default -> c as well, twice; and c leads back, as no configuration may.
  catalog.targets.push_back(to_bus("straight", 2));
  catalog.targets.push_back(to_bus("back", 0));
  catalog.rules.push_back(rule(0, R"({"go":[true]})", {TargetId(5)}));
  catalog.rules.push_back(rule(2, R"({"go":[true]})", {TargetId(6)}));
  Bench bench(catalog);
  EXPECT_THAT(bench.route("{\"a\":2,\"go\":true,\"far\":true}\n"),
              ElementsAre("t1 t2 onward far straight back"));
  EXPECT_EQ(bench.router().onward(BusId(2)).events.read(), 1U);
  EXPECT_EQ(bench.router().onward(BusId(0)).events.read(), 0U);
  EXPECT_EQ(bench.matched(4), 1U);
}

TEST(Onward, EnvelopesAndFlowLogsAreSeenOnEveryBusAsTargetsSeeThem) {
  Catalog catalog;
  catalog.buses = {{"default"}, {"b"}};
  catalog.targets = {to_bus("onward", 1), target("t"), target("u")};
  catalog.rules = {rule(0, R"({"source":["shop"]})", {TargetId(0)}),
                   rule(1, R"({"account":["111122223333"],"detail":{"a":[1]}})", {TargetId(1)}),
                   rule(1, R"({"detail":{"action":["REJECT"]}})", {TargetId(2)})};
  Bench bench(catalog, EnvelopeText{.source = "shop", .detail_type = "order", .resources = {}});
  EXPECT_THAT(bench.route("{\"a\":1}\n{\"a\":2}\n"), ElementsAre("onward t", "onward"));
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  EXPECT_THAT(bench.route("2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 REJECT OK\n"
                          "2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT OK\n",
                          0, &layout),
              ElementsAre("onward u", "onward"));
}

TEST(Onward, TargetsTakeFromEveryBusWhoseEventsComeToThem) {
  Catalog catalog = three_buses();
  find_target_buses(catalog);
  EXPECT_THAT(catalog.targets[0].buses, ElementsAre(BusId(0)));
  EXPECT_THAT(catalog.targets[1].buses, ElementsAre(BusId(0), BusId(1)));
  EXPECT_THAT(catalog.targets[2].buses, ElementsAre(BusId(0), BusId(1), BusId(2)));
  EXPECT_THAT(catalog.targets[3].buses, ElementsAre(BusId(0)));
  EXPECT_THAT(catalog.targets[4].buses, ElementsAre(BusId(0), BusId(1)));
  catalog.rules.pop_back();
  find_target_buses(catalog);
  EXPECT_THAT(catalog.targets[2].buses, IsEmpty());
}

// Against the plain reading: an event on a bus meets the targets of the rules that match there, and
// does the same on every bus among them.
TEST(Onward, AgreesWithThePlainReading) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const std::size_t buses = 2 + random.below(4);
    Catalog catalog;
    std::vector<std::string> keys;  // of each rule: it matches events that have the key
    for (std::size_t bus = 0; bus < buses; ++bus) {
      catalog.buses.push_back({"b" + std::to_string(bus)});
      catalog.targets.push_back(target("t" + std::to_string(bus)));
    }
    for (std::size_t bus = 1; bus < buses; ++bus) {
      catalog.targets.push_back(
          to_bus("to" + std::to_string(bus), static_cast<std::uint16_t>(bus)));
    }
    for (std::size_t i = 0; i < 4 * buses; ++i) {
      const auto bus = static_cast<std::uint16_t>(random.below(buses));
      std::set<TargetId> targets = {TargetId(bus)};
      for (std::size_t to = bus + 1U; to < buses; ++to) {
        if (random.below(2) == 0)
          targets.insert(TargetId(static_cast<std::uint16_t>(buses + to - 1)));
      }
      keys.push_back(std::string(1, static_cast<char>('a' + random.below(6))));
      catalog.rules.push_back(
          rule(bus, "{\"" + keys.back() + "\":[1]}", {targets.begin(), targets.end()}));
    }
    Bench bench(catalog);
    std::string lines;
    std::vector<std::string> expected;
    for (int i = 0; i < 50; ++i) {
      std::string event;
      for (char key = 'a'; key < 'g'; ++key) {
        if (random.below(3) == 0)
          event += (event.empty() ? "\"" : ",\"") + std::string(1, key) + "\":1";
      }
      lines += "{" + event + "}\n";
      std::set<std::size_t> on = {0};
      std::set<std::uint16_t> met;
      for (std::size_t bus = 0; bus < buses; ++bus) {  // ways lead upwards only
        if (!on.contains(bus)) continue;
        for (std::size_t r = 0; r < keys.size(); ++r) {
          const RuleSpec& spec = catalog.rules[r];
          if (spec.bus.value != bus || event.find("\"" + keys[r] + "\"") == std::string::npos)
            continue;
          for (const TargetId id : spec.targets) {
            met.insert(id.value);
            const TargetSpec& to = catalog.targets[id.value];
            if (to.kind == TargetKind::bus) on.insert(to.to_bus.value);
          }
        }
      }
      std::string& names = expected.emplace_back();
      for (const std::uint16_t id : met) {
        names += (names.empty() ? "" : " ") + catalog.targets[id].name;
      }
    }
    EXPECT_EQ(bench.route(lines), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
