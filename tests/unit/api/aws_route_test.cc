// EventBridge's protocol without a server: requests are made by hand, a desk without a router
// behind it takes what is sent.
#include "core/api/aws_route.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/unit/serve/fake_exchange.h"

namespace weir {
namespace {

Catalog make_catalog() {
  Catalog catalog;
  catalog.buses = {{"default"}, {"shop"}};
  TargetSpec out;
  out.name = "out";
  TargetSpec onward;
  onward.name = "onward";
  onward.kind = TargetKind::bus;
  onward.to_bus = BusId(1);
  catalog.targets = {out, onward};
  for (int i = 0; i < 5; ++i) {
    RuleSpec rule;
    rule.name = "r" + std::to_string(i);
    rule.bus = BusId(i < 3 ? 0 : 1);
    rule.pattern = R"({"source":["s"]})";
    rule.targets = {TargetId(0)};
    if (i == 1) rule.targets.push_back(TargetId(1));
    catalog.rules.push_back(rule);
  }
  return catalog;
}

class AwsRouteTest : public testing::Test {
 protected:
  AwsRouteTest()
      : blocks_(8, kBlockHeadroom, kBlockCapacity, 4),
        large_(2, 64, kMiB + 2, 4),
        sealed_(16, 2),
        consumer_(sealed_) {
    context_.sources = {{.format = SourceFormat::ndjson}, {.format = SourceFormat::ndjson}};
    desk_ = std::make_unique<EventDesk>(
        BlockFiller::Shared{
            .blocks = blocks_, .large_blocks = large_, .sequence = sequence_, .sealed = sealed_},
        context_);
    desk_->watch_gates({nullptr, &gate_});
    route_ = std::make_unique<AwsRoute>(
        AwsRoute::Shared{.desk = *desk_, .access = access_, .model = model_, .changes = changes_},
        AwsRoute::Options{.strict_sources = {true, false}}, 7);
  }

  HttpAnswer call(const std::string& operation, std::string body, SourceId source = SourceId(0)) {
    FakeExchange exchange("POST", "/", {{.name = "X-Amz-Target", .value = operation}},
                          std::move(body), source);
    route_->head(exchange, now_);
    if (!exchange.answered()) route_->handle(exchange, now_);
    for (int i = 0; i < 100 && !exchange.answered(); ++i) {
      desk_->poll(now_);
      std::array<Block*, 1> block{};
      while (consumer_.pop(block) == 1) finish(block[0]);
    }
    EXPECT_TRUE(exchange.answered());
    if (exchange.given.status != 405) {
      EXPECT_EQ(exchange.given.content_type, kAwsJson);
      EXPECT_NE(exchange.given.headers.find("x-amzn-RequestId: "), std::string::npos);
    }
    return exchange.given;
  }
  std::string ask(const std::string& operation, const std::string& body = "{}") {
    const HttpAnswer answer = call("AWSEvents." + operation, body);
    EXPECT_EQ(answer.status, answer.body.find("\"__type\"") == std::string::npos ? 200 : 400);
    return answer.body;
  }
  // Lines that hold "refuse" are refused.
  void finish(Block* block) {
    for (const ProducerSpan& span : block->spans) {
      std::string_view text = block->text().substr(span.begin, span.end - span.begin);
      std::uint32_t lines = 0;
      while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() + 1);
        ++lines;
        taken_.emplace_back(line);
        if (line.find("refuse") == line.npos) continue;
        desk_->refused(*span.origin, span.origin->lines + lines, RefuseReason::too_complex, 6);
      }
      span.origin->lines += lines;
      desk_->done(*span.origin, lines);
    }
    block->refs.reset(1);
    block->release();
  }

  Now now_{.monotonic = {Nanoseconds{1h}}, .wall = {}};
  BlockPool blocks_;
  BlockPool large_;
  SharedCounter sequence_;
  Channel<Block*> sealed_;
  Channel<Block*>::Consumer consumer_;
  IntakeContext context_;
  BusGate gate_;
  std::unique_ptr<EventDesk> desk_;
  TokenAccess access_{{{}, {Secret("right-token-1")}}};
  Snapshot<ApiModel> model_{
      std::make_shared<const ApiModel>(make_catalog(), ApiObjects{}, WallTime{5s})};
  int woken_ = 0;
  ChangeDesk changes_{[this] { ++woken_; }};
  std::unique_ptr<AwsRoute> route_;
  std::vector<std::string> taken_;
};

std::string entry(const std::string& detail, const std::string& bus = "default") {
  return R"({"Source":"s","DetailType":"d","EventBusName":")" + bus + R"(","Detail":"{\"k\":\")" +
         detail + R"(\"}"})";
}

