// weir run with a data_dir: what waits on disk, who else may use the directory, and the tools
// beside the running router.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/e2e/oracle.h"
#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

class RunDurable : public testing::Test {
 protected:
  void SetUp() override {
    data_ = dir_.file("data");
    std::filesystem::create_directory(data_);
    std::filesystem::permissions(data_, std::filesystem::perms::owner_all);
    config_ = new_config();
    config_["data_dir"] = data_;
    config_["sources"]["in"]["acks"] = true;
    config_["pipeline"]["drain"] = "3s";
  }
  void send(Router& router, std::size_t count) {
    Oracle::Sender sender(oracle_, router.port());
    while (sender.sent() < count) {
      ASSERT_TRUE(sender.send(std::min<std::size_t>(500, count - sender.sent())));
      sender.listen();
    }
    EXPECT_TRUE(sender.finish());
  }
  // The exit code; what it printed is in tool.out, its errors in tool.err.
  int tool(std::vector<std::string> arguments) { return run_to_end(dir_, "tool", arguments); }
  Json stat() {
    EXPECT_EQ(tool({"log", "stat", data_, "--json"}), 0) << read_file(dir_.file("tool.err"));
    return Json::parse(read_file(dir_.file("tool.out")), nullptr, false);
  }
  static Json target_of(const Json& stat, const std::string& name) {
    for (const Json& target : stat["targets"]) {
      if (target["name"] == name) return target;
    }
    return {};
  }
  bool all_there(const std::string& path) {
    const bool there = eventually([&] { return oracle_.complete(path); });
    EXPECT_EQ(oracle_.judge(path), "");
    return there;
  }

  const TempDir dir_;
  std::string data_;
  Json config_;
  Oracle oracle_{42};
};

