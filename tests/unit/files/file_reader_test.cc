// Reading files, globs, pipes and standard input; following through rotation.
#include "io/files/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/files/whole_file.h"
#include "tests/unit/files/files_fixture.h"

namespace weir {
namespace {

using Reader = FilesFixture;
using Following = FilesFixture;

std::string open_fault(const std::string& path, bool follow = false) {
  Memory memory;
  const auto reader = FileReader::open({path, follow}, memory);
  return reader.ok() ? "" : reader.error().message;
}

std::vector<Memory::File> read_all(const std::string& path) {
  Memory memory;
  auto reader = FileReader::open({path}, memory);
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  (*reader)->start();
  (*reader)->join();
  EXPECT_TRUE((*reader)->finished());
  return memory.files();
}

TEST_F(Reader, ReadsAGlobInByteOrderWhateverTheCompression) {
  put("b.json", "bb\n");
  put("a.json", compressed("aa\n", Compression::gzip));
  put("c.json", compressed("cc\n", Compression::zstd));
  put("B.json", "");
  std::filesystem::create_directory(path("d.json"));
  const auto files = read_all(path("*.json"));
  ASSERT_EQ(4U, files.size());
  EXPECT_EQ(path("B.json"), files[0].label);
  EXPECT_EQ("", files[0].bytes);
  EXPECT_EQ("aa\n", files[1].bytes);
  EXPECT_EQ("bb\n", files[2].bytes);
  EXPECT_EQ("cc\n", files[3].bytes);
  for (const auto& file : files) {
    EXPECT_EQ(1, file.ends);
    EXPECT_FALSE(file.failure.has_value());
  }
}

TEST_F(Reader, FaultsAreSaidBeforeItStarts) {
  EXPECT_NE(std::string::npos, open_fault(path("none.json")).find("no such file"));
  EXPECT_NE(std::string::npos, open_fault(path("*.none")).find("no file matches"));
  EXPECT_NE(std::string::npos, open_fault(directory_).find("is a directory"));
  EXPECT_NE(std::string::npos, open_fault(directory_, true).find("is a directory"));
  EXPECT_NE(std::string::npos, open_fault(path("*.none")).find(path("*.none")));
  if (::geteuid() != 0) {
    ::chmod(put("secret", "x").c_str(), 0);
    EXPECT_NE(std::string::npos, open_fault(path("secret")).find("no right"));
  }
}

TEST_F(Reader, DamageNamesFileAndPlaceAndTheNextFileIsRead) {
  const std::string text = lines(1000);
  const std::string packed = compressed(text, Compression::gzip);
  put("1.gz", std::string_view(packed).substr(0, packed.size() / 2));
  put("2.gz", packed);
  Memory memory;
  auto reader = FileReader::open({path("*.gz")}, memory);
  ASSERT_TRUE(reader.ok());
  (*reader)->start();
  (*reader)->join();
  const auto files = memory.files();
  ASSERT_EQ(2U, files.size());
  ASSERT_TRUE(files[0].failure.has_value());
  EXPECT_NE(std::string::npos, files[0].failure->find(path("1.gz")));
  EXPECT_NE(std::string::npos,
            files[0].failure->find("at byte " + std::to_string(packed.size() / 2)));
  EXPECT_GT(files[0].bytes.size(), 0U);
  EXPECT_TRUE(text.starts_with(files[0].bytes));
  EXPECT_EQ(text, files[1].bytes);
  ASSERT_EQ(1U, (*reader)->errors().size());
}

TEST_F(Reader, ANamedPipeIsReadToItsEnd) {
  ASSERT_EQ(0, ::mkfifo(path("pipe").c_str(), 0600));
  Memory memory;
  auto reader = FileReader::open({path("pipe")}, memory);
  ASSERT_TRUE(reader.ok());
  (*reader)->start();
  {
    std::ofstream pipe(path("pipe"));
    pipe << "one\ntw" << std::flush;
    EXPECT_TRUE(memory.wait_until(
        [](const auto& files) { return !files.empty() && files[0].bytes == "one\ntw"; }));
    EXPECT_TRUE(memory.wait_until([](const auto& files) { return files[0].idles > 0; }));
    pipe << "o\n";
  }
  (*reader)->join();
  EXPECT_EQ("one\ntwo\n", memory.files()[0].bytes);
  EXPECT_EQ(1, memory.files()[0].ends);
}

TEST_F(Reader, StopEndsAWaitForAPipe) {
  ASSERT_EQ(0, ::mkfifo(path("pipe").c_str(), 0600));
  Memory memory;
  auto reader = FileReader::open({path("pipe")}, memory);
  ASSERT_TRUE(reader.ok());
  (*reader)->start();
  EXPECT_TRUE(memory.wait_until([](const auto& files) { return files.size() == 1; }));
  (*reader)->stop();
  (*reader)->join();
  EXPECT_TRUE((*reader)->finished());
  EXPECT_EQ(1, memory.files()[0].ends);
}

TEST_F(Reader, StandardInput) {
  const std::string text = lines(1000);
  const int saved = ::dup(0);
  const int file = ::open(put("input", compressed(text, Compression::zstd)).c_str(), O_RDONLY);
  ::dup2(file, 0);
  ::close(file);
  const auto files = read_all("-");
  ::lseek(0, 0, SEEK_SET);
  const auto whole = read_whole_file("-");
  ::dup2(saved, 0);
  ::close(saved);
  ASSERT_EQ(1U, files.size());
  EXPECT_EQ("standard input", files[0].label);
  EXPECT_EQ(text, files[0].bytes);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(text, *whole);
}

TEST_F(Reader, WholeFiles) {
  const std::string text = lines(1000);
  const std::string packed = compressed(text, Compression::gzip);
  const auto good = read_whole_file(put("good.gz", packed));
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(text, *good);
  const std::string cut = put("cut.gz", std::string_view(packed).substr(0, packed.size() - 1));
  EXPECT_FALSE(read_whole_file(cut).ok());
  const auto contents = read_file_contents(cut);
  ASSERT_TRUE(contents.ok());
  EXPECT_TRUE(contents->damage.has_value());
  EXPECT_EQ(text, contents->bytes);
  EXPECT_FALSE(read_file_contents(path("none")).ok());
  EXPECT_FALSE(read_file_contents(directory_).ok());
}

class Follow {
 public:
  Follow(const std::string& path, Memory& memory, Nanoseconds grace = 50ms) {
    FileReaderOptions options{path, true, 1ms, grace};
    auto reader = FileReader::open(options, memory);
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    reader_ = std::move(reader).value();
    reader_->start();
  }
  void stop() {
    reader_->stop();
    reader_->join();
  }
  FileReader& reader() { return *reader_; }

