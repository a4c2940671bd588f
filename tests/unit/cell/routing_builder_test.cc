#include "core/cell/routing_builder.h"

#include <gtest/gtest.h>

#include "core/match/matcher.h"
#include "core/rule/tables.h"

namespace weir {
namespace {

RuleSpec rule(std::uint16_t bus, const std::string& name, const std::string& pattern,
              std::vector<TargetId> targets) {
  RuleSpec spec;
  spec.bus = BusId(bus);
  spec.name = name;
  spec.pattern = pattern;
  spec.targets = std::move(targets);
  spec.place = "weir.yaml:1:1";
  return spec;
}

std::string pattern_of(std::size_t i) {
  return R"({"n":[)" + std::to_string(i) + "]}";
}

// Two buses, 500 rules each, two targets.
Catalog make_catalog() {
  Catalog catalog;
  catalog.buses = {{"one"}, {"two"}};
  catalog.targets.resize(2);
  catalog.targets[0].name = "even";
  catalog.targets[1].name = "odd";
  for (std::uint16_t i = 0; i < 1000; ++i) {
    const TargetId target(i % 4 < 2 ? 0 : 1);
    catalog.rules.push_back(rule(i % 2, "r" + std::to_string(i), pattern_of(i), {target}));
  }
  return catalog;
}

struct Built {
  TargetSlots slots;
  BusRules rules;
  std::uint64_t version = 0;
  std::shared_ptr<const Routing> routing;

  Status build(const Catalog& catalog) {
    auto built = build_routing(catalog, ++version, 1, slots, rules);
    if (!built) return built.error();
    routing = std::move(built).value();
    return Done{};
  }
  // Names of the rules of a bus that match, each with its targets.
  std::vector<std::string> matches(std::size_t bus, const std::string& event) const {
    const BusRouting& on = routing->buses[bus];
    std::vector<RuleIndex> found;
    Matcher matcher;
    EXPECT_EQ(matcher.match_event(*on.rules, event, found), EventError::none);
    std::vector<std::string> out;
    for (const RuleIndex index : found) {
      std::string line = routing->rule_names[on.routed[index].slot];
      for (const TargetId target : on.routed[index].targets) line += " " + slots.name(target);
      out.push_back(std::move(line));
    }
    return out;
  }
};

using Names = std::vector<std::string>;

TEST(RoutingBuilder, AReloadCompilesOnlyWhatChanged) {
  Built built;
  Catalog catalog = make_catalog();
  ASSERT_TRUE(built.build(catalog).ok());
  EXPECT_EQ(built.matches(0, R"({"n":6})"), (Names{"r6 odd"}));
  const auto before = built.routing;
  catalog.rules[6].pattern = R"({"n":[6,"six"]})";
  catalog.rules[8].targets = {TargetId(1), TargetId(0)};
  catalog.rules.erase(catalog.rules.begin() + 4);
  ASSERT_TRUE(built.build(catalog).ok());
  const auto old_parts = before->buses[0].rules->parts();
  const auto parts = built.routing->buses[0].rules->parts();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].tables, old_parts[0].tables);
  EXPECT_EQ(parts[1].tables->rule_count(), 1U);
  EXPECT_EQ(built.routing->buses[1].rules, before->buses[1].rules);
  EXPECT_EQ(built.matches(0, R"({"n":"six"})"), (Names{"r6 odd"}));
  EXPECT_EQ(built.matches(0, R"({"n":8})"), (Names{"r8 even odd"}));
  EXPECT_EQ(built.matches(0, R"({"n":4})"), Names{});
  EXPECT_EQ(built.matches(1, R"({"n":7})"), (Names{"r7 odd"}));
}

TEST(RoutingBuilder, AReloadMayChangeTheLimits) {
  Built built;
  Catalog catalog = make_catalog();
  catalog.rules[0].pattern = R"({"n":{"m":[{"wildcard":"a*b*c*d"}]}})";
  catalog.rule_limits.wildcard_pieces_per_field_max = 0;
  const Status status = built.build(catalog);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message,
            "weir.yaml:1:1: rule r0: at 'n.m': too costly: the wildcards on this field have more "
            "than 0 pieces behind their first (raise limits.wildcard_pieces)");
  catalog.rule_limits.wildcard_pieces_per_field_max = 1;
  ASSERT_TRUE(built.build(catalog).ok());
  EXPECT_EQ(built.matches(0, R"({"n":{"m":"a-b-c-d"}})"), (Names{"r0 even"}));
  catalog.rule_limits.wildcard_pieces_per_field_max = 0;
  EXPECT_FALSE(built.build(catalog).ok()) << "rules that are there are held to it, too";
  EXPECT_EQ(built.matches(0, R"({"n":{"m":"a-b-c-d"}})"), (Names{"r0 even"}));
  catalog.rules[0].pattern = pattern_of(0);
  catalog.rule_limits.wildcard_steps_max = 5;
  ASSERT_TRUE(built.build(catalog).ok());
  EXPECT_EQ(built.matches(1, R"({"n":7})"), (Names{"r7 odd"}));
  EXPECT_EQ(built.routing->buses[0].rules->parts()[0].tables->wildcard_steps_max, 5U);
}

TEST(RoutingBuilder, ARefusedReloadSpoilsNothing) {
  Built built;
  const Catalog catalog = make_catalog();
  ASSERT_TRUE(built.build(catalog).ok());
  Catalog bad = catalog;
  bad.rules[0].pattern = R"({"n":["other"]})";
  bad.rules[1].pattern = "{}";
  const Status status = built.build(bad);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("weir.yaml:1:1: rule r1: "), std::string::npos);
  EXPECT_EQ(built.matches(0, R"({"n":0})"), (Names{"r0 even"}));
  ASSERT_TRUE(built.build(catalog).ok());
  EXPECT_EQ(built.matches(0, R"({"n":0})"), (Names{"r0 even"}));
  EXPECT_EQ(built.matches(0, R"({"n":"other"})"), Names{});
}

TEST(RoutingBuilder, MergingChangesNoAnswer) {
  Built built;
  Catalog catalog = make_catalog();
  ASSERT_TRUE(built.build(catalog).ok());
  EXPECT_FALSE(built.rules.merge_due());
  for (std::size_t i = 0; i < 200; i += 2) {
    catalog.rules[i].pattern = R"({"n":["new"],"m":[)" + std::to_string(i) + "]}";
  }
  ASSERT_TRUE(built.build(catalog).ok());
  ASSERT_EQ(built.routing->buses[0].rules->parts().size(), 2U);
  const std::string event = R"({"n":"new","m":[2,4,300]})";
  const Names expected = built.matches(0, event);
  EXPECT_EQ(expected.size(), 2U);
  ASSERT_TRUE(built.rules.merge_due());
  built.routing = merge_rules(*built.routing, 9, built.rules);
  EXPECT_EQ(built.routing->version, 9U);
  EXPECT_FALSE(built.rules.merge_due());
  EXPECT_EQ(built.routing->buses[0].rules->parts().size(), 1U);
  EXPECT_EQ(built.matches(0, event), expected);
  EXPECT_EQ(built.matches(0, R"({"n":300})"), (Names{"r300 even"}));
}

}  // namespace
}  // namespace weir
