// weir run: targets that are absent, die, stall, close, rotate. What one of them does is its own
// affair, and every event ends in exactly one counter.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

class RunTargets : public testing::Test {
 protected:
  std::string input(const std::string& text) const {
    write_file(dir_.file("input"), text);
    return dir_.file("input");
  }

  const TempDir dir_;
};

TEST_F(RunTargets, ATargetThatComesLaterGetsEverything) {
  const std::string all = lines_of(make_records(5000));
  const std::uint16_t port = unused_port();
  Json config = new_config();
  add_tcp_target(config, "late", port);
  add_file_target(config, "present", dir_.file("present"));
  add_rule(config, "any", any_event(), {"late", "present"});
  Router router(dir_, config);
  load(dir_, router.url(), {"--file", input(all)});
  arrives(dir_.file("present"), all.size());  // the absent one holds nobody up
  SinkProcess late(dir_, ListenAt("127.0.0.1:" + std::to_string(port)), "late");
  arrives(late.received_path(), all.size());
  const Json report = router.stop();
  late.stop();
  EXPECT_EQ(late.output(), all);
  EXPECT_EQ(report["targets"]["late"]["delivered"], 5000);
  EXPECT_EQ(report["targets"]["late"]["dropped"], 0);
  expect_conserved(report);
}

