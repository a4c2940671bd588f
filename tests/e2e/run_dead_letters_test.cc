// weir run with a data directory: events that cannot be delivered end where the configuration says,
// and come back from there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

constexpr std::size_t kEvents = 300;

class RunDeadLetters : public testing::Test {
 protected:
  Json config(const Json& target) {
    Json config = new_config();
    std::filesystem::create_directory(dir_.file("data"));
    std::filesystem::permissions(dir_.file("data"), std::filesystem::perms::owner_all);
    config["data_dir"] = dir_.file("data");
    add_rule(config, "orders", any_event(), {"t"});
    config["targets"]["t"] = target;
    return config;
  }
  Json dead_target() {
    return {{"tcp", "127.0.0.1:" + std::to_string(unused_port())}, {"retries", 0}};
  }
  std::string input() {
    write_file(dir_.file("input"), lines_of(make_records(kEvents)));
    return dir_.file("input");
  }
  // `weir dlq ACTION DATA_DIR ...`; what it prints, by lines.
  std::vector<std::string> dlq(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "dlq");
    Process process(dir_, "dlq", arguments);
    EXPECT_EQ(process.wait(), 0) << process.errors();
    return split_lines(process.output());
  }
  // The events within letters.
  static std::set<std::string> events_of(const std::vector<std::string>& letters) {
    std::set<std::string> events;
    for (const std::string& letter : letters) {
      const std::size_t at = letter.find(",\"event\":");
      EXPECT_NE(at, std::string::npos) << letter;
      if (at != std::string::npos) {
        events.insert(letter.substr(at + 9, letter.size() - at - 10));
      }
    }
    return events;
  }
  static std::set<std::string> sent() {
    const std::vector<std::string> lines = split_lines(lines_of(make_records(kEvents)));
    return {lines.begin(), lines.end()};
  }

  const TempDir dir_;
};

TEST_F(RunDeadLetters, WaitInTheStoreAndComeBackOnARedrive) {
  Json settings = config(dead_target());
  {
    Router router(dir_, settings);
    load(dir_, router.url(), {"--file", input()});
    EXPECT_TRUE(eventually([&] {
      return dlq({"ls", dir_.file("data"), "--json"}).size() == kEvents;
    }));
    const Json report = router.stop();
    EXPECT_EQ(report["targets"]["t"]["dead_lettered"], kEvents);
    EXPECT_EQ(report["targets"]["t"]["pending"], 0);
    expect_conserved(report);
  }
  const std::vector<std::string> letters = dlq({"ls", dir_.file("data"), "--json"});
  ASSERT_EQ(letters.size(), kEvents);
  const Json first = Json::parse(letters[0]);
  EXPECT_EQ(first["target"], "t");
  EXPECT_EQ(first["bus"], "default");
  EXPECT_EQ(first["rules"], Json::array({"orders"}));
  EXPECT_EQ(first["error_code"], "CONNECTION_FAILED");
  EXPECT_EQ(first["attempts"], 1);
  EXPECT_EQ(first["exhausted_condition"], "MaximumRetryAttempts");
  // Another process, and a target that takes them.
  const SinkProcess sink(dir_, "sink");
  settings["targets"]["t"]["tcp"] = sink.address();
  Router router(dir_, settings);
  router.port();
  dlq({"redrive", dir_.file("data"), "--all"});
  EXPECT_TRUE(eventually([&] {
    const std::string text = read_file(sink.received_path());
    return std::ranges::count(text, '\n') >= static_cast<std::ptrdiff_t>(kEvents);
  }));
  const Json report = router.stop();
  EXPECT_EQ(report["targets"]["t"]["returned"], kEvents);
  EXPECT_EQ(report["targets"]["t"]["delivered"], kEvents);
  const std::vector<std::string> lines = split_lines(read_file(sink.received_path()));
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()), sent());
  EXPECT_TRUE(dlq({"ls", dir_.file("data"), "--json"}).empty());
}

TEST_F(RunDeadLetters, GoToAnotherTargetThatNoRuleNames) {
  Json target = dead_target();
  target["dead_letter"] = "graveyard";
  Json settings = config(target);
  add_file_target(settings, "graveyard", dir_.file("graveyard.ndjson"));
  Router router(dir_, settings);
  load(dir_, router.url(), {"--file", input()});
  EXPECT_TRUE(eventually(
      [&] { return split_lines(read_file(dir_.file("graveyard.ndjson"))).size() >= kEvents; }));
  const Json report = router.stop();
  EXPECT_EQ(report["targets"]["t"]["dead_lettered"], kEvents);
  EXPECT_EQ(report["targets"]["graveyard"]["returned"], kEvents);
  const std::vector<std::string> letters = split_lines(read_file(dir_.file("graveyard.ndjson")));
  EXPECT_EQ(letters.size(), kEvents);
  EXPECT_EQ(events_of(letters), sent());
  EXPECT_EQ(Json::parse(letters[0])["exhausted_condition"], "MaximumRetryAttempts");
  EXPECT_TRUE(dlq({"ls", dir_.file("data"), "--json"}).empty());
}

// A peer that acknowledges, and refuses each third line.
TEST_F(RunDeadLetters, HoldWhatAnAcknowledgingPeerRefuses) {
  Server server;
  Router router(dir_,
                config({{"tcp", "127.0.0.1:" + std::to_string(server.port())}, {"acks", true}}));
  load(dir_, router.url(), {"--file", input()});
  Client peer = server.accept();
  std::string received;
  std::size_t acked = 0;
  std::set<std::string> refused;
  while (acked < kEvents) {
    const std::string more = peer.receive();
    ASSERT_FALSE(more.empty());
    received += more;
    const std::size_t whole = received.rfind('\n');
    if (whole == std::string::npos) continue;
    const std::vector<std::string> lines = split_lines(received.substr(0, whole + 1));
    std::string answer;
    for (; acked < lines.size(); ++acked) {
      if (acked % 3 != 0) continue;
      refused.insert(lines[acked]);
      answer += "{\"error\":\"third\",\"line\":" + std::to_string(acked + 1) + "}\n";
    }
    peer.send(answer + "{\"ack\":" + std::to_string(acked) + "}\n");
  }
  EXPECT_TRUE(eventually([&] {
    return dlq({"ls", dir_.file("data"), "--json"}).size() == refused.size();
  }));
  const Json report = router.stop();
  EXPECT_EQ(report["targets"]["t"]["dead_lettered"], refused.size());
  EXPECT_EQ(report["targets"]["t"]["refused"], refused.size());
  EXPECT_EQ(report["targets"]["t"]["delivered"], kEvents - refused.size());
  const std::vector<std::string> letters = dlq({"ls", dir_.file("data"), "--json"});
  ASSERT_EQ(letters.size(), refused.size());
  EXPECT_EQ(Json::parse(letters[0])["error_message"], "the peer refused it: third");
}

}  // namespace
}  // namespace weir::e2e
