// weir run with HTTP targets: real requests to weir's own sink, which fails as it is told to.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

class RunHttp : public testing::Test {
 protected:
  // A sink that takes requests on any free port.
  std::unique_ptr<Process> start_sink(std::vector<std::string> options) {
    std::vector<std::string> arguments = {
        "sink", "--quiet", "--report", dir_.file("sink.json"), "--http", "127.0.0.1:0"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto sink = std::make_unique<Process>(dir_, "sink", arguments);
    port_ = sink->listening(1).at(0).port();
    return sink;
  }
  Json config(const Json& target) {
    Json config = new_config();
    add_rule(config, "any", any_event(), {"hook"});
    config["targets"]["hook"] = target;
    config["targets"]["hook"]["url"] = "http://127.0.0.1:" + std::to_string(port_) + "/in?a=b";
    return config;
  }
  Json run(const Json& target, std::size_t count, std::vector<std::string> sink_options) {
    const auto sink = start_sink(std::move(sink_options));
    Router router(dir_, config(target));
    load(dir_, router.url(), {"--file", input(count)});
    Json report = router.stop();
    sink->signal(SIGTERM);
    EXPECT_EQ(sink->wait(), 0) << sink->errors();
    expect_conserved(report);
    return report;
  }

  std::string input(std::size_t count) {
    write_file(dir_.file("input"), lines_of(make_records(count)));
    return dir_.file("input");
  }

  const TempDir dir_;
  std::uint16_t port_ = 0;
};

TEST_F(RunHttp, EveryEventArrivesInEachFormat) {
  for (const Json& format : {Json("ndjson"), Json("json-array"), Json("cloudevents-batch")}) {
    const Json report = run({{"format", format}, {"concurrency", 4}}, 5000, {});
    EXPECT_EQ(report["targets"]["hook"]["delivered"], 5000) << format;
    EXPECT_EQ(read_json(dir_.file("sink.json"))["records"], 5000) << format;
  }
}

TEST_F(RunHttp, OneEventARequestWithoutAFormat) {
  run(Json::object(), 50, {});
  EXPECT_EQ(read_json(dir_.file("sink.json"))["ports"][0]["requests"], 50);
}

TEST_F(RunHttp, FailuresAreSentAgainAndOnlyWhatFailed) {
  const Json report = run({{"format", "json-array"}, {"batch", {{"max_records", 50}}}}, 2000,
                          {"--fail-every", "5", "--fail-records-every", "40"});
  EXPECT_EQ(report["targets"]["hook"]["delivered"], 2000);
  const Json sink = read_json(dir_.file("sink.json"));
  EXPECT_EQ(sink["records"], 2000);
  EXPECT_GT(sink["ports"][0]["requests_failed"], 0);
  EXPECT_GT(sink["ports"][0]["records_failed"], 0);
}

TEST_F(RunHttp, APermanentFailureIsDroppedAndCountedWithoutAStore) {
  const Json report =
      run({{"format", "ndjson"}, {"batch", {{"max_records", 8}}}}, 20, {"--status", "400"});
  EXPECT_EQ(report["targets"]["hook"]["delivered"], 0);
  EXPECT_EQ(report["targets"]["hook"]["dropped"], 20);
}

TEST_F(RunHttp, ARedirectIsAFailureAndNeverFollowed) {
  const auto sink = start_sink({"--status", "307"});
  Json target = config({{"retries", 0}});
  Router router(dir_, target);
  load(dir_, router.url(), {"--file", input(3)});
  const Json report = router.stop();
  EXPECT_EQ(report["targets"]["hook"]["delivered"], 0);
  EXPECT_EQ(report["targets"]["hook"]["dropped"], 3);
}

}  // namespace
}  // namespace weir::e2e
