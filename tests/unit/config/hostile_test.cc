// Files that are no configuration at all: each is refused, named, and never waited for.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/random.h"
#include "io/config/source_text.h"
#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HostileFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  // The only fault of loading the file, without the path in front.
  static std::string fault_of(const std::string& file) {
    const auto loaded = load_catalog(file, test_options());
    if (loaded) return "no fault";
    const std::string text = to_string(loaded.error().front());
    EXPECT_TRUE(text.starts_with(file + ":")) << text;
    return text.substr(file.size());
  }

  std::filesystem::path folder_;
};

TEST_F(HostileFile, NotARegularFile) {
  EXPECT_EQ(fault_of(path("missing")), ": cannot be read: No such file or directory");
  EXPECT_EQ(fault_of(folder_.string()), ": is a directory, a regular file is needed");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(fault_of(path("fifo")), ": is a pipe, a regular file is needed");
  EXPECT_EQ(fault_of("/dev/zero"), ": is a device, a regular file is needed");
  std::filesystem::create_symlink(path("loop"), path("loop"));
  EXPECT_EQ(fault_of(path("loop")), ": cannot be read: Too many levels of symbolic links");
}

TEST_F(HostileFile, TooLarge) {
  const std::string file = write("hole", "");
  ASSERT_EQ(::truncate(file.c_str(), 10LL << 30U), 0);
  EXPECT_EQ(fault_of(file), ": is larger than 4MiB, the most that is read");
}

TEST_F(HostileFile, NotText) {
  EXPECT_EQ(fault_of(write("nul", std::string("sources:\n  a\0b", 14))),
            ":2:4: a NUL byte, the file must be UTF-8 text");
  EXPECT_EQ(fault_of(write("utf16", std::string("\xff\xfes\0o\0", 6))),
            ": is UTF-16 text, save it as UTF-8");
  EXPECT_EQ(fault_of(write("latin1", "# caf\xe9\nx: 1")),
            ":1:6: a byte that is not UTF-8, save the file as UTF-8");
  EXPECT_EQ(fault_of(write("surrogate", "a: \xed\xa0\x80")),
            ":1:4: a byte that is not UTF-8, save the file as UTF-8");
}

TEST_F(HostileFile, EmptyInManyWays) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "\xef\xbb\xbf"}) {
    EXPECT_THAT(fault_of(write("empty", text)), HasSubstr("")) << text;
    EXPECT_NE(fault_of(path("empty")), "no fault") << text;
  }
}

TEST_F(HostileFile, AByteOrderMarkIsDropped) {
  const auto loaded =
      load_catalog(write("bom", "\xef\xbb\xbfsources: {in: {stdin: true}}\n"), test_options());
  EXPECT_TRUE(loaded.ok());
}

TEST(SourceText, PlacesCountCharactersHoweverLongTheLine) {
  std::string text = "a\n";
  std::vector<std::size_t> offsets;  // of each character of the second line
  for (int i = 0; i < 9000; ++i) {
    offsets.push_back(text.size());
    text += i % 3 == 0 ? "é" : i % 7 == 0 ? "\xf0\x9f\x98\x80" : "x";
  }
  const SourceText source("x", text);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const Fault fault = source.fault(offsets[i], "");
    ASSERT_EQ(fault.line, 2U);
    ASSERT_EQ(fault.column, i + 1);
  }
  EXPECT_EQ(source.fault(text.size() + 100, "").column, 9001U);
  EXPECT_EQ(source.fault(0, "").column, 1U);
  for (const std::size_t size : {std::size_t{4096}, std::size_t{8192}}) {
    EXPECT_EQ(SourceText("x", std::string(size, 'y')).fault(size, "").column, size + 1);
  }
}

TEST(Hostile, Openers) {
  for (const char* opener : {"[", "{", "{a: ", "- ", "? ", "\"a\": ", "[a, ", "&a [", "!!str [",
                             "'", "\"", "|\n", "{[", "&a ", "* ", "%", "---\n"}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += opener;
    EXPECT_FALSE(faults_of(text).empty()) << opener;
    EXPECT_FALSE(faults_of("sources:\n  in: " + text).empty()) << opener;
  }
  EXPECT_THAT(faults_of(std::string(100'000, '[')), ElementsAre(HasSubstr("nested too deep")));
}

TEST(Hostile, AliasesCannotMultiply) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 9; ++k) text += "," + last;
    text += "]\n";
  }
  EXPECT_THAT(faults_of(text), ElementsAre(HasSubstr("aliases that expand without measure")));
  EXPECT_THAT(faults_of("a: &a [*a]\n"), ElementsAre(HasSubstr("not complete")));
}

TEST(Hostile, UnquotedVariablesInFlowAreExplained) {
  EXPECT_THAT(faults_of("sources: {in: {tcp: ${HOST}:1}}\n"),
              ElementsAre(HasSubstr("'${NAME}' must be quoted inside of { } and [ ]")));
}

TEST(Hostile, OneDocumentWithoutTags) {
  EXPECT_THAT(faults_of("sources: {in: {stdin: true}}\n---\nsources: {}\n"),
              ElementsAre(HasSubstr("a second document")));
  EXPECT_THAT(faults_of("sources: !custom {in: {stdin: true}}\n"), ElementsAre(HasSubstr("a tag")));
}

constexpr std::string_view kSample =
    "account: \"123456789012\"\nbuses: {audit: {}}\nsources:\n  flow: {tcp: \"127.0.0.1:7000\", "
    "format: ndjson}\n  t:\n    file: 'logs/*.gz'\n    envelope: {source: a, detail-type: "
    "\"é\\n\"}\n"
    "rules:\n  r:\n    pattern: |\n      {\"a\": [1]}\n    targets: [x]\n  s: {pattern: {a: [1.0, "
    "&q {prefix: \"y\"}], b: [*q]}, targets: [x]}\ntargets:\n  x: {discard: true}\n"
    "pipeline: {threads: 2, pin: true}\n";

TEST(Hostile, CutAtEveryByte) {
  ASSERT_TRUE(faults_of(std::string(kSample)).empty());
  const std::size_t first_source_end = kSample.find("ndjson}");
  for (std::size_t length = 0; length < kSample.size(); ++length) {
    const auto faults = faults_of(std::string(kSample.substr(0, length)));
    EXPECT_TRUE(length >= first_source_end || !faults.empty()) << length;
    for (const std::string& fault : faults) EXPECT_TRUE(fault.starts_with("weir.yaml:")) << fault;
  }
}

TEST(Hostile, MutationsNeverEscape) {
  Random random(20);
  constexpr std::string_view kBytes = "{}[]:,\"'&*!|>-#%@`?\n\t \\~<=$0aé\r";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kSample);
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::size_t at = random.below(text.size());
      const char byte = kBytes[random.below(kBytes.size())];
      switch (random.below(3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + random.below(5));
          break;
      }
    }
    for (const std::string& fault : faults_of(text)) {
      EXPECT_TRUE(fault.starts_with("weir.yaml:")) << fault;
    }
  }
}

TEST(Hostile, RandomBytes) {
  Random random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const std::uint64_t length = random.below(200);
    for (std::uint64_t i = 0; i < length; ++i) text += static_cast<char>(random.below(127) + 1);
    EXPECT_FALSE(faults_of(text).empty());
  }
}

}  // namespace
}  // namespace weir
