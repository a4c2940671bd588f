// weir log stat and forget: what the router tells and what the files tell, over logs that a BusLog
// has written.
#include "tools/log/log_state.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/log/cursor_file.h"
#include "tests/unit/log/log_fixture.h"
#include "tools/log/log_stat.h"

namespace weir::log_test {
namespace {

class LogStateTest : public testing::Test {
 protected:
  LogStateTest() : world_(1), disk_(world_) {
    Life life(world_, blocks_);
    for (std::size_t left = 40; left > 0;) {
      if (life.append()) --left;
      life.poll();
      world_.advance(1ms);
    }
    life.settle();
    next_ = life.output.next;
    const LogWalk all{.data_dir = "data", .bus = "", .from = 0};
    EXPECT_TRUE(walk_logs(disk_, all,
                          {.record =
                               [&](const std::string& bus, const RecordView& record) {
                                 bus_ = bus;
                                 count(record);
                                 return true;
                               },
                           .segment = [](const LogSegment&) {},
                           .gap = [](const LogGap&) {}})
                    .ok());
  }

  // Independently of what is tested: where each event is to go.
  void count(const RecordView& record) {
    for (std::uint32_t i = 0; i < record.header.events; ++i) {
      const auto event = RecordView::at<EventEntry>(record.events, i);
      const auto begin = RecordView::at<std::uint32_t>(record.sets, event.set);
      const auto end = RecordView::at<std::uint32_t>(record.sets, event.set + 1);
      for (std::uint32_t m = begin; m < end; ++m) {
        const auto name = RecordView::at<std::uint16_t>(record.set_targets, m);
        events_.push_back({std::string(record.target_names[name]), record.header.sequence, i});
      }
    }
  }
  struct Event {
    std::string target;
    std::uint64_t block;
    std::uint32_t event;
  };
  std::uint64_t behind(const std::string& target, LogPosition from) const {
    return static_cast<std::uint64_t>(std::ranges::count_if(events_, [&](const Event& e) {
      return e.target == target && LogPosition{.sequence = e.block, .event = e.event} >= from;
    }));
  }
  // Slot 0 gets the first generation, slot 1 a second one without `left_out`.
  void write_cursors(const CursorState& state, std::size_t slot) {
    ASSERT_TRUE(make_cursor_slots(disk_, "data").ok());
    std::string bytes;
    encode_cursors(state, bytes);
    auto file = disk_.open(cursor_slot_path("data", slot), Disk::Access::read_write);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->write(bytes, 0).ok());
    ASSERT_TRUE((*file)->sync().ok());
  }
  LogState state_at(LogPosition place) {
    LogState state;
    state.buses.push_back({.name = bus_, .durable = 0, .input = ""});
    state.targets.push_back({.bus = bus_, .name = events_[0].target, .next = place, .in_use = {}});
    return state;
  }