 private:
  std::unique_ptr<FileReader> reader_;
};

TEST_F(Following, WaitsForTheFileAndForItsGrowth) {
  Memory memory;
  Follow follow(path("log"), memory);
  put("log", "one\n");
  EXPECT_TRUE(memory.wait_for_bytes("one\n"));
  append("log", "tw");
  EXPECT_TRUE(memory.wait_for_bytes("one\ntw"));
  append("log", "o\n");
  EXPECT_TRUE(memory.wait_for_bytes("one\ntwo\n"));
  EXPECT_FALSE(follow.reader().finished());
  follow.stop();
  ASSERT_EQ(1U, memory.files().size());
  EXPECT_EQ(1, memory.files()[0].ends);
  EXPECT_GT(memory.files()[0].idles, 0);
}

TEST_F(Following, RotationByRenameLosesNothing) {
  Memory memory;
  put("log", "1\n");
  Follow follow(path("log"), memory);
  EXPECT_TRUE(memory.wait_for_bytes("1\n"));
  std::filesystem::rename(path("log"), path("log.1"));
  append("log.1", "2\n");  // the writer has not noticed yet
  EXPECT_TRUE(memory.wait_for_bytes("1\n2\n"));
  put("log", "3\n");
  append("log.1", "late\n");
  EXPECT_TRUE(memory.wait_until([](const auto& files) {
    return files.size() == 2 && files[0].bytes == "1\n2\nlate\n" && files[1].bytes == "3\n";
  }));
  EXPECT_TRUE(memory.wait_until([](const auto& files) { return files[0].ends == 1; }));
  append("log", "4\n");
  EXPECT_TRUE(memory.wait_until([](const auto& files) { return files[1].bytes == "3\n4\n"; }));
  follow.stop();
  EXPECT_EQ(2U, memory.files().size());
}

TEST_F(Following, RenamedFilesThatTheGlobStillMatchesAreNotReadTwice) {
  Memory memory;
  put("log", "1\n");
  Follow follow(path("log*"), memory, 5ms);
  EXPECT_TRUE(memory.wait_for_bytes("1\n"));
  for (int i = 2; i < 8; ++i) {
    std::filesystem::rename(path("log"), path("log." + std::to_string(i)));
    put("log", std::to_string(i) + "\n");
    EXPECT_TRUE(memory.wait_until([&](const auto& files) {
      return files.size() == static_cast<std::size_t>(i) && files.back().bytes.size() == 2 &&
             files[files.size() - 2].ends == 1;
    }));
  }
  follow.stop();
  EXPECT_EQ(7U, memory.files().size());
}

TEST_F(Following, TruncationStartsAnew) {
  Memory memory;
  put("log", "first\nsecond\n");
  Follow follow(path("log"), memory);
  EXPECT_TRUE(memory.wait_for_bytes("first\nsecond\n"));
  put("log", "new\n");
  EXPECT_TRUE(memory.wait_until([](const auto& files) {
    return files.size() == 2 && files[0].ends == 1 && files[1].bytes == "new\n";
  }));
  follow.stop();
}

TEST_F(Following, DeletedFilesAreLetGo) {
  Memory memory;
  put("log", "1\n");
  Follow follow(path("log"), memory, 5ms);
  EXPECT_TRUE(memory.wait_for_bytes("1\n"));
  std::filesystem::remove(path("log"));
  EXPECT_TRUE(memory.wait_until([](const auto& files) { return files[0].ends == 1; }));
  put("log", "2\n");
  EXPECT_TRUE(memory.wait_for_bytes("1\n2\n"));
  follow.stop();
}

TEST_F(Following, ThroughManyRotationsUnderLoad) {
  Memory memory;
  Follow follow(path("log"), memory);
  std::string all;
  put("log", "");
  for (int i = 0; i < 300; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    append("log", line);
    all += line;
    if (i % 30 == 29) {
      // Every file must be seen once before it is rotated away.
      EXPECT_TRUE(memory.wait_for_bytes(all));
      std::filesystem::rename(path("log"), path("old." + std::to_string(i)));
      put("log", "");
    }
  }
  EXPECT_TRUE(memory.wait_for_bytes(all));
  follow.stop();
}

}  // namespace
}  // namespace weir
