#include "io/disk/real_disk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/port/port.h"

namespace weir {
namespace {

class RealDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "weir-disk-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  std::string at(const std::string& name) const { return top_ + "/" + name; }
  // A whole page at a page's boundary, and one that is neither.
  static std::string read_all(DiskFile& file) {
    alignas(kDirectBytes) static char pages[4 * kDirectBytes];
    auto count = file.read(pages, 0);
    EXPECT_TRUE(count.ok()) << count.error().message;
    return {pages, *count};
  }

  RealDisk disk_;
  std::string top_;
};

TEST_F(RealDiskTest, ReadsWhatWasWrittenByPagesAndByPieces) {
  std::string content;
  for (int i = 0; i < 3000; ++i) content += static_cast<char>('a' + i * 7 % 26);
  content += content + content;  // 9000 bytes: two pages and a part
  {
    auto file = disk_.open(at("f"), Disk::Access::create);
    ASSERT_TRUE(file.ok()) << file.error().message;
    ASSERT_TRUE((*file)->write(content, 0).ok());
    ASSERT_TRUE((*file)->sync().ok());
    EXPECT_EQ((*file)->size(), content.size());
    EXPECT_EQ(read_all(**file), content);
  }
  auto file = disk_.open(at("f"), Disk::Access::read);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(read_all(**file), content);
  std::string piece(10, '?');
  auto count = (*file)->read(piece, 4091);
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(piece, content.substr(4091, 10));
  EXPECT_EQ(*(*file)->read(piece, 9000), 0U);
  EXPECT_FALSE((*file)->write("x", 0).ok());
  EXPECT_EQ(::access(at("f").c_str(), X_OK), -1);
}

TEST_F(RealDiskTest, KnowsWhereDataBeginsAgain) {
  auto file = disk_.open(at("f"), Disk::Access::create);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->write("data", kMiB).ok());
  ASSERT_TRUE((*file)->truncate(2 * kMiB).ok());
  ASSERT_TRUE((*file)->sync().ok());
  const std::uint64_t found = (*file)->next_data(0);
  EXPECT_LE(found, kMiB);  // 0 where the file system cannot tell
  EXPECT_EQ((*file)->next_data(kMiB), kMiB);
  const std::uint64_t behind = (*file)->next_data(kMiB + 64 * kKiB);
  EXPECT_TRUE(behind == 2 * kMiB || behind == kMiB + 64 * kKiB) << behind;
}

TEST_F(RealDiskTest, RefusesWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(disk_.open(at("file"), Disk::Access::create).ok());
  ASSERT_EQ(::symlink(at("file").c_str(), at("link").c_str()), 0);
  EXPECT_EQ(disk_.open(at("pipe"), Disk::Access::read).error().code, EINVAL);
  EXPECT_EQ(disk_.open(at("link"), Disk::Access::read).error().code, ELOOP);
  EXPECT_EQ(disk_.open(at("link"), Disk::Access::create).error().code, ELOOP);
  EXPECT_EQ(disk_.open(at("none"), Disk::Access::read_write).error().code, ENOENT);
  EXPECT_FALSE(disk_.open(top_, Disk::Access::read).ok());
  EXPECT_NE(disk_.open(at("none"), Disk::Access::read).error().message.find(at("none")),
            std::string::npos);
}

TEST_F(RealDiskTest, ListsMakesRenamesAndRemoves) {
  ASSERT_TRUE(disk_.make_directories(at("a/b/c")).ok());
  ASSERT_TRUE(disk_.make_directories(at("a/b/c")).ok());
  ASSERT_TRUE(disk_.make_directories(at("a/b/c/")).ok());
  struct stat status {};
  ASSERT_EQ(::stat(at("a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_TRUE(disk_.open(at("a/z"), Disk::Access::create).ok());
  ASSERT_TRUE(disk_.open(at("a/c"), Disk::Access::create).ok());
  ASSERT_EQ(::symlink("nowhere", at("a/link").c_str()), 0);
  auto entries = disk_.list(at("a"));
  ASSERT_TRUE(entries.ok());
  std::string names;
  for (const Disk::Entry& entry : *entries) {
    names += entry.name + std::to_string(static_cast<int>(entry.kind)) + " ";
  }
  EXPECT_EQ(names, "b1 c0 link2 z0 ");
  ASSERT_TRUE(disk_.rename(at("a/z"), at("a/c")).ok());
  ASSERT_TRUE(disk_.sync_directory(at("a")).ok());
  EXPECT_EQ(disk_.list(at("a"))->size(), 3U);
  ASSERT_TRUE(disk_.remove(at("a/c")).ok());
  EXPECT_EQ(disk_.remove(at("a/c")).error().code, ENOENT);
  EXPECT_EQ(disk_.list(at("none")).error().code, ENOENT);
  EXPECT_EQ(disk_.make_directories(at("a/link")).ok(), false);
  EXPECT_GT(*disk_.free_space(top_), 0U);
  EXPECT_FALSE(disk_.free_space(at("none")).ok());
}

TEST_F(RealDiskTest, ALockIsHeldOnce) {
  {
    auto lock = disk_.lock(at("lock"));
    ASSERT_TRUE(lock.ok()) << lock.error().message;
    EXPECT_EQ(RealDisk().lock(at("lock")).error().code, EWOULDBLOCK);
  }
  EXPECT_TRUE(disk_.lock(at("lock")).ok());
}

}  // namespace
}  // namespace weir
