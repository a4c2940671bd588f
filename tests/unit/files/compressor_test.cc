// Compressing finished files: whole or not at all, and the original only goes when that is safe.
#include "io/files/compressor.h"

#include <sys/stat.h>

#include "io/files/whole_file.h"
#include "tests/unit/files/files_fixture.h"

namespace weir {
namespace {

using Compressing = FilesFixture;

TEST_F(Compressing, TurnsAFileIntoItsCompressedForm) {
  const std::string text = lines(30000);
  for (const auto& [compression, suffix] :
       {std::pair{Compression::gzip, ".gz"}, std::pair{Compression::zstd, ".zst"}}) {
    const std::string plain = put("out.ndjson.1", text);
    ::chmod(plain.c_str(), 0640);
    const auto made = compress_file(plain, compression);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(plain + suffix, *made);
    EXPECT_FALSE(std::filesystem::exists(plain));
    EXPECT_FALSE(std::filesystem::exists(*made + ".part"));
    EXPECT_LT(std::filesystem::file_size(*made), text.size() / 2);
    struct stat status {};
    ::stat(made->c_str(), &status);
    EXPECT_EQ(0640U, status.st_mode & 07777U);
    const auto back = read_whole_file(*made);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(text, *back);
  }
}

TEST_F(Compressing, EmptyFilesAndNoCompression) {
  const auto made = compress_file(put("empty", ""), Compression::gzip);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ("", *read_whole_file(*made));
  const std::string plain = put("plain", "x");
  EXPECT_EQ(plain, *compress_file(plain, Compression::none));
  EXPECT_TRUE(std::filesystem::exists(plain));
}

TEST_F(Compressing, FaultsLeaveTheOriginal) {
  EXPECT_FALSE(compress_file(path("none"), Compression::gzip).ok());
  EXPECT_FALSE(compress_file(directory_, Compression::gzip).ok());
  const std::string plain = put("plain", "x");
  std::filesystem::create_directory(plain + ".gz.part");
  const auto made = compress_file(plain, Compression::gzip);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(std::string::npos, made.error().message.find(plain));
  EXPECT_EQ("x", bytes_of(plain));
}

TEST_F(Compressing, TheBackgroundThreadFinishesItsQueue) {
  std::vector<std::string> finished;
  std::size_t faults = 0;
  {
    Compressor compressor([&](const std::string&, const Result<std::string>& result) {
      if (result.ok()) {
        finished.push_back(*result);
      } else {
        ++faults;
      }
    });
    for (int i = 0; i < 20; ++i) {
      compressor.add(put("file." + std::to_string(i), lines(100)),
                     i % 2 == 0 ? Compression::gzip : Compression::zstd);
    }
    compressor.add(path("none"), Compression::gzip);
  }
  EXPECT_EQ(20U, finished.size());
  EXPECT_EQ(1U, faults);
  for (const std::string& file : finished) EXPECT_EQ(lines(100), *read_whole_file(file));
}

}  // namespace
}  // namespace weir
