#include "tools/gen/generator.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/wire/flow_log.h"

namespace weir {
namespace {

using nlohmann::json;

std::string generate(std::string_view kind, std::uint64_t seed, std::size_t count,
                     const std::string& fields = "") {
  const auto generator = make_generator(kind, {.seed = seed, .fields = fields});
  EXPECT_TRUE(generator.ok());
  std::string text;
  for (std::size_t i = 0; i < count; ++i) (*generator)->append_next(text);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = text.find('\n', from);
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

TEST(Generator, TheSameSeedGivesTheSameBytes) {
  for (const std::string_view kind : generator_kinds()) {
    const std::string text = generate(kind, 7, 2000);
    EXPECT_EQ(text, generate(kind, 7, 2000)) << kind;
    EXPECT_NE(text, generate(kind, 8, 2000)) << kind;
    EXPECT_EQ(lines_of(text).size(), 2000U) << kind;
    EXPECT_EQ(text.back(), '\n');
  }
}

// Counts that people keep rest on these bytes. Whoever changes a generator changes the numbers
// here, and says so.
TEST(Generator, TheBytesAreTheSameOnEveryMachine) {
  EXPECT_EQ(fingerprint(generate("flow-logs", 1, 5000)), 608848782686901428U);
  EXPECT_EQ(fingerprint(generate("flow-logs-json", 1, 5000)), 6708902491059031431U);
  EXPECT_EQ(fingerprint(generate("cloudtrail", 1, 5000)), 11777134614588065521U);
  EXPECT_EQ(fingerprint(generate("orders", 1, 5000)), 7389469155600828830U);
}

TEST(Generator, FlowLogLinesFitTheirLayout) {
  const std::string fields =
      "version srcaddr region tcp-flags vpc-id traffic-path ecs-task-id tgw-id packets start end "
      "flow-direction az-id log-status encryption-status";
  for (const std::string& names : {std::string(), fields}) {
    const FlowLogLayout layout =
        names.empty() ? FlowLogLayout::default_v2() : FlowLogLayout::from_names(names).value();
    FlowLogValues values;
    for (std::string& line : lines_of(generate("flow-logs", 3, 20000, names))) {
      const std::size_t length = line.size();
      line.append(kWirePadding, '\n');
      ASSERT_EQ(layout.split({line.data(), length}, values), RefuseReason::none) << line;
      ASSERT_FALSE(FlowLogLayout::is_header({line.data(), length}));
    }
  }
}

TEST(Generator, FlowLogsHaveTheSharesOfRealOnes) {
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  constexpr std::size_t kLines = 100000;
  FlowLogValues values;
  std::map<std::string, int, std::less<>> status;
  std::map<std::string, int, std::less<>> ports;
  int rejected = 0;
  int ipv6 = 0;
  std::size_t bytes = 0;
  for (std::string& line : lines_of(generate("flow-logs", 5, kLines))) {
    const std::size_t length = line.size();
    bytes += length + 1;
    line.append(kWirePadding, '\n');
    ASSERT_EQ(layout.split({line.data(), length}, values), RefuseReason::none);
    ++status[std::string(values[13])];
    ++ports[std::string(values[6])];
    rejected += values[12] == "REJECT" ? 1 : 0;
    ipv6 += values[3].find(':') != std::string_view::npos ? 1 : 0;
    ASSERT_LE(values[10], values[11]);  // start, end
  }
  EXPECT_NEAR(status["NODATA"], 1600, 200);
  EXPECT_NEAR(status["SKIPDATA"], 400, 100);
  EXPECT_NEAR(rejected, 20000, 1500);
  EXPECT_NEAR(ipv6, 11500, 1500);
  EXPECT_GT(ports["443"], 15000);
  EXPECT_GT(ports["22"], 5000);
  EXPECT_NEAR(static_cast<double>(bytes) / kLines, 121, 5);
}

TEST(Generator, FlowLogsJsonIsFlatWithNumbersAndWithoutGaps) {
  std::size_t bytes = 0;
  constexpr std::size_t kLines = 20000;
  int big = 0;
  for (const std::string& line : lines_of(generate("flow-logs-json", 5, kLines))) {
    const json record = json::parse(line);
    ASSERT_EQ(record.size(), 16U);
    ASSERT_TRUE(record["bytes"].is_number_unsigned());
    ASSERT_TRUE(record["account-id"].is_string());
    ASSERT_EQ(record["log-status"], "OK");
    big += record["bytes"] > 1'000'000 ? 1 : 0;
    bytes += line.size() + 1;
  }
  EXPECT_NEAR(static_cast<double>(bytes) / kLines, 337, 7);
  EXPECT_NEAR(static_cast<double>(big) / kLines, 0.035, 0.01);
  const json chosen =
      json::parse(generate("flow-logs-json", 5, 1, "srcaddr,dstport,ecs-cluster-name"));
  EXPECT_EQ(chosen.size(), 2U);  // what is absent is left out
}

TEST(Generator, CloudTrailEventsLookLikeThoseOfEventBridge) {
  constexpr std::size_t kLines = 20000;
  std::size_t bytes = 0;
  int denied = 0;
  int deletes = 0;
  std::set<std::string> ids;
  for (const std::string& line : lines_of(generate("cloudtrail", 5, kLines))) {
    const json event = json::parse(line);
    ASSERT_EQ(event.size(), 9U);
    const json& detail = event["detail"];
    const std::string host = detail["eventSource"];
    ASSERT_EQ(event["source"], "aws." + host.substr(0, host.find('.')));
    ASSERT_EQ(event["account"], detail["recipientAccountId"]);
    ASSERT_EQ(event["time"], detail["eventTime"]);
    ASSERT_TRUE(detail["userIdentity"].contains("type"));
    ASSERT_TRUE(detail["readOnly"].is_boolean());
    ids.insert(event["id"].get<std::string>());
    denied += detail.contains("errorCode") && detail["errorCode"] == "AccessDenied" ? 1 : 0;
    deletes += detail["eventName"].get<std::string>().starts_with("Delete") ? 1 : 0;
    bytes += line.size() + 1;
  }
  EXPECT_EQ(ids.size(), kLines);
  EXPECT_NEAR(static_cast<double>(bytes) / kLines, 1320, 40);
  EXPECT_NEAR(static_cast<double>(denied) / kLines, 0.05, 0.01);
  EXPECT_NEAR(static_cast<double>(deletes) / kLines, 0.056, 0.01);
}

TEST(Generator, OrdersAddUp) {
  for (const std::string& line : lines_of(generate("orders", 5, 5000))) {
    const json order = json::parse(line);
    double total = 0;
    for (const json& item : order["items"]) {
      total += item["quantity"].get<double>() * item["price"].get<double>();
    }
    ASSERT_NEAR(total, order["total"].get<double>(), 0.005);
    ASSERT_EQ(order["type"] == "payment.failed", order["payment"].contains("error"));
  }
}

TEST(Generator, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(make_generator("flow-log", {}).ok());
  EXPECT_FALSE(make_generator("", {}).ok());
  EXPECT_FALSE(make_generator("flow-logs", {.seed = 1, .fields = "version nonsense"}).ok());
  EXPECT_FALSE(make_generator("flow-logs", {.seed = 1, .fields = "version version"}).ok());
  EXPECT_FALSE(make_generator("orders", {.seed = 1, .fields = "version"}).ok());
  EXPECT_NE(make_generator("flow-log", {}).error().message.find("flow-logs"), std::string::npos);
}

TEST(Generator, OnlyFlowLogTextHasAHeader) {
  EXPECT_EQ((*make_generator("flow-logs", {.seed = 1, .fields = "srcaddr,version"}))->header(),
            "srcaddr version");
  EXPECT_EQ((*make_generator("flow-logs-json", {}))->header(), "");
  EXPECT_EQ((*make_generator("cloudtrail", {}))->header(), "");
}

}  // namespace
}  // namespace weir