TEST_F(AwsRouteTest, PutEventsAnswersEachEntryOnceItIsSafe) {
  const std::string answer =
      ask("PutEvents", "{\"Entries\":[" + entry("a") + "," + entry("refuse", "shop") + "," +
                           entry("b", "shop") + ",{}," + entry("c") + "]}");
  ASSERT_EQ(taken_.size(), 4U);
  std::string expected = R"({"FailedEntryCount":2,"Entries":[)";
  const auto id_of = [&](const std::string& detail) {
    for (const std::string& line : taken_) {
      if (line.ends_with("\"detail\":{\"k\":\"" + detail + "\"}}")) return line.substr(21, 36);
    }
    return std::string("none");
  };
  EXPECT_EQ(answer,
            R"({"FailedEntryCount":2,"Entries":[{"EventId":")" + id_of("a") +
                R"("},{"ErrorCode":"MalformedDetail","ErrorMessage":"The event is not taken: )"
                R"(too_complex at byte 7"},{"EventId":")" +
                id_of("b") +
                R"("},{"ErrorCode":"InvalidArgument","ErrorMessage":"Parameter Source is not )"
                R"(valid. Reason: Source is a required argument."},{"EventId":")" +
                id_of("c") + "\"}]}");
  EXPECT_EQ(route_->counters().entries.read(), 5U);
  EXPECT_EQ(route_->counters().entries_failed.read(), 2U);
}

TEST_F(AwsRouteTest, NoTwoEventsShareAnId) {
  for (int i = 0; i < 50; ++i) {
    ask("PutEvents", "{\"Entries\":[" + entry("a") + "," + entry("b") + "]}");
  }
  std::set<std::string> ids;
  for (const std::string& line : taken_) ids.insert(line.substr(21, 36));
  EXPECT_EQ(ids.size(), 100U);
}

TEST_F(AwsRouteTest, ABusThatTakesNothingSaysSo) {
  gate_.set(BusGate::State::disk_full);
  const HttpAnswer all = call("AWSEvents.PutEvents", "{\"Entries\":[" + entry("a", "shop") + "]}");
  EXPECT_EQ(all.status, 503);
  EXPECT_NE(all.headers.find("Retry-After: 1\r\n"), std::string::npos);
  const std::string some =
      ask("PutEvents", "{\"Entries\":[" + entry("a", "shop") + "," + entry("b") + "]}");
  EXPECT_TRUE(some.starts_with(
      R"({"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":")"))
      << some;
  EXPECT_EQ(taken_.size(), 1U);
}

TEST_F(AwsRouteTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ask("Nothing"), R"({"__type":"UnknownOperationException","message":""})");
  EXPECT_EQ(call("Kinesis.PutRecords", "{}").status, 400);
  EXPECT_TRUE(
      ask("CreateArchive")
          .starts_with(
              R"({"__type":"NotImplementedException","message":"weir has no CreateArchive: )"));
  EXPECT_TRUE(ask("ListRules", "[").starts_with(R"({"__type":"SerializationException")"));
  const HttpAnswer stranger = call("AWSEvents.ListRules", "{}", SourceId(1));
  EXPECT_EQ(stranger.status, 400);
  EXPECT_TRUE(stranger.body.starts_with(R"({"__type":"AccessDeniedException")"));
  EXPECT_TRUE(call("AWSEvents.PutEvents", "{\"Entries\":[" + entry("a") + "]}", SourceId(1))
                  .body.starts_with(R"({"__type":"AccessDeniedException")"));
  EXPECT_TRUE(taken_.empty());
  FakeExchange get("GET", "/", {}, "");
  route_->head(get, now_);
  EXPECT_EQ(get.given.status, 405);
}

TEST_F(AwsRouteTest, ChangesAreMadeElsewhereAndAnsweredInTheirTime) {
  FakeExchange exchange("POST", "/", {{.name = "X-Amz-Target", .value = "AWSEvents.PutRule"}},
                        R"({"Name":"r"})");
  route_->handle(exchange, now_);
  EXPECT_FALSE(exchange.answered());
  EXPECT_EQ(woken_, 1);
  const auto requests = changes_.take_requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].operation, "PutRule");
  EXPECT_EQ(requests[0].body, R"({"Name":"r"})");
  OneExchange exchanges(exchange);
  EXPECT_EQ(route_->poll(exchanges, now_), 0U);
  changes_.answer({.exchange = 99, .answer = aws_answer("gone")});
  changes_.answer({.exchange = requests[0].exchange, .answer = aws_answer("{}")});
  EXPECT_EQ(route_->poll(exchanges, now_), 2U);
  EXPECT_EQ(exchange.given.body, "{}");
  EXPECT_EQ(route_->poll(exchanges, now_), 0U);
  // A crowd is turned away, not kept.
  for (std::size_t i = 0; i < ChangeDesk::kWaitingMax; ++i) {
    FakeExchange waiting("POST", "/", {{.name = "X-Amz-Target", .value = "AWSEvents.PutRule"}}, "");
    route_->handle(waiting, now_);
    EXPECT_FALSE(waiting.answered());
  }
  EXPECT_TRUE(
      call("AWSEvents.PutRule", "{}").body.starts_with(R"({"__type":"ThrottlingException")"));
}

