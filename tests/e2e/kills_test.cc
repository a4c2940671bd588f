// kill -9 at any moment, under load and while recovering: what was acknowledged arrives at every
// target, and nothing arrives that was not sent.
//
// WEIR_KILL_ROUNDS says how many kills (20), WEIR_KILL_SEED repeats a run; tests/run-kills does
// many.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/e2e/oracle.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Kills : public testing::Test {
 protected:
  void SetUp() override {
    seed_ = number_from("WEIR_KILL_SEED", std::random_device{}());
    random_.seed(seed_);
    std::filesystem::create_directory(dir_.file("data"));
    std::filesystem::permissions(dir_.file("data"), std::filesystem::perms::owner_all);
    config_ = new_config();
    config_["data_dir"] = dir_.file("data");
    config_["sources"]["in"]["acks"] = true;
    // Small ones, so that segments change under way.
    config_["buses"]["default"] = {{"segment", "2MiB"}, {"retain", {{"time", "0ns"}}}};
    add_rule(config_, "any", any_event(), {"file", "acked"});
    add_file_target(config_, "file", dir_.file("file.ndjson"));
  }
  std::chrono::microseconds up_to(std::uint64_t milliseconds) {
    return std::chrono::microseconds(random_() % (milliseconds * 1000));
  }
  // Until the moment comes; then what was said by then still counts.
  void load_and_kill(Router& router, Oracle& oracle) {
    const std::uint16_t port = router.port();
    const auto end = std::chrono::steady_clock::now() + up_to(150);
    std::vector<std::unique_ptr<Oracle::Sender>> senders;
    for (int i = 0; i < 3; ++i) senders.push_back(std::make_unique<Oracle::Sender>(oracle, port));
    while (std::chrono::steady_clock::now() < end) {
      for (auto& sender : senders) {
        if (sender->sent() - sender->acknowledged() < 5000) sender->send(1 + random_() % 400);
        sender->listen();
      }
    }
    router.process().signal(SIGKILL);
    router.process().wait();
    for (auto& sender : senders) sender->listen();
  }

  const TempDir dir_;
  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
  Json config_;
};

TEST_F(Kills, LoseNothingThatWasAcknowledged) {
  const std::uint64_t rounds = number_from("WEIR_KILL_ROUNDS", 20);
  SCOPED_TRACE("WEIR_KILL_SEED=" + std::to_string(seed_));
  Oracle oracle(seed_);
  Receiver sink(dir_.file("sink.ndjson"));
  add_tcp_target(config_, "acked", sink.port());
  config_["targets"]["acked"]["acks"] = true;
  for (std::uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    Router router(dir_, config_);
    if (random_() % 4 == 0) {  // while it starts and recovers
      std::this_thread::sleep_for(up_to(40));
      router.process().signal(SIGKILL);
      router.process().wait();
    } else {
      load_and_kill(router, oracle);
    }
    if (round % 100 == 99) std::printf("%llu kills\n", static_cast<unsigned long long>(round + 1));
  }
  Router router(dir_, config_);
  Oracle::Sender last(oracle, router.port());
  last.send(10);
  EXPECT_TRUE(last.finish());
  const bool there = eventually(
      [&] { return oracle.complete(dir_.file("file.ndjson")) && oracle.complete(sink.path()); });
  router.stop();
  EXPECT_TRUE(there);
  EXPECT_EQ(oracle.judge(dir_.file("file.ndjson")), "");
  EXPECT_EQ(oracle.judge(sink.path()), "");
  EXPECT_GT(oracle.acknowledged(), rounds * 10);
  std::printf("%llu kills, %zu events acknowledged, seed %llu\n",
              static_cast<unsigned long long>(rounds), oracle.acknowledged(),
              static_cast<unsigned long long>(seed_));
}

}  // namespace
}  // namespace weir::e2e
