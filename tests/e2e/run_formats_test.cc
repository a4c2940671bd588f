// weir run: flow logs, CloudTrail and compressed files, from the file to the target.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

// Real samples, where they are; the environment may name another place.
std::string shared_data() {
  const char* named = std::getenv("WEIR_SHARED_DATA");
  return named != nullptr ? named : std::string(WEIR_SOURCE_DIR) + "/../shared/data";
}

Json file_source(const std::string& path, const std::string& format) {
  return {{"in", {{"file", path}, {"format", format}, {"bus", "default"}}}};
}

class RunFormats : public testing::Test {
 protected:
  // Runs a file source to its end with one rule to one file; the lines that came out.
  std::vector<Json> route(const Json& sources, const Json& pattern) {
    Json config = new_config();
    config["sources"] = sources;
    add_file_target(config, "all", dir_.file("all"));
    add_rule(config, "any", pattern, {"all"});
    report_ = Router(dir_, config).finish();
    expect_conserved(report_);
    std::vector<Json> events;
    for (const std::string& line : split_lines(read_file(dir_.file("all")))) {
      events.push_back(Json::parse(line));
    }
    return events;
  }

  const TempDir dir_;
  Json report_;
};

const std::string kHeader =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status\n";

std::string flow_line(int i) {
  return "2 123456789010 eni-1235b8ca123456789 10.0.0." + std::to_string(i % 250) +
         " 172.31.16.21 " + std::to_string(20000 + i) + " 22 6 20 " + std::to_string(4000 + i) +
         " 1418530010 1418530070 " + (i % 3 == 0 ? "REJECT" : "ACCEPT") + " OK\n";
}

TEST_F(RunFormats, FlowLogTextBecomesJsonWhereItMatches) {
  std::string text = kHeader;
  for (int i = 0; i < 3000; ++i) text += flow_line(i);
  text += "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA\n";
  text += "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA\n";
  write_file(dir_.file("flow.log"), text);
  const auto events = route(file_source(dir_.file("flow.log"), "flow-log"),
                            {{"action", {"REJECT"}}, {"dstport", {22}}});
  ASSERT_EQ(events.size(), 1000);
  EXPECT_EQ(accepted(report_), 3002);
  EXPECT_EQ(report_["unmatched"], 2002);
  const Json& first = events.front();
  EXPECT_EQ(first["srcaddr"], "10.0.0.0");
  EXPECT_EQ(first["srcport"], 20000);
  EXPECT_TRUE(first["bytes"].is_number_integer());
  EXPECT_EQ(first["account-id"], "123456789010");
  EXPECT_EQ(first.size(), 14);
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i]["srcport"], 20000 + 3 * i);  // in order
  }
}

TEST_F(RunFormats, AFieldThatIsADashIsLeftOut) {
  write_file(dir_.file("flow.log"),
             kHeader + "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA\n" +
                 flow_line(1));
  const auto events =
      route(file_source(dir_.file("flow.log"), "flow-log"), {{"action", {{{"exists", false}}}}});
  ASSERT_EQ(events.size(), 1);
  EXPECT_EQ(events[0]["log-status"], "NODATA");
  EXPECT_FALSE(events[0].contains("srcaddr"));
  EXPECT_EQ(events[0].size(), 6);
}

TEST_F(RunFormats, AHeaderSetsTheLayoutOfItsOwnStream) {
  write_file(dir_.file("a.log"),
             "action dstport srcaddr\nREJECT 22 10.0.0.1\nACCEPT 80 10.0.0.2\n");
  write_file(dir_.file("b.log"), "srcaddr action\n10.0.0.3 REJECT\n10.0.0.4 REJECT extra\n");
  const auto events = route(file_source(dir_.file("*.log"), "flow-log"), {{"action", {"REJECT"}}});
  ASSERT_EQ(events.size(), 2);
  EXPECT_EQ(events[0]["srcaddr"], "10.0.0.1");
  EXPECT_EQ(events[0]["dstport"], 22);
  EXPECT_EQ(events[1]["srcaddr"], "10.0.0.3");
  EXPECT_FALSE(events[1].contains("dstport"));
  EXPECT_EQ(refused(report_, "bad_fields"), 1);
}

TEST_F(RunFormats, AFlowLogLineThatCostsItsWildcardsTooMuchIsRefusedByName) {
  Json config = new_config();
  config["sources"] = file_source(dir_.file("flow.log"), "flow-log");
  config["limits"]["wildcard_steps"] = 1;
  add_file_target(config, "all", dir_.file("all"));
  Json wildcards = Json::array();
  for (int i = 0; i < 200; ++i)
    wildcards.push_back({{"wildcard", "*1*" + std::to_string(i) + "*"}});
  add_rule(config, "r", {{"dstaddr", wildcards}}, {"all"});
  write_file(dir_.file("flow.log"), "dstaddr action\n10.0.0.1 REJECT\n- REJECT\n40.2.3.4 REJECT\n");
  const Json report = Router(dir_, config).finish();
  expect_conserved(report);
  EXPECT_EQ(refused(report, "too_complex"), 1);
  EXPECT_EQ(accepted(report), 2);
}

TEST_F(RunFormats, FlowLogsOverTcpInTheDefaultLayout) {
  Json config = new_config();
  config["sources"]["in"]["format"] = "flow-log";
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "inside", {{"srcaddr", {{{"cidr", "10.0.0.0/8"}}}}}, {"all"});
  Router router(dir_, config);
  std::string text;
  for (int i = 0; i < 500; ++i) text += flow_line(i);
  Client client(router.port());
  ASSERT_TRUE(client.send(text));
  EXPECT_TRUE(eventually([&] { return split_lines(read_file(dir_.file("all"))).size() == 500; }));
  EXPECT_EQ(accepted(router.stop()), 500);
}

