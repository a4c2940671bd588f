#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/unit/ring/ring_fixture.h"

namespace weir {
namespace {

// Memory as O_DIRECT wants it.
class Page {
 public:
  explicit Page(char fill) : memory_(static_cast<char*>(std::aligned_alloc(kBytes, kBytes))) {
    std::memset(memory_, fill, kBytes);
  }
  ~Page() { std::free(memory_); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  std::span<char> bytes() { return {memory_, kBytes}; }
  static constexpr std::size_t kBytes = kDirectBytes;

 private:
  char* memory_;
};

class RingFiles : public RingFixture {
 protected:
  Handle open(const std::string& path, OpenMode mode) {
    port_->open(path, mode, 1);
    return Handle(static_cast<std::int32_t>(finish(1).result));
  }
  std::int64_t result() { return finish(2).result; }
  TemporaryDirectory directory_;
};

TEST_F(RingFiles, AllocatesWritesSyncsAndReadsPastTheCache) {
  const std::string path = directory_ / "segment";
  bool direct = true;
  Handle file = open(path, {.kind = OpenMode::Kind::create_new, .direct = true});
  if (file.value == -EINVAL) {  // tmpfs: the file was made all the same
    direct = false;
    std::filesystem::remove(path);
    file = open(path, {.kind = OpenMode::Kind::create_new});
  }
  ASSERT_GE(file.value, 0);
  port_->allocate(file, 4 * Page::kBytes, 2);
  ASSERT_EQ(0, result());
  EXPECT_EQ(4 * Page::kBytes, port_->file_size(file));
  Page page('x');
  port_->write(file, page.bytes(), Page::kBytes, 2);
  EXPECT_EQ(static_cast<std::int64_t>(Page::kBytes), result());
  port_->sync(file, 2);
  EXPECT_EQ(0, result());

  const Handle again = open(path, {.kind = OpenMode::Kind::read_only, .direct = direct});
  ASSERT_GE(again.value, 0);
  Page back('?');
  port_->read(again, back.bytes(), Page::kBytes, 2);
  EXPECT_EQ(static_cast<std::int64_t>(Page::kBytes), result());
  EXPECT_EQ(0, std::memcmp(page.bytes().data(), back.bytes().data(), Page::kBytes));
  port_->read(again, back.bytes(), 0, 2);
  EXPECT_EQ(static_cast<std::int64_t>(Page::kBytes), result());
  EXPECT_EQ(0, back.bytes()[17]);  // allocated and never written: zeros
  port_->read(again, back.bytes(), 4 * Page::kBytes, 2);
  EXPECT_EQ(0, result());  // the end of the file

  port_->truncate(file, 2 * Page::kBytes, 2);
  EXPECT_EQ(0, result());
  EXPECT_EQ(2 * Page::kBytes, port_->file_size(again));
  port_->close(file);
  port_->close(again);
}

TEST_F(RingFiles, MakesAFileOnceAndForItsOwnerOnly) {
  const std::string path = directory_ / "new";
  const Handle file = open(path, {.kind = OpenMode::Kind::create_new});
  ASSERT_GE(file.value, 0);
  struct stat status {};
  ASSERT_EQ(0, ::stat(path.c_str(), &status));
  EXPECT_EQ(0600U, status.st_mode & 0777U);
  EXPECT_EQ(-EEXIST, open(path, {.kind = OpenMode::Kind::create_new}).value);
  port_->close(file);
}

TEST_F(RingFiles, RemovesAndSyncsNames) {
  const std::string path = directory_ / "gone";
  const Handle file = open(path, {});
  ASSERT_GE(file.value, 0);
  port_->remove(path, 2);
  EXPECT_EQ(0, result());
  EXPECT_FALSE(std::filesystem::exists(path));
  port_->remove(path, 2);
  EXPECT_EQ(-ENOENT, result());
  const Handle folder = open(directory_ / "", {.kind = OpenMode::Kind::directory});
  ASSERT_GE(folder.value, 0);
  port_->sync_directory(folder, 2);
  EXPECT_EQ(0, result());
  port_->close(file);
  port_->close(folder);
}

TEST_F(RingFiles, ReadsNeitherThroughLinksNorFifosForEver) {
  const std::string target = directory_ / "target";
  port_->close(open(target, {}));
  std::filesystem::create_symlink(target, directory_ / "link");
  EXPECT_EQ(-ELOOP, open(directory_ / "link", {.kind = OpenMode::Kind::read_only}).value);
  ASSERT_EQ(0, ::mkfifo((directory_ / "fifo").c_str(), 0600));
  const Handle fifo = open(directory_ / "fifo", {.kind = OpenMode::Kind::read_only});
  EXPECT_GE(fifo.value, 0);  // at once, though nobody writes
  port_->close(fifo);
  EXPECT_EQ(-ENOTDIR, open(target, {.kind = OpenMode::Kind::directory}).value);
}

}  // namespace
}  // namespace weir
