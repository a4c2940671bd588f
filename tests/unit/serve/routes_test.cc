// What routes answer, without a server: exchanges are made by hand.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/serve/bulk_route.h"
#include "core/serve/http_routes.h"
#include "core/serve/operations_route.h"
#include "tests/unit/serve/fake_exchange.h"

namespace weir {
namespace {

const std::vector<HttpHeader> kNdjson = {{.name = "content-type", .value = "application/x-ndjson"}};

// Lines that begin with '!' are refused; every block is safe as soon as it is seen.
class RoutesTest : public testing::Test {
 protected:
  RoutesTest()
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
    const auto find_bus = [](std::string_view name) {
      if (name == "default") return BusId(0);
      return name == "team/a" ? BusId(1) : BusId();
    };
    bulk_ = std::make_unique<BulkRoute>(*desk_, access_, find_bus);
    operations_ = std::make_unique<OperationsRoute>(*desk_, access_,
                                                    std::vector<std::string>{"default", "team/a"});
    routes_.add(std::string(BulkRoute::kPrefix), *bulk_);
    routes_.add("/health/", *operations_);
    routes_.add("/metrics", *operations_);
  }

  HttpAnswer ask(FakeExchange& exchange) {
    routes_.head(exchange, now_);
    if (!exchange.answered()) routes_.handle(exchange, now_);
    for (int i = 0; i < 100 && !exchange.answered(); ++i) {
      desk_->poll(now_);
      std::array<Block*, 1> block{};
      while (consumer_.pop(block) == 1) finish(block[0]);
    }
    return exchange.given;
  }
  HttpAnswer post(const std::string& target, std::vector<HttpHeader> headers, std::string body,
                  SourceId source = SourceId(0)) {
    FakeExchange exchange("POST", target, std::move(headers), std::move(body), source);
    return ask(exchange);
  }
  HttpAnswer get(const std::string& target) {
    FakeExchange exchange("GET", target, {}, "");
    return ask(exchange);
  }
  void finish(Block* block) {
    for (const ProducerSpan& span : block->spans) {
      std::string_view text = block->text().substr(span.begin, span.end - span.begin);
      std::uint32_t lines = 0;
      for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
        ++lines;
        if (text[0] != '!') continue;
        desk_->refused(*span.origin, span.origin->lines + lines, RefuseReason::malformed, 6);
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
  TokenAccess access_{{{}, {Secret("right-token-1"), Secret("right-token-2")}}};
  std::unique_ptr<BulkRoute> bulk_;
  std::unique_ptr<OperationsRoute> operations_;
  HttpRoutes routes_{{true, false}};
};

TEST_F(RoutesTest, TakesEvents) {
  const HttpAnswer answer = post("/v1/buses/default/events", kNdjson, "{}\n\n \t\r\n{}");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"accepted\":2,\"rejected\":[]}\n");
}

TEST_F(RoutesTest, NamesTheLinesThatAreNone) {
  const HttpAnswer some = post("/v1/buses/team%2Fa/events", kNdjson, "{}\n!\n\n!\n{}\n");
  EXPECT_EQ(some.status, 207);
  EXPECT_EQ(some.body,
            "{\"accepted\":2,\"rejected\":[{\"line\":2,\"error\":\"malformed at byte 7\"},"
            "{\"line\":4,\"error\":\"malformed at byte 7\"}]}\n");
  EXPECT_EQ(post("/v1/buses/default/events", kNdjson, "!").status, 400);
  EXPECT_EQ(post("/v1/buses/default/events", kNdjson, "").status, 400);
}

TEST_F(RoutesTest, TheReportIsBounded) {
  std::string lines;
  for (int i = 0; i < 50000; ++i) lines += "!\n";
  const HttpAnswer answer = post("/v1/buses/default/events", kNdjson, lines + "{}\n");
  EXPECT_EQ(answer.status, 207);
  EXPECT_LT(answer.body.size(), 10000U);
  EXPECT_NE(answer.body.find("\"rejected_more\":49900}"), std::string::npos);
}

TEST_F(RoutesTest, RefusesWhatIsNotForIt) {
  EXPECT_EQ(get("/v1/buses/default/events").status, 405);
  EXPECT_EQ(get("/v1/buses/default/events").headers, "Allow: POST\r\n");
  EXPECT_EQ(post("/v1/buses/other/events", kNdjson, "{}").status, 404);
  EXPECT_EQ(post("/v1/buses/team%2fa%/events", kNdjson, "{}").status, 404);
  for (const std::string path : {"/v1/buses/", "/v1/buses/events", "/v1/buses//events", "/v1", "/",
                                 "/..", "/v1/buses/default/events/", "/debug"}) {
    EXPECT_EQ(post(path, kNdjson, "{}").status, 404) << path;
  }
  for (const std::string type : {"", "text/plain", "application/json", "multipart/form-data"}) {
    EXPECT_EQ(post("/v1/buses/default/events", {{"content-type", type}}, "{}").status, 415);
  }
  EXPECT_EQ(post("/v1/buses/default/events",
                 {{"Content-Type", "Application/X-NDJSON ; charset=utf-8"}}, "{}")
                .status,
            200);
}

TEST_F(RoutesTest, SaysLaterWhileTheBusTakesNothing) {
  gate_.set(BusGate::State::disk_full);
  const HttpAnswer answer = post("/v1/buses/team%2Fa/events", kNdjson, "{}");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers, "Retry-After: 1\r\n");
  EXPECT_NE(answer.body.find("the disk is full"), std::string::npos);
  EXPECT_EQ(get("/health/ready").status, 503);
  EXPECT_EQ(get("/health/live").status, 200);
  gate_.set(BusGate::State::slowed);
  EXPECT_EQ(post("/v1/buses/team%2Fa/events", kNdjson, "{}").status, 200);
  EXPECT_EQ(get("/health/ready").status, 200);
}

TEST_F(RoutesTest, AsksForATokenWhereThereAreSome) {
  const auto with = [&](std::vector<HttpHeader> headers) {
    headers.push_back(kNdjson[0]);
    return post("/v1/buses/default/events", std::move(headers), "{}", SourceId(1));
  };
  EXPECT_EQ(with({}).status, 401);
  EXPECT_EQ(with({}).headers, "WWW-Authenticate: Bearer\r\n");
  for (const std::string value :
       {"Bearer wrong", "Bearer ", "Bearer", "Basic right-token-1", "right-token-1",
        "Bearer right-token-1x", "Bearer  right-token-1", "Bearer right-token-"}) {
    EXPECT_EQ(with({{"authorization", value}}).status, 401) << value;
  }
  EXPECT_EQ(
      with({{"authorization", "Bearer right-token-1"}, {"authorization", "Bearer right-token-1"}})
          .status,
      401);
  EXPECT_EQ(with({{"authorization", "Bearer right-token-1"}}).status, 200);
  EXPECT_EQ(with({{"Authorization", "bearer right-token-2"}}).status, 200);
}

TEST_F(RoutesTest, ALocalListenerAnswersToLocalNames) {
  const auto status = [&](const std::string& host, SourceId source) {
    FakeExchange exchange("GET", "/health/live", {{"Host", host}}, "", source);
    return ask(exchange).status;
  };
  for (const std::string host : {"localhost", "LocalHost:8080", "127.0.0.1:80", "[::1]:80"}) {
    EXPECT_EQ(status(host, SourceId(0)), 200) << host;
  }
  for (const std::string host : {"evil.example", "localhost.evil.example:8080", "a127.0.0.1"}) {
    EXPECT_EQ(status(host, SourceId(0)), 421) << host;
    EXPECT_EQ(status(host, SourceId(1)), 200) << host;
  }
}

TEST_F(RoutesTest, MetricsComeFromThePageThatWasAskedFor) {
  operations_->publish(0, "old\n");
  FakeExchange exchange("GET", "/metrics", {}, "");
  ask(exchange);
  OneExchange exchanges(exchange);
  EXPECT_EQ(operations_->asked(), 1U);
  routes_.poll(exchanges, now_);
  EXPECT_FALSE(exchange.answered());
  operations_->publish(1, "new\n");
  EXPECT_EQ(routes_.poll(exchanges, now_), 1U);
  EXPECT_EQ(exchange.given.body, "new\n");
  EXPECT_EQ(exchange.given.status, 200);
}

TEST_F(RoutesTest, OperationsTakeNoBodies) {
  FakeExchange exchange("GET", "/health/live", {}, "");
  ask(exchange);
  EXPECT_EQ(exchange.body_max, 0U);
  EXPECT_EQ(post("/health/live", {}, "").status, 405);
}

}  // namespace
}  // namespace weir
