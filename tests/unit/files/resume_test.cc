// Going on with files where an earlier run left them.
#include <gtest/gtest.h>

#include "io/files/file_reader.h"
#include "tests/unit/files/files_fixture.h"

namespace weir {
namespace {

// Takes whole lines, as a filler of blocks would, and marks what it took.
class Taker final : public ByteSinkFactory {
 public:
  struct File {
    std::string label;
    std::string lines;        // whole ones, behind the mark
    std::uint64_t given = 0;  // bytes, those that were passed over included
    FileMark mark;
    std::vector<std::string> notices;
    int ends = 0;
  };

  std::unique_ptr<ByteSink> open(const std::string& label) override {
    const std::lock_guard lock(mutex_);
    files_.push_back(std::make_unique<File>());
    files_.back()->label = label;
    return std::make_unique<Sink>(mutex_, *files_.back());
  }
  std::vector<File> files() const {
    const std::lock_guard lock(mutex_);
    std::vector<File> copy;
    for (const auto& file : files_) copy.push_back(*file);
    return copy;
  }
  std::vector<FileMark> marks() const {
    std::vector<FileMark> marks;
    for (const File& file : files()) marks.push_back(file.mark);
    return marks;
  }
  bool wait_for_lines(const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (all_lines() != text) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  std::string all_lines() const {
    std::string all;
    for (const File& file : files()) all += file.lines;
    return all;
  }

 private:
  class Sink final : public ByteSink {
   public:
    Sink(std::mutex& mutex, File& file) : mutex_(mutex), file_(file) {}
    void identify(const FileMark& file) override {
      const std::lock_guard lock(mutex_);
      const std::uint64_t offset = file_.mark.offset;
      file_.mark = file;
      file_.mark.offset = offset;
    }
    void resume(const FileMark& mark) override {
      const std::lock_guard lock(mutex_);
      skip_ = file_.mark.offset = mark.offset;
    }
    std::uint64_t leave_out(std::uint64_t bytes_max) override {
      const std::lock_guard lock(mutex_);
      return pass_over(bytes_max);
    }
    void notice(const std::string& text) override {
      const std::lock_guard lock(mutex_);
      file_.notices.push_back(text);
    }
    bool consume(std::span<const char> bytes) override {
      const std::lock_guard lock(mutex_);
      file_.given += bytes.size();
      const std::uint64_t passed = pass_over(bytes.size());
      carry_.append(bytes.data() + passed, bytes.size() - passed);
      const std::size_t end = carry_.rfind('\n') + 1;
      file_.lines += carry_.substr(0, end);
      file_.mark.offset += end;
      carry_.erase(0, end);
      return true;
    }
    void fail(const Error& error) override { notice(error.message); }
    void end() override {
      const std::lock_guard lock(mutex_);
      ++file_.ends;
    }

   private:
    std::uint64_t pass_over(std::uint64_t bytes_max) {
      const std::uint64_t bytes = std::min(skip_, bytes_max);
      skip_ -= bytes;
      return bytes;
    }
    std::mutex& mutex_;
    File& file_;
    std::string carry_;
    std::uint64_t skip_ = 0;
  };

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<File>> files_;
};

class Resuming : public FilesFixture {
 protected:
  static std::vector<Taker::File> read(const std::string& path, std::vector<FileMark> marks = {}) {
    Taker taker;
    auto reader = FileReader::open({.path = path, .marks = std::move(marks)}, taker);
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    (*reader)->start();
    (*reader)->join();
    return taker.files();
  }
  // The mark of the first `lines` lines of a file.
  static FileMark cut_mark(const std::string& path, std::string_view text, std::size_t lines) {
    FileMark mark = read(path).at(0).mark;
    mark.offset = 0;
    for (; lines > 0; --lines) mark.offset = text.find('\n', mark.offset) + 1;
    return mark;
  }
};

TEST_F(Resuming, GoesOnBehindTheMarkWhateverTheCompression) {
  const std::string text = lines(30'000);
  for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const std::string file =
        put("log", compression == Compression::none ? text : compressed(text, compression));
    for (const std::size_t line : {0U, 1U, 777U, 29'999U, 30'000U}) {
      const FileMark mark = cut_mark(file, text, line);
      const auto files = read(file, {mark});
      ASSERT_EQ(files.size(), 1U);
      EXPECT_TRUE(files[0].lines == text.substr(mark.offset));
      EXPECT_EQ(files[0].mark.offset, text.size());
      EXPECT_EQ(files[0].notices, std::vector<std::string>{});
    }
  }
}

TEST_F(Resuming, APlainFileIsNotReadUpToTheMark) {
  const std::string text = lines(200'000);
  const std::string file = put("log", text);
  const FileMark mark = cut_mark(file, text, 199'000);
  const auto files = read(file, {mark});
  EXPECT_TRUE(files[0].lines == text.substr(mark.offset));
  EXPECT_LT(files[0].given, text.size() / 4);
}

TEST_F(Resuming, AMarkIsTheFilesWhateverItsName) {
  const std::string text = lines(100);
  const FileMark mark = cut_mark(put("b", text), text, 60);
  put("a", lines(50, 2));
  std::filesystem::rename(path("b"), path("z"));
  const auto files = read(path("*"), {mark});
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].lines, lines(50, 2));
  EXPECT_EQ(files[1].lines, text.substr(mark.offset));
}

TEST_F(Resuming, AFileWrittenAnewInPlaceIsReadFromItsStartAndSaidSo) {
  const std::string text = lines(100);
  const FileMark mark = cut_mark(put("log", text), text, 60);
  const std::string other = lines(500, 9);
  put("log", "{\"other\":1}\n" + other);  // the same inode
  const auto files = read(path("log"), {mark});
  EXPECT_EQ(files[0].lines, "{\"other\":1}\n" + other);
  ASSERT_EQ(files[0].notices.size(), 1U);
  EXPECT_NE(files[0].notices[0].find("written anew"), std::string::npos);
}

TEST_F(Resuming, AShortenedFileIsReadFromItsStartAndSaidSo) {
  const std::string text = lines(1000);
  const FileMark mark = cut_mark(put("log", text), text, 900);
  for (const std::size_t size : {std::size_t{10'000}, std::size_t{100}, std::size_t{0}}) {
    put("log", text.substr(0, size));  // its start is as it was
    const auto files = read(path("log"), {mark});
    EXPECT_TRUE(files[0].lines == text.substr(0, text.substr(0, size).rfind('\n') + 1)) << size;
    ASSERT_EQ(files[0].notices.size(), 1U) << size;
    EXPECT_NE(files[0].notices[0].find("shorter"), std::string::npos);
  }
}

TEST_F(Resuming, AnotherFileOfTheNameIsNew) {
  const std::string text = lines(100);
  const FileMark mark = cut_mark(put("log", text), text, 60);
  std::filesystem::rename(path("log"), path("old"));
  put("log", text);
  const auto files = read(path("log"), {mark});
  EXPECT_EQ(files[0].lines, text);
  EXPECT_EQ(files[0].notices, std::vector<std::string>{});
}

TEST_F(Resuming, AMarkMadeWhileTheFileWasShortHolds) {
  const FileMark mark = [this] {
    put("log", "one\n");
    return read(path("log")).at(0).mark;
  }();
  EXPECT_EQ(mark.head_bytes, 4U);
  append("log", lines(1000));
  const auto files = read(path("log"), {mark});
  EXPECT_EQ(files[0].lines, lines(1000));
  EXPECT_EQ(files[0].mark.head_bytes, 1024U);
}

class Following {
 public:
  Following(const std::string& path, std::vector<FileMark> marks) {
    auto reader = FileReader::open(
        {.path = path, .follow = true, .look_every = 1ms, .old_grace = 50ms, .marks = marks},
        taker);
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    reader_ = std::move(reader).value();
    reader_->start();
  }
  std::vector<FileMark> stop() {
    reader_->stop();
    reader_->join();
    return taker.marks();
  }
  Taker taker;

 private:
  std::unique_ptr<FileReader> reader_;
};

TEST_F(Resuming, FollowingGoesOnThroughRestarts) {
  put("log", "");
  std::vector<FileMark> marks;
  for (int i = 0; i < 10; ++i) {
    const std::string more = "line " + std::to_string(i) + "\n";
    append("log", more);
    Following run(path("log"), marks);
    EXPECT_TRUE(run.taker.wait_for_lines(more));
    append("log", "later\nhal");  // an unfinished line is not taken
    EXPECT_TRUE(run.taker.wait_for_lines(more + "later\n"));
    marks = run.stop();
    append("log", "f\n");
    Following rest(path("log"), marks);
    EXPECT_TRUE(rest.taker.wait_for_lines("half\n"));
    marks = rest.stop();
  }
}

TEST_F(Resuming, ARotationInBetweenLosesNothing) {
  put("log", "1\n");
  std::vector<FileMark> marks;
  {
    Following run(path("log"), {});
    EXPECT_TRUE(run.taker.wait_for_lines("1\n"));
    marks = run.stop();
  }
  append("log", "2\n");
  std::filesystem::rename(path("log"), path("log.1"));
  put("log", "3\n");
  put("unrelated", "no line of ours\n");
  Following run(path("log"), marks);
  // In which order the two are read does not matter.
  for (int i = 0; i < 20'000 && run.taker.all_lines().size() < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto files = run.taker.files();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].lines, "3\n");
  EXPECT_EQ(files[1].lines, "2\n");
  append("log.1", "late\n");
  for (int i = 0; i < 20'000 && run.taker.files()[1].ends == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(run.taker.files()[1].ends, 1);  // let go once it is quiet
  run.stop();
}

TEST_F(Resuming, TruncationWhileItRunsBeginsANewMark) {
  put("log", lines(100));
  Following run(path("log"), {});
  EXPECT_TRUE(run.taker.wait_for_lines(lines(100)));
  put("log", "new\n");
  EXPECT_TRUE(run.taker.wait_for_lines(lines(100) + "new\n"));
  const std::vector<FileMark> marks = run.stop();
  ASSERT_EQ(marks.size(), 2U);
  append("log", "more\n");
  EXPECT_EQ(read(path("log"), marks).at(0).lines, "more\n");  // the later mark counts
}

}  // namespace
}  // namespace weir
