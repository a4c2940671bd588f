// A full disk: a small file system of memory of its own, where this process may mount one.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/oracle.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

constexpr std::uint64_t kMebi = 1U << 20U;

class RunFullDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(dir_.file("disk"));
    mounted_ = ::mount("weir-test", dir_.file("disk").c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                       "size=64m,mode=700") == 0;
    if (!mounted_) GTEST_SKIP() << "no file system can be mounted here";
    config_ = new_config();
    config_["data_dir"] = dir_.file("disk");
    config_["sources"]["in"]["acks"] = true;
    config_["pipeline"]["drain"] = "3s";
    add_rule(config_, "any", any_event(), {"file"});
    add_file_target(config_, "file", dir_.file("file.ndjson"));
  }
  void TearDown() override {
    if (mounted_) ::umount2(dir_.file("disk").c_str(), MNT_DETACH);
  }
  std::uint64_t free_bytes() const {
    struct statvfs status {};
    EXPECT_EQ(::statvfs(dir_.file("disk").c_str(), &status), 0);
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }
  // Something else takes the space until so much is left.
  void fill_up_to(std::uint64_t left) {
    const std::uint64_t room = free_bytes() + file_size(dir_.file("disk/filler"));
    write_file(dir_.file("disk/filler"), std::string(room > left ? room - left : 0, 'x'));
  }
  void empty() { std::filesystem::remove(dir_.file("disk/filler")); }
  std::string input() {
    EXPECT_EQ(run_to_end(dir_, "tool", {"log", "stat", dir_.file("disk"), "--json"}), 0);
    const Json stat = Json::parse(read_file(dir_.file("tool.out")), nullptr, false);
    return stat["buses"][0].value("input", "");
  }

  const TempDir dir_;
  bool mounted_ = false;
  Json config_;
  Oracle oracle_{7};
};

TEST_F(RunFullDisk, SlowsRefusesAndGoesOnByItselfAgainAndAgain) {
  Router router(dir_, config_);
  Oracle::Sender sender(oracle_, router.port());
  ASSERT_TRUE(sender.send(1000));
  ASSERT_TRUE(eventually([&] { return (sender.listen(), sender.acknowledged() == 1000); }));
  for (std::uint64_t round = 1; round <= 5; ++round) {
    fill_up_to(5 * kMebi);  // between the marks: a tenth and a twentieth of 64 MiB
    ASSERT_TRUE(eventually([&] { return input().starts_with("slowed"); })) << input();
    ASSERT_TRUE(sender.send(200));
    const std::uint64_t so_far = round * 200 + (round - 1) * 300 + 1000;
    ASSERT_TRUE(eventually([&] { return (sender.listen(), sender.acknowledged() == so_far); }))
        << "slowed, and yet it takes";
    fill_up_to(0);
    ASSERT_TRUE(eventually([&] { return input() == "refusing, the disk is full"; })) << input();
    ASSERT_TRUE(sender.send(300));  // what is under way may be taken, the rest is not read
    // A second sender is told why nothing is taken.
    Oracle::Sender other(oracle_, router.port());
    ASSERT_TRUE(other.send(1));
    ASSERT_TRUE(eventually([&] { return (other.listen(), !other.errors().empty()); }));
    EXPECT_EQ(other.errors()[0], "nothing is taken for now: the disk is full");
    EXPECT_EQ(other.acknowledged(), 0U);
    empty();
    ASSERT_TRUE(
        eventually([&] { return (sender.listen(), sender.acknowledged() == so_far + 300); }));
    EXPECT_TRUE(other.finish());
    EXPECT_EQ(input(), "accepting");
    EXPECT_TRUE(router.process().running());
  }
  EXPECT_TRUE(sender.finish());
  EXPECT_TRUE(eventually([&] { return oracle_.complete(dir_.file("file.ndjson")); }));
  const Json report = router.stop();
  EXPECT_EQ(oracle_.judge(dir_.file("file.ndjson")), "");
  EXPECT_GT(report["ingest"]["waits_for_bus"].get<int>(), 0);
  EXPECT_GT(report["logs"]["default"]["times_full"].get<int>(), 0);
}

// The log itself fills the disk while a target takes nothing; it neither loses anything nor ends.
TEST_F(RunFullDisk, ALogThatFillsTheDiskWaitsForItsTarget) {
  const std::uint16_t port = unused_port();
  config_["rules"]["any"]["targets"] = {"dead"};
  config_["targets"] = Json::object();
  add_tcp_target(config_, "dead", port);
  config_["buses"]["default"] = {{"retain", {{"time", "0ms"}}}};
  Router router(dir_, config_);
  Oracle::Sender sender(oracle_, router.port());
  while (sender.errors().empty()) {
    if (sender.sent() - sender.acknowledged() < 2000) {
      ASSERT_TRUE(sender.send(500));
    }
    sender.listen();
    ASSERT_TRUE(router.process().running()) << router.process().errors();
    ASSERT_LT(sender.sent(), 5'000'000U) << "64 MiB hold no more";
  }
  EXPECT_EQ(sender.errors()[0].find("nothing is taken for now: "), 0U) << sender.errors()[0];
  // Killed in this state, it starts again and delivers all of it.
  router.process().signal(SIGKILL);
  router.process().wait();
  sender.listen();
  SinkProcess sink(dir_, ListenAt("127.0.0.1:" + std::to_string(port)), "sink");
  Router again(dir_, config_);
  EXPECT_TRUE(eventually([&] { return oracle_.complete(sink.received_path()); }));
  EXPECT_EQ(oracle_.judge(sink.received_path()), "");
  Oracle::Sender more(oracle_, again.port());
  ASSERT_TRUE(more.send(1000));
  EXPECT_TRUE(more.finish()) << "there is room again";
  again.stop();
}

}  // namespace
}  // namespace weir::e2e