TEST_F(AwsRouteTest, TestsPatterns) {
  const std::string event =
      R"({\"id\":\"1\",\"account\":\"2\",\"source\":\"s\",\"time\":\"t\",\"region\":\"r\",)"
      R"(\"resources\":[],\"detail-type\":\"d\"})";
  const auto test = [&](const std::string& pattern, const std::string& on) {
    return ask("TestEventPattern",
               R"({"EventPattern":")" + pattern + R"(","Event":")" + on + "\"}");
  };
  EXPECT_EQ(test(R"({\"source\":[\"s\"]})", event), R"({"Result":true})");
  EXPECT_EQ(test(R"({\"source\":[\"x\"]})", event), R"({"Result":false})");
  const std::string bad =
      R"({"__type":"ValidationException","message":"Parameter Event is not valid."})";
  EXPECT_EQ(test(R"({\"source\":[\"x\"]})", "text"), bad);
  EXPECT_EQ(test(R"({\"source\":[\"x\"]})", "{}"), bad);
  EXPECT_TRUE(
      test(R"({\"source\":[]})", event)
          .starts_with(R"({"__type":"InvalidEventPatternException","message":"Event pattern )"
                       R"(is not valid. Reason: )"));
  EXPECT_TRUE(ask("TestEventPattern")
                  .starts_with(R"({"__type":"ValidationException","message":"2 )"
                               R"(validation errors detected: )"));
}

TEST_F(AwsRouteTest, ShowsWhatTheConfigurationDeclares) {
  const std::string prefix = "arn:aws:events:us-east-1:000000000000:";
  EXPECT_EQ(
      ask("ListEventBuses"),
      R"({"EventBuses":[{"Name":"default","Arn":")" + prefix +
          R"(event-bus/default","CreationTime":5,"LastModifiedTime":5},{"Name":"shop","Arn":")" +
          prefix + R"(event-bus/shop","CreationTime":5,"LastModifiedTime":5}]})");
  EXPECT_EQ(ask("ListEventBuses", R"({"NamePrefix":"s"})").find("default"), std::string::npos);
  EXPECT_EQ(ask("DescribeEventBus"),
            R"({"Name":"default","Arn":")" + prefix +
                R"(event-bus/default","CreationTime":5,"LastModifiedTime":5})");
  EXPECT_EQ(ask("DescribeEventBus", R"({"Name":"x"})"),
            R"({"__type":"ResourceNotFoundException","message":"Event bus x does not exist."})");
  EXPECT_EQ(ask("DescribeRule", R"({"Name":"r3","EventBusName":"shop"})"),
            R"({"Name":"r3","Arn":")" + prefix +
                R"(rule/shop/r3","EventPattern":"{\"source\":[\"s\"]}","State":"ENABLED",)"
                R"("ManagedBy":"configuration","EventBusName":"shop","CreatedBy":"000000000000"})");
  EXPECT_EQ(
      ask("DescribeRule", R"({"Name":"r3"})"),
      R"({"__type":"ResourceNotFoundException","message":"Rule r3 does not exist on EventBus )"
      R"(default."})");
  EXPECT_EQ(ask("ListTargetsByRule", R"({"Rule":"r1"})"),
            R"({"Targets":[{"Id":"onward","Arn":")" + prefix +
                R"(event-bus/shop"},{"Id":"out","Arn":"arn:aws:weir:::target/out"}]})");
  EXPECT_EQ(ask("ListRuleNamesByTarget", R"({"TargetArn":"arn:aws:weir:::target/out"})"),
            R"({"RuleNames":["r0","r1","r2"]})");
  EXPECT_EQ(ask("ListTagsForResource", R"({"ResourceARN":")" + prefix + R"(rule/shop/r4"})"),
            R"({"Tags":[]})");
  EXPECT_EQ(ask("ListTagsForResource", R"({"ResourceARN":")" + prefix + R"(event-bus/z"})"),
            R"({"__type":"ResourceNotFoundException","message":"Event bus z does not exist."})");
}

TEST_F(AwsRouteTest, PagesGoOnWhereTheLastOneEnded) {
  const std::string first = ask("ListRules", R"({"Limit":2})");
  const std::size_t at = first.find(R"("NextToken":")");
  ASSERT_NE(at, std::string::npos);
  const std::string token = first.substr(at + 13, first.find('"', at + 13) - at - 13);
  const std::string second = ask("ListRules", R"({"Limit":2,"NextToken":")" + token + "\"}");
  EXPECT_NE(first.find("\"r0\""), std::string::npos);
  EXPECT_EQ(second.find("\"r1\""), std::string::npos);
  EXPECT_NE(second.find("\"r2\""), std::string::npos);
  EXPECT_EQ(second.find("NextToken"), std::string::npos);
  EXPECT_EQ(
      ask("ListRules", R"({"Limit":0})"),
      R"({"__type":"ValidationException","message":"1 validation error detected: Value '0' at )"
      R"('limit' failed to satisfy constraint: Member must have value greater than or equal to )"
      R"(1"})");
  for (const char* token_text : {"x", "n0", "nzz"}) {
    EXPECT_TRUE(ask("ListRules", std::string(R"({"NextToken":")") + token_text + "\"}")
                    .starts_with(R"({"__type":"ValidationException")"));
  }
}

}  // namespace
}  // namespace weir
