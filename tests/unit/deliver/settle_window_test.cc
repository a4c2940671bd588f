#include "core/deliver/settle_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "core/base/random.h"

namespace weir {
namespace {

BlockFacts block(std::uint64_t sequence, std::uint16_t bus = 0) {
  return {.id_seed = 1, .id_sequence = sequence, .log_sequence = sequence, .bus = BusId{bus}};
}

TEST(SettleWindow, HoldsAtTheOldestUnsettledEvent) {
  SettleWindow window;
  window.begin_block(block(5));
  const std::uint32_t a = window.take(3);
  const std::uint32_t b = window.take(4);
  window.begin_block(block(6));
  const std::uint32_t c = window.take(0);
  EXPECT_EQ(window.position(BusId{0}), (LogPosition{5, 3}));
  window.settle(c);
  EXPECT_EQ(window.position(BusId{0}), (LogPosition{5, 3}));
  window.settle(a);
  EXPECT_EQ(window.position(BusId{0}), (LogPosition{5, 4}));
  EXPECT_TRUE(window.waits(BusId{0}));
  window.settle(b);
  EXPECT_FALSE(window.waits(BusId{0}));
  EXPECT_EQ(window.room(), SettleWindow::kEventsMax);
}

TEST(SettleWindow, KnowsWhoseEventsTheyAre) {
  SettleWindow window;
  window.begin_block(block(1, 0));
  const std::uint32_t a = window.take(7);
  window.begin_block(block(9, 1));
  const std::uint32_t b = window.take(2);
  EXPECT_EQ(window.facts(a).log_sequence, 1U);
  EXPECT_EQ(window.facts(b).log_sequence, 9U);
  EXPECT_EQ(window.event_index(a), 7U);
  EXPECT_EQ(window.event_index(b), 2U);
  EXPECT_EQ(window.position(BusId{1}), (LogPosition{9, 2}));
  window.settle(a);
  EXPECT_FALSE(window.waits(BusId{0}));
  EXPECT_TRUE(window.waits(BusId{1}));
}

// Against a list of all events, for any order of settling, on two buses.
TEST(SettleWindow, AgreesWithAList) {
  struct Event {
    std::uint32_t serial;
    std::uint16_t bus;
    LogPosition place;
    bool settled = false;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    SettleWindow window;
    std::deque<Event> events;
    std::uint64_t sequences[2] = {1, 1};
    for (int round = 0; round < 500; ++round) {
      const auto bus = static_cast<std::uint16_t>(random.below(2));
      const std::uint64_t sequence = sequences[bus]++;
      window.begin_block(block(sequence, bus));
      for (std::uint32_t i = 0; i < 20; ++i) {
        if (random.below(3) == 0) continue;
        events.push_back({window.take(i), bus, {sequence, i}});
      }
      for (Event& event : events) {
        if (event.settled || random.below(2) == 0) continue;
        event.settled = true;
        window.settle(event.serial);
      }
      for (std::uint16_t b = 0; b < 2; ++b) {
        const auto first = std::ranges::find_if(
            events, [&](const Event& event) { return event.bus == b && !event.settled; });
        if (first == events.end()) continue;
        ASSERT_TRUE(window.waits(BusId{b}));
        ASSERT_LE(window.position(BusId{b}), first->place) << seed;
        const bool oldest = std::ranges::all_of(events.begin(), first,
                                                [](const Event& event) { return event.settled; });
        if (oldest) {
          ASSERT_EQ(window.position(BusId{b}), first->place) << seed;
        }
      }
      while (!events.empty() && events.front().settled) events.pop_front();
    }
  }
}

}  // namespace
}  // namespace weir
