#include "core/wire/render.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "core/wire/json_text.h"

namespace weir {
namespace {

using nlohmann::json;

constexpr std::string_view kFlowLine =
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 "
    "1418530070 ACCEPT OK";
constexpr SourceId kBare{0};
constexpr SourceId kWrapped{1};
constexpr SourceId kWithResources{2};

EventRenderer make_renderer() {
  const EnvelopeText wrapped{"aws.vpc", "VPC \"Flow\" Log", {}};
  const EnvelopeText resources{"my.app", "Order", {"arn:a", "arn:\"b"}};
  return {"111122223333", "eu-west-1", {{std::nullopt}, {wrapped}, {resources}}};
}

// A block with one event of one origin.
class OneEvent {
 public:
  OneEvent(SourceId source, std::string_view text, const FlowLogLayout* layout = nullptr)
      : pool_(1, 0, 8192, 2), user_(pool_), block_(user_.take()) {
    origin_.source = source;
    origin_.layout = layout;
    std::memcpy(block_->receive_area().data(), text.data(), text.size());
    const auto length = static_cast<std::uint32_t>(text.size());
    block_->set_bounds(0, length);
    block_->id_seed = 1;
    block_->id_sequence = 77;
    block_->received.wall.since_epoch = std::chrono::seconds(1795240800) + 5ms;
    block_->spans.push_back({.origin = &origin_, .begin = 0, .end = length});
    block_->events.push_back({.offset = 0, .length = length, .set = 0});
  }
  ~OneEvent() { user_.put_back(block_); }

  std::string render(const EventRenderer& renderer) const {
    const std::size_t bound = renderer.size_bound(origin_, block_->events[0].length);
    std::string out(bound + 64, '#');
    char* end = renderer.render(*block_, 0, 0, out.data());
    EXPECT_EQ(out.substr(bound), std::string(64, '#'));
    out.resize(static_cast<std::size_t>(end - out.data()));
    return out;
  }
  const Origin& origin() const { return origin_; }
  Block& block() { return *block_; }