  BlockMaker blocks_;
  sim::World world_;
  sim::SimDisk disk_;
  std::uint64_t next_ = 0;
  std::string bus_;
  std::vector<Event> events_;
};

TEST_F(LogStateTest, CountsWhatATargetHasStillToGetFromAnyPlace) {
  const std::string target = events_[0].target;
  ASSERT_GT(behind(target, {1, 0}), 0U);
  for (std::uint64_t block = 1; block <= next_; block += 3) {
    for (const std::uint32_t event : {0U, 1U, 100U}) {
      const LogPosition place{.sequence = block, .event = event};
      const auto stat = measure_logs(disk_, "data", state_at(place));
      ASSERT_TRUE(stat.ok());
      EXPECT_EQ(stat->targets[0].events, behind(target, place)) << block << "." << event;
      EXPECT_EQ(stat->targets[0].oldest_ns == 0, behind(target, place) == 0);
      EXPECT_EQ(stat->buses[0].next, next_);
      EXPECT_GT(stat->buses[0].segments, 1U);
      EXPECT_TRUE(stat->gaps.empty());
    }
  }
}

TEST_F(LogStateTest, CountsNothingBehindWhatIsDurable) {
  LogState state = state_at({1, 0});
  state.buses[0].durable = next_ / 2;
  const auto stat = measure_logs(disk_, "data", state);
  ASSERT_TRUE(stat.ok());
  EXPECT_EQ(stat->targets[0].events,
            behind(events_[0].target, {1, 0}) - behind(events_[0].target, {next_ / 2, 0}));
  EXPECT_EQ(stat->buses[0].next, next_ / 2);
}

TEST_F(LogStateTest, ReadsTheFilesAndForgetsOneTarget) {
  const CursorState state{.generation = 7,
                          .buses = {{bus_, next_}},
                          .cursors = {{bus_, "old", {2, 1}}, {bus_, "siem", {5, 0}}}};
  write_cursors(state, 0);
  auto read = log_state_of(disk_, "data");
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->targets.size(), 2U);
  EXPECT_EQ(read->targets[0].name, "old");
  EXPECT_EQ(read->targets[0].next, (LogPosition{2, 1}));
  EXPECT_FALSE(read->targets[0].in_use.has_value());
  EXPECT_FALSE(*forget_cursors(disk_, "data", "nobody"));
  EXPECT_TRUE(*forget_cursors(disk_, "data", "old"));
  EXPECT_FALSE(*forget_cursors(disk_, "data", "old"));
  read = log_state_of(disk_, "data");
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->targets.size(), 1U);
  EXPECT_EQ(read->targets[0].name, "siem");
  EXPECT_EQ(read_cursors(disk_, "data")->state.durable(bus_), next_);
}

TEST(LogRequests, PassThroughTheSocketUnchanged) {
  LogState state;
  state.running = true;
  state.free_bytes = 10;
  state.soft = 5;
  state.hard = 2;
  state.buses.push_back({.name = "a/b", .durable = 9, .input = "accepting"});
  state.targets.push_back({.bus = "a/b", .name = "t\"", .next = {3, 4}, .in_use = false});
  state.stored.push_back({.target = "t\"", .retries = 6, .dead_letters = 7});
  const std::string line = to_json(state);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto back = read_log_state(line);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(to_json(*back), line);
  EXPECT_EQ(back->targets[0].in_use, false);
  EXPECT_FALSE(read_log_state("nonsense").ok());
  const LogRequest forget{.action = LogRequest::Action::forget, .target = "x"};
  EXPECT_TRUE(is_log_request(to_json(forget)));
  EXPECT_EQ(read_log_request(to_json(forget))->target, "x");
  EXPECT_EQ(read_log_request(to_json(LogRequest{}))->action, LogRequest::Action::state);
  EXPECT_FALSE(read_log_request("{\"command\":\"log\",\"do\":\"forget\"}").ok());
  EXPECT_FALSE(is_log_request("{\"command\":\"dlq\"}"));
}

TEST(LogStatText, ShowsEveryTargetAndEachBus) {
  LogState state;
  state.stored.push_back({.target = "siem", .retries = 3, .dead_letters = 1});
  LogStat stat;
  stat.buses.push_back(
      {.name = "default", .segments = 2, .bytes = 3 * kMiB, .first = 1, .next = 9, .input = ""});
  stat.targets.push_back({.at = {.bus = "default", .name = "siem", .next = {4, 0}, .in_use = true},
                          .events = 12,
                          .bytes = 2048,
                          .oldest_ns = 1'000'000'000});
  const std::string text = log_stat_text(state, stat, 31'000'000'000);
  for (const char* part :
       {"default", "3.0 MiB", "no router runs", "siem", "in use", "4.0", "12", "2.0 KiB", "30 s"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  const auto json = nlohmann::json::parse(log_stat_json(state, stat));
  EXPECT_EQ(json["targets"][0]["events_behind"], 12);
  EXPECT_EQ(json["targets"][0]["retries"], 3);
  EXPECT_EQ(json["buses"][0]["segments"], 2);
}

}  // namespace
}  // namespace weir::log_test
