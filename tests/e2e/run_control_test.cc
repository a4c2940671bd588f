// weir run: signals, reloads, exit codes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

class RunControl : public testing::Test {
 protected:
  std::string input(const std::string& text) const {
    write_file(dir_.file("input"), text);
    return dir_.file("input");
  }

  const TempDir dir_;
};

TEST_F(RunControl, SigtermDrainsWhatWasAcceptedAndEndsWithZero) {
  SinkProcess slow(dir_, "slow", {"--complete", "--slow", "20MB/s", "--receive-buffer", "64KiB"});
  Json config = new_config();
  config["pipeline"]["drain"] = "80s";
  add_tcp_target(config, "slow", slow.port());
  config["targets"]["slow"]["batch"]["max_wait"] = "1h";  // a drain does not wait for it
  add_rule(config, "any", any_event(), {"slow"});
  Router router(dir_, config);
  const auto sending =
      start_load(dir_, "load", router.url(),
                 {"--file", input(lines_of(make_records(20'000))), "--stamp", "--duration", "1h"});
  arrives(slow.received_path(), 1'000'000);
  const Json report = router.stop(0);
  sending->wait();  // its peer has gone
  const Json received = slow.stop();
  EXPECT_EQ(slow.exit_code(), 0) << received.dump();
  EXPECT_EQ(received["records"], accepted(report));
  EXPECT_EQ(received["ports"][0]["partial_lines"], 0);
  EXPECT_EQ(report["targets"]["slow"]["delivered"], accepted(report));
  EXPECT_EQ(report["targets"]["slow"]["pending"], 0);
  expect_conserved(report);
}

TEST_F(RunControl, WhatCannotBeDeliveredAtTheDrainLimitIsToldAndExitsOne) {
  Json config = new_config();
  config["pipeline"]["drain"] = "300ms";
  add_tcp_target(config, "absent", unused_port());
  add_file_target(config, "present", dir_.file("present"));
  add_rule(config, "any", any_event(), {"absent", "present"});
  Router router(dir_, config);
  ASSERT_TRUE(Client(router.port()).send("{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n"));
  arrives(dir_.file("present"), 27);
  const Json report = router.stop(1);
  const Json& absent = report["targets"]["absent"];
  EXPECT_EQ(absent["delivered"], 0);
  EXPECT_EQ(absent["dropped"].get<int>() + absent["pending"].get<int>(), 3);
  EXPECT_NE(router.process().errors().find('3'), std::string::npos) << router.process().errors();
  EXPECT_NE(router.process().errors().find("absent"), std::string::npos);
  expect_conserved(report);
}

TEST_F(RunControl, ASecondSignalQuitsAtOnce) {
  Json config = new_config();
  config["pipeline"]["drain"] = "1h";
  add_tcp_target(config, "absent", unused_port());
  add_file_target(config, "present", dir_.file("present"));
  add_rule(config, "any", any_event(), {"absent", "present"});
  Router router(dir_, config);
  ASSERT_TRUE(Client(router.port()).send("{\"id\":1}\n"));
  arrives(dir_.file("present"), 9);
  router.process().signal(SIGTERM);
  usleep(300'000);  // two that are pending together count as one
  EXPECT_TRUE(router.process().running());
  // Whichever it gets as its second one: it ends long before its drain limit.
  EXPECT_TRUE(eventually([&] {
    router.process().signal(SIGTERM);
    usleep(100'000);
    return !router.process().running();
  }));
  EXPECT_NE(router.process().wait(), 0);
}

TEST_F(RunControl, SigintStopsTooAndIdleRunsEndCleanly) {
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  router.port();
  Client idle(router.port());
  router.process().signal(SIGINT);
  const Json report = router.finish(0);
  EXPECT_EQ(accepted(report), 0);
  EXPECT_TRUE(idle.ended_by_peer());
}

// Both rules of a set name the same events and one target each. An event that was matched by half
// of a set would be missing at the other target of that set.
TEST_F(RunControl, AReloadIsAtomicAndLosesNothing) {
  constexpr std::uint64_t kRecords = 150'000;
  const auto config_of = [&](const std::string& set) {
    Json config = new_config();
    for (const std::string name : {"a1", "a2", "b1", "b2"}) {
      add_file_target(config, name, dir_.file(name));
    }
    for (const std::string member : {"1", "2"}) {
      add_rule(config, "rule-" + set + member, any_event(), {set + member});
    }
    return config;
  };
  Router router(dir_, config_of("a"));
  const auto sending = start_load(dir_, "load", router.url(),
                                  {"--file", input(lines_of(make_records(20'000))), "--stamp",
                                   "--rate", "50000", "--count", std::to_string(kRecords)});
  arrives(dir_.file("a1"), 100'000);
  int reloads = 0;
  while (sending->running()) {
    const std::string set = ++reloads % 2 == 0 ? "a" : "b";
    const std::uint64_t before = file_size(dir_.file(set + "1"));
    router.reload(config_of(set));
    EXPECT_TRUE(eventually(
        [&] { return file_size(dir_.file(set + "1")) > before || !sending->running(); }));
  }
  EXPECT_EQ(sending->wait(), 0) << sending->errors();
  EXPECT_GE(reloads, 2);
  const std::uint64_t bytes = read_json(dir_.file("load.json"))["bytes"];
  EXPECT_TRUE(eventually([&] {
    return file_size(dir_.file("a1")) + file_size(dir_.file("b1")) == bytes &&
           file_size(dir_.file("a2")) + file_size(dir_.file("b2")) == bytes;
  }));
  const Json report = router.stop();
  EXPECT_EQ(read_file(dir_.file("a1")), read_file(dir_.file("a2")));
  EXPECT_EQ(read_file(dir_.file("b1")), read_file(dir_.file("b2")));
  std::set<std::string> seen;
  for (const std::string name : {"a1", "b1"}) {
    for (const std::string& line : split_lines(read_file(dir_.file(name)))) {
      EXPECT_TRUE(seen.insert(line.substr(0, line.find(",\"weir_ts\""))).second) << line;
    }
  }
  EXPECT_EQ(seen.size(), kRecords);
  EXPECT_EQ(accepted(report), kRecords);
  EXPECT_EQ(report["unmatched"], 0);
  expect_conserved(report);
}

TEST_F(RunControl, AWrongConfigurationChangesNothing) {
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n"));
  arrives(dir_.file("all"), 9);
  Json wrong = config;
  wrong["rules"]["any"]["targets"] = {"nowhere"};
  router.reload(wrong);
  EXPECT_TRUE(router.process().says("nowhere"));
  router.reload_text("sources: {in: [\n");
  Json bad_pattern = config;
  bad_pattern["rules"]["any"]["pattern"] = R"({"id": [{"no-such-operator": 1}]})";
  router.reload(bad_pattern);
  EXPECT_TRUE(router.process().says("no-such-operator"));
  ASSERT_TRUE(client.send("{\"id\":2}\n"));
  arrives(dir_.file("all"), 18);
  EXPECT_EQ(accepted(router.stop()), 2);
}

TEST_F(RunControl, AReloadAddsMovesAndRemovesTargets) {
  SinkProcess first(dir_, "first");
  SinkProcess second(dir_, "second");
  Json config = new_config();
  add_tcp_target(config, "moves", first.port());
  add_file_target(config, "goes", dir_.file("goes"));
  add_rule(config, "any", any_event(), {"moves", "goes"});
  Router router(dir_, config);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n"));
  arrives(first.received_path(), 9);
  arrives(dir_.file("goes"), 9);

  Json next = new_config();
  add_tcp_target(next, "moves", second.port());
  add_file_target(next, "comes", dir_.file("comes"));
  add_rule(next, "any", any_event(), {"moves", "comes"});
  router.reload(next);
  // The connection stays; events sent before the change is in force still go the old way.
  std::size_t sent = 9;
  ASSERT_TRUE(eventually([&] {
    const bool open = client.send("{\"id\":2}\n");
    sent += 9;
    usleep(20'000);
    return !open || file_size(dir_.file("comes")) > 0;
  }));
  EXPECT_TRUE(eventually([&] {
    return file_size(first.received_path()) + file_size(second.received_path()) == sent &&
           file_size(dir_.file("goes")) + file_size(dir_.file("comes")) == sent;
  }));
  EXPECT_GT(file_size(second.received_path()), 0);
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), sent / 9);
  expect_conserved(report);
}

TEST_F(RunControl, WrongConfigurationsAndUsageAreExitCodeTwo) {
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  const auto faults = [&](const Json& with, const std::string& mentions) {
    write_file(dir_.file("wrong.yaml"), with.dump(2));
    EXPECT_EQ(run_to_end(dir_, "wrong", {"run", dir_.file("wrong.yaml")}), 2) << mentions;
    const std::string errors = read_file(dir_.file("wrong.err"));
    EXPECT_NE(errors.find(mentions), std::string::npos) << errors;
    EXPECT_EQ(errors.find("listening on"), std::string::npos) << errors;
  };
  Json with = config;
  with["targts"] = Json::object();
  faults(with, "targts");
  with = config;
  with["rules"]["any"]["targets"] = {"al"};
  faults(with, "al");
  with = config;
  with["rules"]["any"]["pattern"] = "{\"id\": 5}";
  faults(with, "any");
  with = config;
  with["sources"]["in"]["tcp"] = "127.0.0.1:99999";
  faults(with, "99999");
  with = config;
  write_file(dir_.file("no-folder"), "");
  with["targets"]["all"]["file"] = dir_.file("no-folder/file");
  faults(with, dir_.file("no-folder"));
  SinkProcess taken(dir_, "taken");
  with = config;
  with["sources"]["in"]["tcp"] = taken.address();
  faults(with, taken.address());

  EXPECT_EQ(run_to_end(dir_, "usage", {"run"}), 2);
  EXPECT_EQ(run_to_end(dir_, "usage", {"run", "/nonexistent.yaml"}), 2);
  EXPECT_EQ(run_to_end(dir_, "usage", {"run", dir_.file("wrong.yaml"), "--no-such-option"}), 2);
  write_file(dir_.file("empty.yaml"), "");
  EXPECT_EQ(run_to_end(dir_, "usage", {"run", dir_.file("empty.yaml")}), 2);
}

TEST_F(RunControl, TooFewDescriptorsDelayConnectionsAndLoseNothing) {
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "any", any_event(), {"all"});
  ProcessOptions options;
  options.descriptors_max = 64;
  Router router(dir_, config, options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(router.port()));
  EXPECT_TRUE(router.process().says("which is the limit; further ones wait"));
  // A crowd of senders takes no descriptor from a target, though it was not open yet.
  ASSERT_TRUE(clients.front()->send("{\"id\":1}\n"));
  arrives(dir_.file("all"), 9);
  ASSERT_TRUE(clients.front()->send("{\"id\":2}\n"));
  arrives(dir_.file("all"), 18);
  // Those that found no descriptor are taken once others have gone.
  for (std::size_t i = 0; i < 190; ++i) clients[i]->end();
  ASSERT_TRUE(clients.back()->send("{\"id\":3}\n"));
  arrives(dir_.file("all"), 27);
  EXPECT_EQ(accepted(router.stop()), 3);
}

}  // namespace
}  // namespace weir::e2e
