// weir run with acknowledged input and acknowledged targets: every line is answered for, and
// nothing that was acknowledged is missing, whatever breaks on the way to the target.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

class RunAcks : public testing::Test {
 protected:
  RunAcks() {
    config_ = new_config();
    config_["sources"]["in"]["acks"] = true;
    add_rule(config_, "any", any_event(), {"all"});
  }

  void deliver_to(std::uint16_t port) {
    add_tcp_target(config_, "all", port);
    config_["targets"]["all"]["acks"] = true;
  }

  std::string input(std::size_t count) {
    write_file(dir_.file("input"), lines_of(make_records(count)));
    return dir_.file("input");
  }

  const TempDir dir_;
  Json config_;
};

TEST_F(RunAcks, EachLineIsAcknowledgedOrRefusedByItsNumber) {
  add_file_target(config_, "all", dir_.file("all.ndjson"));
  Router router(dir_, config_);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"a\":1}\n\nnot json\n{\"a\":2}\n"));
  client.end_sending();
  std::string answer;
  for (std::string part = client.receive(); !part.empty(); part = client.receive()) answer += part;
  const auto lines = split_lines(answer);
  ASSERT_GE(lines.size(), 2U) << answer;
  EXPECT_EQ(lines.back(), "{\"ack\":4}");
  std::size_t errors = 0;
  for (const std::string& line : lines) {
    const Json said = Json::parse(line);
    if (!said.contains("error")) continue;
    ++errors;
    EXPECT_EQ(said["line"], 3);
    EXPECT_NE(said["error"].get<std::string>().find("malformed"), std::string::npos);
  }
  EXPECT_EQ(errors, 1U);
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), 2U);
  EXPECT_EQ(refused(report, "malformed"), 1U);
  expect_conserved(report);
}

TEST_F(RunAcks, FromEndToEndNothingIsMissingThoughThePeerBreaksOff) {
  SinkProcess sink(dir_, "sink", {"--acks", "--ack-drop", "5000", "--allow-repeats", "--complete"});
  deliver_to(sink.port());
  Router router(dir_, config_);
  const Json sent = load(dir_, router.url(), {"--file", input(40'000), "--stamp", "--acks"});
  EXPECT_EQ(sent["acknowledged"], 40'000) << sent.dump();
  const Json report = router.stop();
  const Json check = sink.stop()["ports"][0]["check"];
  EXPECT_EQ(sink.exit_code(), 0) << check.dump();
  EXPECT_EQ(check["distinct"], 40'000);
  EXPECT_EQ(report["targets"]["all"]["delivered"], 40'000);
  expect_conserved(report);
}

TEST_F(RunAcks, ATargetThatNeverAcknowledgesKeepsEveryRecordPending) {
  SinkProcess sink(dir_, "sink", {"--ack-never"});
  deliver_to(sink.port());
  config_["pipeline"]["drain"] = "1s";
  Router router(dir_, config_);
  load(dir_, router.url(), {"--file", input(500), "--acks"});
  const Json report = router.stop(1);
  EXPECT_EQ(report["targets"]["all"]["delivered"], 0);
  EXPECT_EQ(report["targets"]["all"]["matched"], 500);
  expect_conserved(report);
}

TEST_F(RunAcks, WhatThePeerRefusesIsDroppedAloneAndCounted) {
  SinkProcess sink(dir_, "sink", {"--acks", "--ack-fail-every", "10"});
  deliver_to(sink.port());
  Router router(dir_, config_);
  load(dir_, router.url(), {"--file", input(1000), "--acks"});
  const Json report = router.stop();
  EXPECT_EQ(report["targets"]["all"]["delivered"], 900);
  EXPECT_EQ(report["targets"]["all"]["dropped"], 100);
  expect_conserved(report);
}

}  // namespace
}  // namespace weir::e2e
