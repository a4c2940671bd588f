#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>

#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_port.h"

namespace weir::sim {
namespace {

constexpr std::uint64_t kPage = kPageBytes;

std::string pages(char fill, std::size_t count = 1) {
  return std::string(count * kPage, fill);
}

class SimDiskTest : public ::testing::Test {
 protected:
  std::int64_t done() {
    std::array<Completion, 4> out{};
    EXPECT_EQ(port_.reap(out), 1U);
    return out[0].result;
  }
  Handle open(const std::string& path, OpenMode mode = {.kind = OpenMode::Kind::create_new}) {
    port_.open(path, mode, 1);
    return Handle{static_cast<std::int32_t>(done())};
  }
  void write(Handle handle, const std::string& bytes, std::uint64_t at) {
    port_.write(handle, bytes, at, 1);
    EXPECT_EQ(done(), static_cast<std::int64_t>(bytes.size()));
  }
  std::int64_t sync(Handle handle) {
    port_.sync(handle, 1);
    return done();
  }
  void sync_names() {
    const Handle directory = open("d", {.kind = OpenMode::Kind::directory});
    port_.sync_directory(directory, 1);
    EXPECT_EQ(done(), 0);
  }
  // What many crashes leave of a file; "(none)" where it is gone.
  std::set<std::string> outcomes(const std::string& path) {
    std::set<std::string> found;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Random random(seed);
      const DiskImage image = world_.disk.crash(random);
      const auto file = image.files.find(path);
      found.insert(file == image.files.end() ? "(none)" : file->second->content);
    }
    return found;
  }

  World world_{1};
  SimPort port_{world_};
};

TEST_F(SimDiskTest, ACrashKeepsWhatWasSyncedAndAnyPartOfTheRest) {
  const Handle file = open("d/f");
  write(file, pages('a', 2), 0);
  EXPECT_EQ(sync(file), 0);
  EXPECT_TRUE(outcomes("d/f").contains("(none)"));  // the name was never synced
  sync_names();
  EXPECT_EQ(outcomes("d/f"), std::set<std::string>{pages('a', 2)});
  write(file, pages('b', 2), 0);
  const std::set<std::string> found = outcomes("d/f");
  EXPECT_TRUE(found.contains(pages('a', 2)));
  EXPECT_TRUE(found.contains(pages('b', 2)));
  EXPECT_TRUE(found.contains(pages('a') + pages('b')));  // in another order than written
  bool torn = false;
  for (const std::string& content : found) {
    const std::string page = content.substr(0, kPage);
    torn = torn || (page != pages('a') && page != pages('b'));
  }
  EXPECT_TRUE(torn);
  EXPECT_EQ(sync(file), 0);
  EXPECT_EQ(outcomes("d/f"), std::set<std::string>{pages('b', 2)});
}

TEST_F(SimDiskTest, NamesAreLostUntilTheirDirectoryIsSynced) {
  const Handle file = open("d/a");
  write(file, pages('x'), 0);
  EXPECT_EQ(sync(file), 0);
  sync_names();
  port_.rename("d/a", "d/b", 1);
  EXPECT_EQ(done(), 0);
  EXPECT_EQ(outcomes("d/a").size(), 2U);
  EXPECT_EQ(outcomes("d/b").size(), 2U);
  sync_names();
  EXPECT_EQ(outcomes("d/b"), std::set<std::string>{pages('x')});
  port_.remove("d/b", 1);
  EXPECT_EQ(done(), 0);
  EXPECT_EQ(outcomes("d/b").size(), 2U);
  sync_names();
  EXPECT_EQ(outcomes("d/b"), std::set<std::string>{"(none)"});
}

TEST_F(SimDiskTest, ASyncAfterAFailedOneProvesNothing) {
  const Handle file = open("d/f");
  sync_names();
  write(file, pages('a', 64), 0);
  world_.faults.sync_error = 1;
  EXPECT_EQ(sync(file), -EIO);
  world_.faults.sync_error = 0;
  EXPECT_EQ(sync(file), 0);
  for (const std::string& content : outcomes("d/f")) EXPECT_NE(content, pages('a', 64));
  write(file, pages('a', 64), 0);  // written anew
  EXPECT_EQ(sync(file), 0);
  EXPECT_EQ(outcomes("d/f"), std::set<std::string>{pages('a', 64)});
}

TEST_F(SimDiskTest, SpaceIsTakenAndGivenBack) {
  world_.disk_bytes_left = 10 * kPage;
  const Handle file = open("d/f");
  port_.allocate(file, 8 * kPage, 1);
  EXPECT_EQ(done(), 0);
  port_.allocate(file, 11 * kPage, 1);
  EXPECT_EQ(done(), -ENOSPC);
  write(file, pages('x', 8), 0);  // inside of what was allocated
  EXPECT_EQ(world_.disk_bytes_left, 2 * kPage);
  port_.truncate(file, kPage, 1);
  EXPECT_EQ(done(), 0);
  EXPECT_EQ(world_.disk_bytes_left, 9 * kPage);
  port_.remove("d/f", 1);
  EXPECT_EQ(done(), 0);
  EXPECT_EQ(world_.disk_bytes_left, 10 * kPage);
}

TEST_F(SimDiskTest, BothDoorsShowTheSameFiles) {
  SimDisk disk(world_);
  ASSERT_TRUE(disk.make_directories("d").ok());
  const Handle file = open("d/f");
  write(file, pages('x'), 0);
  const auto listed = disk.list("d");
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->at(0).name, "f");
  EXPECT_EQ(listed->at(0).size, kPage);
  auto opened = disk.open("d/f", Disk::Access::read);
  ASSERT_TRUE(opened.ok());
  std::string bytes(2 * kPage, '?');
  EXPECT_EQ((*opened)->read(bytes, 0).value(), kPage);
  EXPECT_EQ(bytes.substr(0, kPage), pages('x'));
  EXPECT_EQ(disk.open("d/g", Disk::Access::read).error().code, ENOENT);
  auto lock = disk.lock("d/lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(disk.lock("d/lock").error().code, EWOULDBLOCK);
}

TEST_F(SimDiskTest, WritesThatWentElsewhereAndStaleReadsSucceed) {
  const Handle file = open("d/f");
  write(file, pages('a', 4), 0);
  world_.faults.misdirected_write = 1;
  bool elsewhere = false;
  for (int i = 0; i < 20; ++i) {
    write(file, pages('b'), 0);
    elsewhere = elsewhere || world_.files.at("d/f")->content.find('b') >= kPage;
  }
  EXPECT_TRUE(elsewhere);
  world_.faults.stale_read = 1;
  std::string bytes(kPage, '?');
  port_.read(file, bytes, 0, 1);
  EXPECT_EQ(done(), static_cast<std::int64_t>(kPage));
  EXPECT_EQ(bytes, pages('\0'));
}

}  // namespace
}  // namespace weir::sim