 private:
  BlockPool pool_;
  BlockPool::User user_;
  Block* block_;
  Origin origin_;
};

TEST(EventRenderer, BareJsonCrossesAsItIs) {
  const EventRenderer renderer = make_renderer();
  const OneEvent event(kBare, R"({"a":1})");
  EXPECT_TRUE(renderer.as_is(event.origin()));
  EXPECT_EQ(event.render(renderer), R"({"a":1})");
}

TEST(EventRenderer, FlowLogLinesBecomeJson) {
  const EventRenderer renderer = make_renderer();
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  const OneEvent event(kBare, kFlowLine, &layout);
  EXPECT_FALSE(renderer.as_is(event.origin()));
  const json parsed = json::parse(event.render(renderer));
  EXPECT_EQ(parsed.size(), 14U);
  EXPECT_EQ(parsed["dstport"], 22);
}

TEST(EventRenderer, WrapsRecordsAsDetail) {
  const EventRenderer renderer = make_renderer();
  const OneEvent event(kWrapped, R"({"a": 1.50})");
  EXPECT_FALSE(renderer.as_is(event.origin()));
  const std::string text = event.render(renderer);
  EXPECT_TRUE(text.ends_with(R"("detail":{"a": 1.50}})"));  // the record's bytes as they came
  const json parsed = json::parse(text);
  EXPECT_EQ(parsed["version"], "0");
  EXPECT_EQ(parsed["detail-type"], "VPC \"Flow\" Log");
  EXPECT_EQ(parsed["source"], "aws.vpc");
  EXPECT_EQ(parsed["account"], "111122223333");
  EXPECT_EQ(parsed["region"], "eu-west-1");
  EXPECT_EQ(parsed["time"], "2026-11-21T06:00:00Z");
  EXPECT_EQ(parsed["resources"], json::array());
  EXPECT_EQ(parsed.size(), 9U);
}

TEST(EventRenderer, TakesTheIdFromTheBlockSoThatAReplayKeepsIt) {
  OneEvent event(kWrapped, R"({"a": 1})");
  const std::string first = event.render(make_renderer());
  event.block().sequence = 5;  // read back from a log, in another run
  EXPECT_EQ(event.render(make_renderer()), first);
  event.block().id_seed = 2;
  EXPECT_NE(json::parse(event.render(make_renderer()))["id"], json::parse(first)["id"]);
  event.block().id_seed = 1;
  event.block().id_sequence = 78;
  EXPECT_NE(json::parse(event.render(make_renderer()))["id"], json::parse(first)["id"]);
}

TEST(EventRenderer, NamesTheConfiguredResources) {
  const OneEvent event(kWithResources, "{}");
  EXPECT_EQ(json::parse(event.render(make_renderer()))["resources"],
            json::array({"arn:a", "arn:\"b"}));
}

TEST(EventRenderer, TakesWhatTheFlowLogLineKnows) {
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  const OneEvent event(kWrapped, kFlowLine, &layout);
  const json parsed = json::parse(event.render(make_renderer()));
  EXPECT_EQ(parsed["account"], "123456789010");
  EXPECT_EQ(parsed["region"], "eu-west-1");
  EXPECT_EQ(parsed["time"], "2014-12-14T04:07:50Z");
  EXPECT_EQ(parsed["resources"][0],
            "arn:aws:ec2:eu-west-1:123456789010:network-interface/eni-1235b8ca123456789");
  EXPECT_EQ(parsed["detail"]["srcport"], 20641);

  const FlowLogLayout regional = FlowLogLayout::from_names("account-id region end").value();
  const OneEvent china(kWrapped, "unknown cn-north-1 -", &regional);
  const json other = json::parse(china.render(make_renderer()));
  EXPECT_EQ(other["account"], "111122223333");
  EXPECT_EQ(other["region"], "cn-north-1");
  EXPECT_EQ(other["time"], "2026-11-21T06:00:00Z");
  EXPECT_EQ(other["resources"], json::array());
}

TEST(EventRenderer, HostileFieldsStayInsideTheirStringsAndTheBound) {
  const FlowLogLayout layout = FlowLogLayout::from_names("region interface-id end").value();
  for (const std::string& text : {std::string(300, '"'), std::string(500, '\x01')}) {
    const std::string line = text + " eni-" + text + " 9999999999999999999";
    const OneEvent event(kWrapped, line, &layout);
    const json parsed = json::parse(event.render(make_renderer()));
    EXPECT_EQ(parsed["region"], text);
    EXPECT_EQ(parsed["time"], "2026-11-21T06:00:00Z");
    EXPECT_EQ(parsed["detail"]["interface-id"], "eni-" + text);
  }
}

TEST(EventId, HasTheShapeOfARandomUuidAndIsNeverRepeated) {
  std::set<std::string> seen;
  for (std::uint64_t block = 0; block < 100; ++block) {
    for (std::uint32_t index = 0; index < 100; ++index) {
      const EventIdText id = event_id(5, block, index);
      const std::string text(id.begin(), id.end());
      EXPECT_EQ(text[8], '-');
      EXPECT_EQ(text[13], '-');
      EXPECT_EQ(text[18], '-');
      EXPECT_EQ(text[23], '-');
      EXPECT_EQ(text[14], '4');
      EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
      EXPECT_EQ(text.find_first_not_of("0123456789abcdef-"), std::string::npos);
      EXPECT_TRUE(seen.insert(text).second);
    }
  }
  EXPECT_EQ(event_id(5, 6, 7), event_id(5, 6, 7));
  EXPECT_NE(event_id(5, 6, 7), event_id(6, 6, 7));
}

TEST(EventTime, WritesTheCalendarAndClamps) {
  const auto text = [](std::int64_t seconds) {
    const EventTimeText time = event_time(seconds);
    return std::string(time.begin(), time.end());
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(951827696), "2000-02-29T12:34:56Z");
  EXPECT_EQ(text(253402300799), "9999-12-31T23:59:59Z");
  EXPECT_EQ(text(253402300800), "9999-12-31T23:59:59Z");
  EXPECT_EQ(text(INT64_MAX), "9999-12-31T23:59:59Z");
  EXPECT_EQ(text(-1), "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace weir
