#include "core/wire/match_binding.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "tests/unit/wire/sample_data.h"

namespace weir {
namespace {

using testing::PaddedLine;

constexpr SourceId kBare{0};
constexpr SourceId kWrapped{1};
constexpr SourceId kWithResources{2};
constexpr WallTime kReceived{std::chrono::seconds(1795240800)};

EventRenderer make_renderer() {
  const EnvelopeText wrapped{"aws.vpc", "VPC Flow Log Record", {}};
  const EnvelopeText resources{"aws.vpc", "VPC Flow Log Record", {"arn:one", "arn:two"}};
  return {"111122223333", "eu-west-1", {{std::nullopt}, {wrapped}, {resources}}};
}

std::shared_ptr<const RuleSet> compile(const std::vector<std::string>& patterns) {
  std::vector<RuleText> rules;
  for (const std::string& pattern : patterns) rules.push_back({"rule", pattern});
  const auto compiled = compile_rules(rules);
  EXPECT_TRUE(compiled.ok()) << (compiled.ok() ? "" : compiled.error().message);
  return compiled.value();
}

std::vector<std::string> flow_patterns() {
  return {R"({"action":["REJECT"]})",
          R"({"dstport":[22,3389]})",
          R"({"dstport":[{"numeric":[">",100,"<=",443]}]})",
          R"({"bytes":[{"numeric":[">",1000]}]})",
          R"({"srcaddr":[{"cidr":"10.0.0.0/8"}]})",
          R"({"dstaddr":[{"anything-but":{"prefix":"10."}}]})",
          R"({"action":[{"exists":false}]})",
          R"({"srcport":[{"exists":true}]})",
          R"({"log-status":["NODATA","SKIPDATA"]})",
          R"({"interface-id":[{"wildcard":"eni-*7*"}]})",
          R"({"account-id":["123456789010"],"protocol":[6,17]})",
          R"({"nonsense":[{"exists":true}]})",
          R"({"nonsense":[{"exists":false}]})"};
}

std::vector<std::string> envelope_patterns() {
  std::vector<std::string> patterns;
  for (const std::string& pattern : flow_patterns()) {
    patterns.push_back(R"({"detail":)" + pattern + "}");
    patterns.push_back(R"({"source":["aws.vpc"],"detail":)" + pattern + "}");
  }
  for (const char* pattern :
       {R"({"source":["aws.vpc"]})", R"({"source":["aws.s3"]})", R"({"version":["0"]})",
        R"({"detail-type":[{"prefix":"VPC"}]})", R"({"account":["111122223333"]})",
        R"({"account":["123456789010"]})", R"({"region":["eu-west-1"]})",
        R"({"region":[{"anything-but":"eu-west-1"}]})", R"({"time":[{"prefix":"2026-11-21T06"}]})",
        R"({"time":[{"prefix":"2014"}]})", R"({"id":[{"exists":true}]})",
        R"({"resources":[{"suffix":"eni-1235b8ca123456789"}]})", R"({"resources":["arn:two"]})",
        R"({"resources":[{"exists":false}]})", R"({"resources":[{"exists":true}]})"}) {
    patterns.emplace_back(pattern);
  }
  return patterns;
}

// The event as EventRenderer writes it for a target.
std::string rendered(const EventRenderer& renderer, SourceId source, std::string_view text,
                     const FlowLogLayout* layout) {
  BlockPool pool(1, 0, 8192, 2);
  BlockPool::User user(pool);
  Block* block = user.take();
  Origin origin;
  origin.source = source;
  origin.layout = layout;
  std::memcpy(block->receive_area().data(), text.data(), text.size());
  const auto length = static_cast<std::uint32_t>(text.size());
  block->set_bounds(0, length);
  block->received.wall = kReceived;
  block->spans.push_back({.origin = &origin, .begin = 0, .end = length});
  block->events.push_back({.offset = 0, .length = length, .set = 0});
  std::string out(renderer.size_bound(origin, length), ' ');
  char* end = renderer.render(*block, 0, 0, out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  block->spans.clear();
  user.put_back(block);
  return out;
}

// A line is matched from its fields exactly as the JSON made of it would be.
void expect_same_verdicts(const RuleSet& rules, SourceId source, const FlowLogLayout& layout,
                          const std::vector<std::string>& lines) {
  const EventRenderer renderer = make_renderer();
  FlowLogBinding binding(rules, renderer, source, layout);
  Matcher matcher;
  FlowLogValues values;
  for (const std::string& line : lines) {
    const PaddedLine padded(line);
    ASSERT_EQ(layout.split(padded.view(), values), RefuseReason::none) << line;
    std::vector<RuleIndex> from_line;
    matcher.match_flat(rules, binding.fill(values, kReceived), from_line);
    std::vector<RuleIndex> from_json;
    const std::string json = rendered(renderer, source, line, &layout);
    ASSERT_EQ(matcher.match_event(rules, json, from_json), EventError::none) << json;
    EXPECT_EQ(from_line, from_json) << json;
  }
}

std::vector<std::string> some_lines() {
  std::vector<std::string> lines = {
      "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 "
      "1418530010 1418530070 ACCEPT OK",
      "2 unknown eni-7 10.1.2.3 2001:db8::1 0 0 1 4 336 1432917027 1432917142 REJECT OK",
      "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA",
      "- - - - - - - - - - - - - -",
      "2 a\"b\\c - x\"y 10.0.0.1 1 443 6 1 1001 1 - REJECT SKIPDATA"};
  Random random(9);
  for (int i = 0; i < 200; ++i) {
    lines.push_back("2 123456789010 eni-" + std::to_string(random.below(1000)) + " 10.0.0." +
                    std::to_string(random.below(256)) + " 11.0.0.1 5 " +
                    std::to_string(random.below(4000)) + " 6 1 " +
                    std::to_string(random.below(3000)) + " 1 2 " +
                    (i % 2 == 0 ? "ACCEPT" : "REJECT") + " OK");
  }
  return lines;
}

TEST(FlowLogBinding, ALineIsMatchedLikeTheJsonMadeOfIt) {
  const auto rules = compile(flow_patterns());
  expect_same_verdicts(*rules, kBare, FlowLogLayout::default_v2(), some_lines());
}

TEST(FlowLogBinding, AnEnvelopedLineIsMatchedLikeTheEventMadeOfIt) {
  const auto rules = compile(envelope_patterns());
  expect_same_verdicts(*rules, kWrapped, FlowLogLayout::default_v2(), some_lines());
  expect_same_verdicts(*rules, kWithResources, FlowLogLayout::default_v2(), some_lines());
}

TEST(FlowLogBinding, OtherLayoutsOfferTheirOwnFields) {
  const auto rules = compile(envelope_patterns());
  const FlowLogLayout layout =
      FlowLogLayout::from_names("region interface-id bytes unheard-of account-id").value();
  expect_same_verdicts(*rules, kWrapped, layout,
                       {"us-east-1 eni-1235b8ca123456789 2000 x 123456789010", "- - - - -",
                        "eu-west-1 nat-1 5 - 12345"});
}

TEST(FlowLogBinding, OffersOnlyWhatRulesRead) {
  const auto rules = compile({R"({"action":["REJECT"]})", R"({"dstport":[22]})"});
  const EventRenderer renderer = make_renderer();
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  FlowLogBinding binding(*rules, renderer, kBare, layout);
  const PaddedLine line(some_lines()[0]);
  FlowLogValues values;
  ASSERT_EQ(layout.split(line.view(), values), RefuseReason::none);
  const auto offered = binding.fill(values, kReceived);
  ASSERT_EQ(offered.size(), 2U);
  EXPECT_EQ(offered[0].raw, "22");
  EXPECT_EQ(offered[0].kind, FlatValue::number);
  EXPECT_EQ(offered[1].raw, "ACCEPT");
  EXPECT_EQ(offered[1].kind, FlatValue::string);
}

TEST(EnvelopeBinding, ARecordIsMatchedLikeTheEventMadeOfIt) {
  const auto rules = compile(envelope_patterns());
  const EventRenderer renderer = make_renderer();
  for (const SourceId source : {kWrapped, kWithResources}) {
    EnvelopeBinding binding(*rules, renderer, source);
    Matcher matcher;
    for (const std::string_view record :
         {R"({"action":"REJECT","dstport":22})", R"({"bytes":1001})", "{}",
          R"({"source":"aws.s3","action":"ACCEPT","region":"x"})"}) {
      std::string text(record);
      text += "\n" + std::string(Matcher::kMatchPadding, '\n');
      const EnvelopeValues values = binding.values(kReceived);
      LineResults results;
      matcher.match_lines(*rules, {text.data(), record.size() + 1}, results, &values);
      ASSERT_EQ(results.lines.size(), 1U);
      ASSERT_EQ(results.lines[0].error, EventError::none);
      const auto matches = results.matches_of(results.lines[0]);
      std::vector<RuleIndex> from_json;
      const std::string json = rendered(renderer, source, record, nullptr);
      ASSERT_EQ(matcher.match_event(*rules, json, from_json), EventError::none);
      EXPECT_EQ(std::vector<RuleIndex>(matches.begin(), matches.end()), from_json) << json;
    }
  }
}

}  // namespace
}  // namespace weir