TEST_F(RunDurable, WhatIsNotDeliveredWaitsOnDiskForTheNextStart) {
  const std::uint16_t nobody = unused_port();
  add_rule(config_, "any", any_event(), {"dead", "file"});
  add_tcp_target(config_, "dead", nobody);
  add_file_target(config_, "file", dir_.file("file.ndjson"));
  {
    Router router(dir_, config_);
    send(router, 20'000);
    EXPECT_TRUE(all_there(dir_.file("file.ndjson")));
    const Json dead = target_of(stat(), "dead");
    EXPECT_EQ(dead["events_behind"], 20'000) << dead.dump();
    EXPECT_EQ(dead["in_use"], true);
    const Json report = router.stop();  // exit code 0
    EXPECT_NE(router.process().errors().find("target dead: what waits for it in "),
              std::string::npos)
        << router.process().errors();
    EXPECT_EQ(report["left_on_disk"][0]["target"], "dead");
    EXPECT_EQ(report["targets"]["file"]["delivered"], 20'000);
  }
  EXPECT_EQ(target_of(stat(), "dead")["events_behind"], 20'000);
  EXPECT_EQ(tool({"log", "verify", data_}), 0) << read_file(dir_.file("tool.out"));
  SinkProcess sink(dir_, ListenAt("127.0.0.1:" + std::to_string(nobody)), "sink");
  Router router(dir_, config_);
  EXPECT_TRUE(router.process().says("target dead: goes on with the "));
  EXPECT_TRUE(all_there(sink.received_path()));
  EXPECT_TRUE(eventually([&] { return target_of(stat(), "dead")["events_behind"] == 0; }));
  const Json report = router.stop();
  EXPECT_EQ(report["left_on_disk"].size(), 0U) << report["left_on_disk"].dump();
  EXPECT_EQ(split_lines(read_file(dir_.file("file.ndjson"))).size(), 20'000U) << "no repeats";
}

TEST_F(RunDurable, ASecondProcessIsRefused) {
  add_rule(config_, "any", any_event(), {"file"});
  add_file_target(config_, "file", dir_.file("file.ndjson"));
  Router router(dir_, config_);
  router.port();
  Router second(dir_, config_, {}, "second");
  EXPECT_EQ(second.process().wait(), 1);
  EXPECT_NE(second.process().errors().find("another process uses it"), std::string::npos);
  send(router, 100);
  EXPECT_EQ(router.stop()["targets"]["file"]["delivered"], 100);
}

TEST_F(RunDurable, FilesAreReadOnWhereTheyWereLeft) {
  constexpr std::size_t kLines = 60'000;
  const std::string lines = lines_of(make_records(kLines));
  const std::size_t early = lines_of(make_records(kLines / 8 * 7)).size();
  write_file(dir_.file("input"), lines.substr(0, early));
  config_["sources"] = {
      {"in", {{"file", dir_.file("input")}, {"format", "ndjson"}, {"follow", true}}}};
  add_rule(config_, "any", any_event(), {"file"});
  add_file_target(config_, "file", dir_.file("file.ndjson"));
  std::size_t kills = 0;
  for (std::size_t part = 1; part <= 6; ++part) {
    Router router(dir_, config_);
    arrives(dir_.file("file.ndjson"), lines.size() * part / 8);
    router.process().signal(SIGKILL);
    router.process().wait();
    ++kills;
  }
  Router router(dir_, config_);
  // The last of them come now: what was there may have arrived before the last kill.
  std::ofstream(dir_.file("input"), std::ios::app) << lines.substr(early);
  const std::string last = lines.substr(lines.rfind('\n', lines.size() - 2) + 1);
  EXPECT_TRUE(eventually([&] { return read_file(dir_.file("file.ndjson")).ends_with(last); }));
  router.stop();
  ASSERT_EQ(tool({"log", "cat", data_}), 0);
  // Each line is in the log once: none lost, none taken twice, whatever was delivered again.
  std::ifstream log(dir_.file("tool.out"));
  std::vector<int> seen(kLines, 0);
  std::size_t events = 0;
  for (std::string line; std::getline(log, line); ++events) {
    const std::size_t at = line.find("\"data\":");
    const Json event = Json::parse(line.substr(at + 7, line.size() - at - 8), nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    ++seen.at(event["id"].get<std::size_t>());
  }
  EXPECT_EQ(events, kLines) << kills << " kills";
  EXPECT_EQ(std::ranges::count(seen, 1), static_cast<std::ptrdiff_t>(kLines));
}

TEST_F(RunDurable, AStoppedTargetHoldsNobodyAndCatchesUp) {
  SinkProcess stopped(dir_, "stopped");
  SinkProcess other(dir_, "other");
  add_rule(config_, "any", any_event(), {"stopped", "other"});
  add_tcp_target(config_, "stopped", stopped.port());
  add_tcp_target(config_, "other", other.port());
  config_["targets"]["stopped"]["buffer"] = "64KiB";
  config_["targets"]["stopped"]["batch"]["max_bytes"] = "16KiB";
  Router router(dir_, config_);
  stopped.process().signal(SIGSTOP);
  send(router, 150'000);
  EXPECT_TRUE(all_there(other.received_path()));
  EXPECT_GT(target_of(stat(), "stopped")["events_behind"].get<int>(), 0);
  stopped.process().signal(SIGCONT);
  EXPECT_TRUE(all_there(stopped.received_path()));
  const Json report = router.stop();
  EXPECT_GT(report["targets"]["stopped"]["caught_up"].get<int>(), 0);
  EXPECT_EQ(report["targets"]["stopped"]["delivered"], 150'000);
  expect_conserved(report);
}

TEST_F(RunDurable, ATargetThatBreaksOffAgainAndAgainMissesNothing) {
  Receiver flaps(dir_.file("flaps.ndjson"));
  flaps.cut_every(3000);
  add_rule(config_, "any", any_event(), {"flaps"});
  add_tcp_target(config_, "flaps", flaps.port());
  config_["targets"]["flaps"]["acks"] = true;
  {
    Router router(dir_, config_);
    send(router, 30'000);
    router.process().signal(SIGKILL);
    router.process().wait();
  }
  Router router(dir_, config_);
  EXPECT_TRUE(all_there(flaps.path()));
  router.stop();
}

TEST_F(RunDurable, ARemovedTargetKeepsItsPlaceUntilItIsForgotten) {
  const std::uint16_t nobody = unused_port();
  add_rule(config_, "any", any_event(), {"file"});
  add_file_target(config_, "file", dir_.file("file.ndjson"));
  const Json without = config_;
  config_["rules"]["any"]["targets"] = {"file", "gone"};
  add_tcp_target(config_, "gone", nobody);
  Router router(dir_, config_);
  send(router, 1000);
  EXPECT_EQ(tool({"log", "forget", data_, "gone"}), 1);
  EXPECT_NE(read_file(dir_.file("tool.err")).find("is in use"), std::string::npos);
  router.reload(without);
  EXPECT_TRUE(router.process().says("reloaded: 1 rules, 1 targets"));
  const Json gone = target_of(stat(), "gone");
  EXPECT_EQ(gone["in_use"], false);
  EXPECT_EQ(gone["events_behind"], 1000);
  EXPECT_EQ(tool({"log", "forget", data_, "gone"}), 0) << read_file(dir_.file("tool.err"));
  EXPECT_TRUE(target_of(stat(), "gone").is_null());
  EXPECT_EQ(tool({"log", "forget", data_, "gone"}), 1);
  router.stop();
  EXPECT_TRUE(target_of(stat(), "gone").is_null());
}

// The store of dead letters while the router runs: looked at, given back, dropped.
TEST_F(RunDurable, DeadLettersAreRedrivenWhileItRuns) {
  const auto start_sink = [&](const std::string& address, std::vector<std::string> options) {
    std::vector<std::string> arguments = {"sink",   "--quiet", "--report", dir_.file("sink.json"),
                                          "--http", address};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return std::make_unique<Process>(dir_, "sink", arguments);
  };
  auto sink = start_sink("127.0.0.1:0", {"--status", "400"});
  const std::string address = "127.0.0.1:" + std::to_string(sink->listening(1).at(0).port());
  add_rule(config_, "any", any_event(), {"hook"});
  config_["targets"]["hook"] = {{"url", "http://" + address + "/"}, {"format", "ndjson"}};
  Router router(dir_, config_);
  send(router, 12);
  const auto letters = [&] {
    EXPECT_EQ(tool({"dlq", "ls", data_, "--json"}), 0) << read_file(dir_.file("tool.err"));
    return split_lines(read_file(dir_.file("tool.out")));
  };
  ASSERT_TRUE(eventually([&] { return letters().size() == 12; }));
  const Json first = Json::parse(letters().at(0));
  EXPECT_EQ(first["target"], "hook");
  EXPECT_EQ(first["event"]["id"], 0);
  EXPECT_EQ(tool({"dlq", "drop", data_, first["id"].dump()}), 0);
  EXPECT_EQ(target_of(stat(), "hook")["dead_letters"], 11);
  sink->signal(SIGTERM);
  sink->wait();
  sink = start_sink(address, {});
  sink->listening(1);
  EXPECT_EQ(tool({"dlq", "redrive", data_, "--target", "hook"}), 0);
  EXPECT_EQ(read_file(dir_.file("tool.out")), "{\"redriven\":11}\n");
  EXPECT_TRUE(eventually([&] {
    const Json hook = target_of(stat(), "hook");
    return letters().empty() && hook["retries"] == 0;
  }));
  router.stop();
  sink->signal(SIGTERM);
  sink->wait();
  EXPECT_EQ(read_json(dir_.file("sink.json"))["records"], 11);
}

}  // namespace
}  // namespace weir::e2e