TEST_F(RunFormats, CompressedFilesOfEveryKindInTheOrderOfTheirNames) {
  const auto records = make_records(8000);
  const auto part = [&](std::size_t begin, std::size_t end) {
    return lines_of({records.begin() + static_cast<std::ptrdiff_t>(begin),
                     records.begin() + static_cast<std::ptrdiff_t>(end)});
  };
  std::filesystem::create_directory(dir_.file("in"));
  write_file(dir_.file("1"), part(0, 2000));
  write_file(dir_.file("2"), part(2000, 4000));
  write_file(dir_.file("3"), part(4000, 6000));
  write_file(dir_.file("in/d.ndjson"), part(6000, 8000));
  // Two gzip members in one file, their border in the middle of a line.
  command_output("(head -c 100001 " + dir_.file("1") + " | gzip; tail -c +100002 " +
                 dir_.file("1") + " | gzip) > " + dir_.file("in/a.ndjson.gz"));
  command_output("gzip -c " + dir_.file("2") + " > " + dir_.file("in/b.ndjson.gz"));
  command_output("zstd -qc " + dir_.file("3") + " > " + dir_.file("in/c.ndjson.zst"));
  route(file_source(dir_.file("in/*"), "ndjson"), any_event());
  EXPECT_EQ(read_file(dir_.file("all")), lines_of(records));
  EXPECT_EQ(accepted(report_), 8000);
}

TEST_F(RunFormats, ADamagedCompressedFileIsReportedAndItsSoundPartRouted) {
  std::filesystem::create_directory(dir_.file("in"));
  const std::string all = lines_of(make_records(2000));
  write_file(dir_.file("1"), all);
  command_output("gzip -c " + dir_.file("1") + " | head -c 20000 > " + dir_.file("in/a.gz"));
  write_file(dir_.file("in/b"), "{\"id\":\"after\"}\n");
  Json config = new_config();
  config["sources"] = file_source(dir_.file("in/*"), "ndjson");
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  router.process().wait();
  const std::string out = read_file(dir_.file("all"));
  const std::string last = "{\"id\":\"after\"}\n";
  ASSERT_TRUE(out.ends_with(last));
  EXPECT_TRUE(all.starts_with(out.substr(0, out.size() - last.size())));
  EXPECT_NE(router.process().errors().find("a.gz"), std::string::npos);
}

TEST_F(RunFormats, CloudTrailObjectsYieldTheirRecords) {
  write_file(dir_.file("trail.json"),
             R"({"Records":[{"eventName":"DeleteBucket","n":1,"x":{"Records":[{"n":9}]}},)"
             R"( {"eventName":"ListBuckets","n":2},)"
             "\n  {\"eventName\":\"DeleteUser\",\"n\":3}]}");
  const auto events = route(file_source(dir_.file("trail.json"), "cloudtrail"),
                            {{"eventName", {{{"prefix", "Delete"}}}}});
  ASSERT_EQ(events.size(), 2);
  EXPECT_EQ(events[0]["n"], 1);
  EXPECT_EQ(events[1]["n"], 3);
  EXPECT_EQ(accepted(report_), 3);
}

TEST_F(RunFormats, RealCloudTrailObjects) {
  const std::string folder = shared_data() + "/cloudtrail/s3-objects";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const auto events = route(file_source(folder + "/*.json.gz", "cloudtrail"),
                            {{"eventSource", {{{"exists", true}}}}});
  EXPECT_EQ(events.size(), 2900);
  EXPECT_EQ(accepted(report_), 2900);
  EXPECT_EQ(refused_total(report_), 0);
}

TEST_F(RunFormats, RealEventsThroughGzipAsTheyAre) {
  const std::string path = shared_data() + "/cloudtrail/events.jsonl.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  route(file_source(path, "auto"), {{"source", {{{"prefix", "aws."}}}}});
  EXPECT_EQ(read_file(dir_.file("all")), command_output("gzip -dc '" + path + "'"));
  EXPECT_EQ(accepted(report_), 3313);
}

TEST_F(RunFormats, RealFlowLogs) {
  const std::string folder = shared_data() + "/flow-logs";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const auto events = route(file_source(folder + "/docs-*.log", "flow-log"),
                            {{"no-such-field", {{{"exists", false}}}}});
  EXPECT_EQ(events.size() + refused_total(report_), events.size());
  EXPECT_EQ(events.size(), 27);
}

TEST_F(RunFormats, AFollowedFileIsReadAsItGrowsAndThroughRotation) {
  write_file(dir_.file("app.log"), "{\"id\":1}\n");
  Json config = new_config();
  config["sources"] = file_source(dir_.file("app.log"), "ndjson");
  config["sources"]["in"]["follow"] = true;
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  arrives(dir_.file("all"), 9);
  command_output("printf '{\"id\":2}\\n{\"id\":' >> " + dir_.file("app.log"));
  arrives(dir_.file("all"), 18);
  command_output("printf '3}\\n' >> " + dir_.file("app.log"));
  arrives(dir_.file("all"), 27);
  std::filesystem::rename(dir_.file("app.log"), dir_.file("app.log.1"));
  write_file(dir_.file("app.log"), "{\"id\":4}\n");
  arrives(dir_.file("all"), 36);
  EXPECT_EQ(accepted(router.stop()), 4);
  EXPECT_EQ(read_file(dir_.file("all")), "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n");
}

}  // namespace
}  // namespace weir::e2e
