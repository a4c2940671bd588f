#include "tools/load/feed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tools/common/newlines.h"

namespace weir {
namespace {

RecordMemory memory_of(const std::string& text) {
  return RecordMemory::from_generator([&](std::string& out) { out += text; }, 1, 1);
}

std::string take_all(Feed& feed, std::uint64_t records_at_a_time) {
  std::string sent;
  while (!feed.exhausted()) {
    const Chunk chunk = feed.take(records_at_a_time);
    EXPECT_GT(chunk.records, 0U);
    EXPECT_EQ(count_newlines(chunk.bytes), chunk.records);
    sent += chunk.bytes;
  }
  return sent;
}

TEST(Feed, RepeatsTheSliceUpToItsQuota) {
  const RecordMemory memory = memory_of("a\nbb\nccc\n");
  for (const std::uint64_t at_a_time : {1U, 2U, 3U, 4U, 100U}) {
    for (std::uint64_t quota = 0; quota < 8; ++quota) {
      Feed feed(memory.all(), 0, quota);
      std::string expected;
      const char* const lines[] = {"a\n", "bb\n", "ccc\n"};
      for (std::uint64_t i = 0; i < quota; ++i) expected += lines[i % 3];
      EXPECT_EQ(take_all(feed, at_a_time), expected) << at_a_time << " " << quota;
      EXPECT_EQ(feed.taken(), quota);
    }
  }
}

TEST(Feed, StampsObjectsAndLeavesOtherLinesAsTheyAre) {
  const RecordMemory memory = memory_of("{\"a\":1}\n{}\n{ }\r\nplain\n\n{\n");
  Feed feed(memory.all(), 2, 6);
  const Chunk chunk = feed.take_stamped(100, 1 << 20, {1000.0, 10.0});
  EXPECT_EQ(chunk.records, 6U);
  EXPECT_EQ(chunk.bytes,
            "{\"weir_seq\":2199023255552,\"weir_ts\":1000,\"a\":1}\n"
            "{\"weir_seq\":2199023255553,\"weir_ts\":1010}\n"
            "{\"weir_seq\":2199023255554,\"weir_ts\":1020}\r\n"
            "plain\n"
            "\n"
            "{\"weir_seq\":2199023255557,\"weir_ts\":1050,\n");
  EXPECT_TRUE(feed.exhausted());
}

TEST(Feed, GivesAtLeastOneStampedRecordHoweverSmallTheBuffer) {
  const RecordMemory memory = memory_of("{\"a\":\"" + std::string(5000, 'x') + "\"}\n");
  Feed feed(memory.all(), 0, Feed::kEndless);
  for (int i = 0; i < 3; ++i) {
    const Chunk chunk = feed.take_stamped(10, 1, {});
    EXPECT_EQ(chunk.records, 1U);
    EXPECT_GT(chunk.bytes.size(), 5000U);
  }
  EXPECT_EQ(feed.take_stamped(10, 20'000, {}).records, 4U);
}

TEST(RecordMemory, SplitsIntoEvenPartsThatJoinToTheWhole) {
  std::string text;
  for (int i = 0; i < 103; ++i) text += std::to_string(i) + "\n";
  const RecordMemory memory = memory_of(text);
  for (const std::size_t parts : {1U, 2U, 7U, 103U}) {
    std::string joined;
    for (const Slice& slice : memory.split(parts)) {
      EXPECT_EQ(count_newlines(slice.text), slice.lines);
      EXPECT_LE(103 / parts, slice.lines);
      EXPECT_LE(slice.lines, 103 / parts + 1);
      joined += slice.text;
    }
    EXPECT_EQ(joined, text);
  }
  for (const Slice& slice : memory.split(200)) EXPECT_EQ(slice.lines, 103U);
}

TEST(RecordMemory, EndsTheLastLineAndRefusesNothingToSend) {
  const std::string path = testing::TempDir() + "weir-records-" + std::to_string(getpid());
  std::ofstream(path) << "a\nb";
  const auto memory = RecordMemory::from_file(path);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ(memory->all().text, "a\nb\n");
  EXPECT_EQ(memory->all().lines, 2U);
  { const std::ofstream empty(path); }
  EXPECT_FALSE(RecordMemory::from_file(path).ok());
  unlink(path.c_str());
  EXPECT_FALSE(RecordMemory::from_file(path).ok());
  EXPECT_FALSE(RecordMemory::from_file("/tmp").ok());
}

}  // namespace
}  // namespace weir