TEST_F(RunTargets, ARestartedTargetGetsWhatItsKernelHadNotAcknowledged) {
  constexpr std::uint64_t kRecords = 60'000;
  SinkProcess other(dir_, "other", {"--complete"});
  auto first = std::make_unique<SinkProcess>(
      dir_, "first", std::vector<std::string>{"--check", "--receive-buffer", "16KiB"});
  const std::string address = first->address();
  Json config = new_config();
  add_tcp_target(config, "dies", first->port());
  add_tcp_target(config, "other", other.port());
  add_rule(config, "any", any_event(), {"dies", "other"});
  Router router(dir_, config);
  const auto sending = start_load(dir_, "load", router.url(),
                                  {"--file", input(lines_of(make_records(20'000))), "--stamp",
                                   "--rate", "60000", "--count", std::to_string(kRecords)});
  arrives(first->received_path(), 1'000'000);
  first->process().signal(SIGKILL);
  EXPECT_EQ(first->process().wait(), -SIGKILL);
  SinkProcess second(dir_, ListenAt(address), "second", {"--check"});
  EXPECT_EQ(sending->wait(), 0) << sending->errors();
  const std::uint64_t bytes = read_json(dir_.file("load.json"))["bytes"];
  arrives(other.received_path(), bytes);
  const Json report = router.stop();
  const Json at_other = other.stop();
  EXPECT_EQ(other.exit_code(), 0) << at_other.dump();
  second.stop();

  // Plain TCP has no acknowledgement by the application: what the dead process's kernel held is
  // lost, and that is bounded by its buffers. The rest is here, in order, the last record too.
  const auto before = split_lines(first->output());
  const auto after = split_lines(second.output());
  ASSERT_FALSE(after.empty());
  EXPECT_NE(after.back().find("{\"weir_seq\":" + std::to_string(kRecords - 1) + ","),
            std::string::npos);
  const auto number = [](const std::string& line) {
    return std::stoull(line.substr(std::string("{\"weir_seq\":").size()));
  };
  for (std::size_t i = 1; i < after.size(); ++i) {
    ASSERT_EQ(number(after[i]), number(after[i - 1]) + 1);
  }
  // The last line of `before` may be cut.
  const std::uint64_t lost =
      number(after.front()) > before.size() ? number(after.front()) - before.size() : 0;
  EXPECT_LE(lost, 5000U);
  expect_conserved(report);
  EXPECT_EQ(report["targets"]["dies"]["matched"], kRecords);
  EXPECT_EQ(report["targets"]["dies"]["delivered"], kRecords);
  EXPECT_EQ(report["targets"]["other"]["delivered"], kRecords);
}

TEST_F(RunTargets, ATargetThatKeepsClosingIsServedToTheEnd) {
  constexpr std::uint64_t kRecords = 20'000;
  SinkProcess closes(dir_, "closes", {"--check", "--close-every", "3000"});
  Json config = new_config();
  add_tcp_target(config, "closes", closes.port());
  add_file_target(config, "steady", dir_.file("steady"));
  add_rule(config, "any", any_event(), {"closes", "steady"});
  const std::string all = lines_of(make_records(kRecords));
  Router router(dir_, config);
  load(dir_, router.url(), {"--file", input(all)});
  arrives(dir_.file("steady"), all.size());
  const Json report = router.stop();
  EXPECT_GE(closes.stop()["ports"][0]["closed_on_demand"], 1);
  EXPECT_EQ(read_file(dir_.file("steady")), all);
  EXPECT_EQ(report["targets"]["closes"]["matched"], kRecords);
  EXPECT_EQ(report["targets"]["closes"]["delivered"], kRecords);
  expect_conserved(report);
}

TEST_F(RunTargets, AStalledTargetThatShedsHoldsNobodyUp) {
  constexpr std::uint64_t kRecords = 100'000;
  SinkProcess stalled(dir_, "stalled", {"--check", "--receive-buffer", "16KiB"});
  SinkProcess steady(dir_, "steady", {"--complete"});
  Json config = new_config();
  add_tcp_target(config, "stalled", stalled.port());
  config["targets"]["stalled"]["when_full"] = "shed";
  config["targets"]["stalled"]["buffer"] = "1MiB";
  config["targets"]["stalled"]["batch"]["max_bytes"] = "128KiB";
  add_tcp_target(config, "steady", steady.port());
  add_rule(config, "any", any_event(), {"stalled", "steady"});
  Router router(dir_, config);
  stalled.process().signal(SIGSTOP);
  const Json sent = load(dir_, router.url(),
                         {"--file", input(lines_of(make_records(20'000))), "--stamp", "--count",
                          std::to_string(kRecords)});
  arrives(steady.received_path(), sent["bytes"]);  // all of it, while the other one stands still
  stalled.process().signal(SIGCONT);
  const Json report = router.stop();
  const Json at_steady = steady.stop();
  const Json at_stalled = stalled.stop();
  EXPECT_EQ(steady.exit_code(), 0) << at_steady.dump();
  EXPECT_EQ(stalled.exit_code(), 0) << at_stalled.dump();  // in order, nothing twice
  const Json& target = report["targets"]["stalled"];
  EXPECT_EQ(target["matched"], kRecords);
  EXPECT_GT(target["shed"], 0);
  EXPECT_EQ(target["delivered"], at_stalled["records"]);
  EXPECT_EQ(target["pending"], 0);
  EXPECT_EQ(report["targets"]["steady"]["delivered"], kRecords);
  expect_conserved(report);
}

TEST_F(RunTargets, AStalledTargetThatBlocksStopsTheSourceAndLosesNothing) {
  constexpr std::uint64_t kRecords = 400'000;  // far more than all buffers on the way hold
  SinkProcess stalled(dir_, "stalled", {"--complete", "--receive-buffer", "16KiB"});
  SinkProcess steady(dir_, "steady", {"--complete"});
  Json config = new_config();
  add_tcp_target(config, "stalled", stalled.port());
  config["targets"]["stalled"]["buffer"] = "1MiB";
  config["targets"]["stalled"]["batch"]["max_bytes"] = "128KiB";
  add_tcp_target(config, "steady", steady.port());
  add_rule(config, "any", any_event(), {"stalled", "steady"});
  Router router(dir_, config);
  stalled.process().signal(SIGSTOP);
  const auto sending = start_load(dir_, "load", router.url(),
                                  {"--file", input(lines_of(make_records(20'000))), "--stamp",
                                   "--count", std::to_string(kRecords)});
  // The stream comes to rest short of its end: twice the same size, some time apart.
  std::uint64_t size = 0;
  ASSERT_TRUE(eventually([&] {
    const std::uint64_t before = std::exchange(size, file_size(steady.received_path()));
    usleep(300'000);
    return size > 0 && size == before;
  }));
  EXPECT_TRUE(sending->running());
  stalled.process().signal(SIGCONT);
  EXPECT_EQ(sending->wait(), 0) << sending->errors();
  const std::uint64_t bytes = read_json(dir_.file("load.json"))["bytes"];
  arrives(stalled.received_path(), bytes);
  arrives(steady.received_path(), bytes);
  const Json report = router.stop();
  const Json at_stalled = stalled.stop();
  EXPECT_EQ(stalled.exit_code(), 0) << at_stalled.dump();
  EXPECT_EQ(at_stalled["records"], kRecords);
  EXPECT_EQ(steady.stop()["records"], kRecords);
  EXPECT_EQ(steady.exit_code(), 0);
  EXPECT_EQ(report["targets"]["stalled"]["shed"], 0);
  EXPECT_EQ(report["targets"]["stalled"]["delivered"], kRecords);
  expect_conserved(report);
}

TEST_F(RunTargets, RulesSendEventsOnToOtherBuses) {
  Json config = new_config();
  config["buses"] = {{"audit", Json::object()}};
  config["targets"]["onward"] = {{"bus", "audit"}};
  add_file_target(config, "here", dir_.file("here"));
  add_file_target(config, "there", dir_.file("there"));
  add_rule(config, "all", Json::parse(R"({"id":[{"exists":true}]})"), {"here"});
  add_rule(config, "some", Json::parse(R"({"keep":[true]})"), {"onward"});
  add_rule(config, "kept", Json::parse(R"({"id":[1,2]})"), {"there", "here"}, "audit");
  Router router(dir_, config);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n{\"id\":1,\"keep\":true}\n{\"id\":3,\"keep\":true}\n"));
  ASSERT_TRUE(arrives(dir_.file("here"), 50));
  // Rules of the other bus change like all others.
  add_rule(config, "kept", Json::parse(R"({"id":[3]})"), {"there", "here"}, "audit");
  router.reload(config);
  ASSERT_TRUE(eventually([&] {
    client.send("{\"id\":3,\"keep\":true}\n");
    return read_file(dir_.file("there")).ends_with("{\"id\":3,\"keep\":true}\n");
  }));
  const Json report = router.stop();
  const std::string there = read_file(dir_.file("there"));
  EXPECT_TRUE(there.starts_with("{\"id\":1,\"keep\":true}\n{\"id\":3,\"keep\":true}\n")) << there;
  const std::string here = read_file(dir_.file("here"));
  EXPECT_TRUE(here.starts_with("{\"id\":1}\n{\"id\":1,\"keep\":true}\n{\"id\":3,\"keep\":true}\n"))
      << "each once, whatever the ways: " << here;
  const std::uint64_t all = accepted(report);
  EXPECT_EQ(report["buses"]["audit"]["events"], all - 1);
  EXPECT_EQ(report["targets"]["onward"]["delivered"], all - 1);
  EXPECT_EQ(report["targets"]["here"]["delivered"], all);
  EXPECT_EQ(report["rules"]["some"]["matched"], all - 1);
  EXPECT_EQ(report["unmatched"], 0);
  expect_conserved(report);
}

TEST_F(RunTargets, ATargetThatSendsBackOrHalfClosesIsOnlyATarget) {
  Server talkative;
  Json config = new_config();
  add_tcp_target(config, "talkative", talkative.port());
  add_file_target(config, "steady", dir_.file("steady"));
  add_rule(config, "any", any_event(), {"talkative", "steady"});
  Router router(dir_, config);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n"));
  Client peer = talkative.accept();
  EXPECT_EQ(peer.receive(), "{\"id\":1}\n");
  peer.send("thank you, and more than anybody asked for\n");
  ASSERT_TRUE(client.send("{\"id\":2}\n"));
  EXPECT_EQ(peer.receive(), "{\"id\":2}\n");
  peer.end_sending();
  ASSERT_TRUE(client.send("{\"id\":3}\n"));
  arrives(dir_.file("steady"), 27);
  // On this connection or on a new one, the third event comes.
  std::string third = peer.receive();
  if (third.empty()) {
    Client again = talkative.accept();
    third = again.receive();
    EXPECT_EQ(third, "{\"id\":3}\n");
    expect_conserved(router.stop());
    return;
  }
  EXPECT_EQ(third, "{\"id\":3}\n");
  expect_conserved(router.stop());
}

class RunRotation : public RunTargets, public testing::WithParamInterface<const char*> {};

TEST_P(RunRotation, FinishedFilesAndTheCurrentOneHoldEveryEventInOrder) {
  const std::string compression = GetParam();
  const std::string folder = dir_.file("out");
  std::filesystem::create_directory(folder);
  const auto records = make_records(20'000);
  Json config = new_config();
  add_file_target(config, "rotated", folder + "/big.ndjson");
  config["targets"]["rotated"]["rotate"] = {{"size", "256KiB"}, {"compress", compression}};
  config["sources"] = {{"in", {{"file", input(lines_of(records))}, {"bus", "default"}}}};
  add_rule(config, "any", any_event(), {"rotated"});
  const Json report = Router(dir_, config).finish();
  EXPECT_EQ(report["targets"]["rotated"]["delivered"], 20'000);

  std::vector<std::string> finished;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name != "big.ndjson") finished.push_back(entry.path());
  }
  std::sort(finished.begin(), finished.end());  // names stand in the order of finishing
  EXPECT_GT(finished.size(), 5);
  std::string joined;
  for (const std::string& path : finished) {
    const std::string tool = compression == "zstd" ? "zstd -dc '" : "gzip -dc '";
    joined += compression == "none" ? read_file(path) : command_output(tool + path + "'");
  }
  joined += read_file(folder + "/big.ndjson");
  EXPECT_TRUE(joined == lines_of(records))
      << joined.size() << " bytes in " << finished.size() << " finished files";
}

INSTANTIATE_TEST_SUITE_P(Compressions, RunRotation, testing::Values("none", "gzip", "zstd"));

TEST_F(RunTargets, AFileIsContinuedAfterARestart) {
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  for (const std::string line : {"{\"id\":1}\n", "{\"id\":2}\n"}) {
    config["sources"] = {{"in", {{"file", input(line)}, {"bus", "default"}}}};
    Router(dir_, config).finish();
  }
  EXPECT_EQ(read_file(dir_.file("all")), "{\"id\":1}\n{\"id\":2}\n");
}

}  // namespace
}  // namespace weir::e2e
