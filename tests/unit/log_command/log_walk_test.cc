// What weir log says of logs that a BusLog has written: all of it, once, and what is damaged.
#include "tools/log/log_walk.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/log/log_fixture.h"
#include "tools/log/log_line.h"

namespace weir::log_test {
namespace {

struct Seen {
  std::vector<std::uint64_t> sequences;
  std::vector<LogSegment> segments;
  std::vector<LogGap> gaps;
  std::string lines;
};

class LogWalkTest : public testing::Test {
 protected:
  LogWalkTest() : world_(1) {
    Life life(world_, blocks_);
    for (std::size_t left = 60; left > 0;) {
      if (life.append()) --left;
      life.poll();
      world_.advance(1ms);
    }
    life.settle();
    next_ = life.output.next;
  }
  Seen walk(LogWalk walk = {.data_dir = "data", .bus = "", .from = 0}, std::size_t most = 1000) {
    sim::SimDisk disk(world_);
    Seen seen;
    const Status status =
        walk_logs(disk, walk,
                  {.record =
                       [&](const std::string& bus, const RecordView& record) {
                         expect_block(record);
                         seen.sequences.push_back(record.header.sequence);
                         for (std::uint32_t i = 0; i < record.header.events; ++i) {
                           append_log_event(seen.lines, bus, record, i);
                           seen.lines += '\n';
                         }
                         return seen.sequences.size() < most;
                       },
                   .segment = [&](const LogSegment& segment) { seen.segments.push_back(segment); },
                   .gap = [&](const LogGap& gap) { seen.gaps.push_back(gap); }});
    EXPECT_TRUE(status.ok());
    return seen;
  }
  std::string& content(const LogSegment& segment) {
    return world_.files.at("data/" + segment.path)->content;
  }

  BlockMaker blocks_;
  sim::World world_;
  std::uint64_t next_ = 0;
};

TEST_F(LogWalkTest, FindsEveryBlockOnce) {
  const Seen seen = walk();
  ASSERT_EQ(seen.sequences.size(), next_ - 1);
  for (std::size_t i = 0; i < seen.sequences.size(); ++i) EXPECT_EQ(seen.sequences[i], i + 1);
  EXPECT_TRUE(seen.gaps.empty());
  ASSERT_GT(seen.segments.size(), 1U);
  std::uint64_t events = 0;
  for (std::size_t i = 0; i < seen.segments.size(); ++i) {
    events += seen.segments[i].events;
    if (i > 0) {
      EXPECT_EQ(seen.segments[i].first, seen.segments[i - 1].next);
    }
  }
  EXPECT_EQ(seen.segments.back().next, next_);
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(seen.lines, '\n')), events);
}

TEST_F(LogWalkTest, LinesAreJson) {
  const Seen seen = walk();
  std::istringstream lines(seen.lines);
  std::size_t with_targets = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json["bus"], seen.segments[0].bus);
    EXPECT_TRUE(json["source"].get<std::string>().starts_with("source-")) << line;
    if (!json["targets"].empty()) ++with_targets;
    const auto events = events_of(json["block"].get<std::uint64_t>(), 300);
    const std::string& event = events.at(json["event"].get<std::size_t>());
    EXPECT_EQ(json["data"].is_string() ? json["data"].get<std::string>() : json["data"].dump(),
              json["data"].is_string() ? event : nlohmann::json::parse(event).dump());
  }
  EXPECT_GT(with_targets, 0U);
}

TEST_F(LogWalkTest, BeginsAndEndsWhereItIsTold) {
  EXPECT_EQ(walk({.data_dir = "data", .bus = "", .from = 50}).sequences.front(), 50U);
  EXPECT_EQ(walk({.data_dir = "data", .bus = "", .from = 0}, 7).sequences.size(), 7U);
  EXPECT_TRUE(walk({.data_dir = "data", .bus = "another", .from = 0}).sequences.empty());
  const std::string bus = walk().segments[0].bus;
  EXPECT_EQ(walk({.data_dir = "data", .bus = bus, .from = 0}).sequences.size(), next_ - 1);
}

TEST_F(LogWalkTest, NamesWhatIsDamaged) {
  const Seen sound = walk();
  const LogSegment& first = sound.segments[0];
  ASSERT_GE(first.records, 3U);
  // From the second record of the first segment: a page flipped.
  std::string& bytes = content(first);
  std::size_t page = bytes.find("WLR1", kPageBytes + 9);
  for (int record = 0; record < 2 && page != std::string::npos; ++record) {
    page = bytes.find("WLR1", page + 1);
  }
  ASSERT_NE(page, std::string::npos);
  bytes[page + 200] ^= 1;
  const Seen seen = walk();
  ASSERT_EQ(seen.gaps.size(), 1U);
  EXPECT_EQ(seen.gaps[0].to, seen.gaps[0].from + 1);
  EXPECT_EQ(seen.gaps[0].path, first.path);
  EXPECT_EQ(seen.sequences.size(), next_ - 2);
  // And the header of the second.
  content(sound.segments[1])[100] ^= 1;
  const Seen both = walk();
  EXPECT_TRUE(both.segments[1].header_damaged);
  EXPECT_EQ(both.sequences.size(), next_ - 2) << "its blocks can be read all the same";
}

}  // namespace
}  // namespace weir::log_test
