// Who reads what, in which order, and how much in a poll. Whether a Writer makes the right thing of
// it is tested in tests/unit/deliver.
#include "core/log/catch_up.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "tests/unit/log/memory_source.h"

namespace weir {
namespace {

constexpr BusId kBus{0};

// Feeds that want whole records up to some end.
class FakeClient : public CatchUpClient {
 public:
  struct FakeFeed {
    BusId bus;
    std::uint64_t next = 1;
    std::uint64_t end = 1;
    std::uint64_t room = ~std::uint64_t{0};  // records until it is full
    std::uint64_t got = 0;
    std::uint64_t lost = 0;
  };
  void wants(std::vector<Want>& out) const override {
    out.clear();
    for (const FakeFeed& feed : feeds) {
      if (feed.next < feed.end && feed.room > 0) out.push_back({feed.bus, {.sequence = feed.next}});
    }
  }
  void offer(const Block& block, const Now& now) override {
    ++offered;
    oldest = std::max(oldest, now.monotonic - block.received.monotonic);
    for (FakeFeed& feed : feeds) {
      if (feed.bus != block.bus || feed.next != block.log_sequence || feed.room == 0) continue;
      ++feed.next;
      ++feed.got;
      --feed.room;
    }
  }
  void missed(BusId bus, std::uint64_t from, std::uint64_t to) override {
    for (FakeFeed& feed : feeds) {
      if (feed.bus != bus || feed.next < from || feed.next >= to) continue;
      feed.lost += to - feed.next;
      feed.next = to;
    }
  }
  bool busy() const override { return is_busy; }

  std::vector<FakeFeed> feeds;
  bool is_busy = false;
  std::uint64_t offered = 0;
  Nanoseconds oldest{0};
};

class CatchUpTest : public ::testing::Test {
 protected:
  CatchUpTest() : pool_(8, 64, 1024, 2), user_(pool_) {}
  ~CatchUpTest() override {
    user_.share();
    EXPECT_EQ(pool_.free_blocks(), pool_.size());
  }
  MemorySource& add_source(CatchUp& catch_up, BusId bus = kBus) {
    sources_.emplace_back([this, bus](std::uint64_t sequence) -> Block* {
      Block* block = user_.take();
      block->bus = bus;
      block->log_sequence = sequence;
      block->received.wall = WallTime{now_.wall.since_epoch - 1h};
      block->refs.reset(1);
      return block;
    });
    catch_up.add_source(bus, sources_.back());
    return sources_.back();
  }
  std::size_t poll(CatchUp& catch_up) { return catch_up.poll(now_); }
  void drain(CatchUp& catch_up) {
    for (int i = 0; i < 100000 && poll(catch_up) > 0; ++i) {
    }
  }

  Now now_{.monotonic = {100h}, .wall = {Nanoseconds{std::chrono::hours(480000)}}};
  BlockPool pool_;
  BlockPool::User user_;
  FakeClient client_;
  std::deque<MemorySource> sources_;
};

TEST_F(CatchUpTest, ReadsNothingThatNobodyWants) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  const MemorySource& source = add_source(catch_up);
  EXPECT_EQ(poll(catch_up), 0U);
  client_.feeds.push_back({.bus = kBus, .next = 5, .end = 8});
  drain(catch_up);
  EXPECT_EQ(client_.feeds[0].got, 3U);
  EXPECT_EQ(source.reads, 3U);
  EXPECT_FALSE(source.active);
  EXPECT_EQ(catch_up.next_deadline(), MonotonicTime::never());
  EXPECT_EQ(client_.oldest, 1h);  // by the wall time of the record
}

TEST_F(CatchUpTest, TargetsCloseTogetherShareOneRead) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  MemorySource& source = add_source(catch_up);
  add_source(catch_up);
  for (std::uint64_t next = 1; next <= 50; next += 7) {
    client_.feeds.push_back({.bus = kBus, .next = next, .end = 501});
  }
  drain(catch_up);
  for (const auto& feed : client_.feeds) EXPECT_EQ(feed.next, 501U);
  EXPECT_EQ(source.reads, 500U);
  EXPECT_EQ(catch_up.counters().seeks.read(), 1U);
}

TEST_F(CatchUpTest, TakesTurnsWhereMorePlacesAreWantedThanThereAreReaders) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  add_source(catch_up);
  add_source(catch_up);
  for (std::uint64_t i = 0; i < 5; ++i) {
    client_.feeds.push_back({.bus = kBus, .next = 1 + i * 100000, .end = 3001 + i * 100000});
  }
  std::vector<std::uint64_t> first_done(5, 0);
  for (int polls = 0; polls < 2000; ++polls) {
    poll(catch_up);
    std::uint64_t least = ~std::uint64_t{0};
    std::uint64_t most = 0;
    for (const auto& feed : client_.feeds) {
      least = std::min(least, feed.got);
      most = std::max(most, feed.got);
    }
    EXPECT_LE(most - least, 2U * 256U + 16U);  // nobody is forgotten
  }
  for (const auto& feed : client_.feeds) EXPECT_EQ(feed.got, 3000U);
}

TEST_F(CatchUpTest, TheBudgetIsSmallWhileLiveBlocksWait) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  add_source(catch_up);
  client_.feeds.push_back({.bus = kBus, .next = 1, .end = 1000});
  poll(catch_up);
  EXPECT_EQ(client_.offered, 8U);
  client_.is_busy = true;
  for (int i = 0; i < 10; ++i) poll(catch_up);
  EXPECT_EQ(client_.offered, 13U);
  EXPECT_EQ(poll(catch_up), 0U);
  EXPECT_EQ(catch_up.next_deadline(), MonotonicTime{});  // there is something to do
}

TEST_F(CatchUpTest, EachBusIsReadFromItsOwnLog) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  const MemorySource& first = add_source(catch_up, BusId{0});
  const MemorySource& second = add_source(catch_up, BusId{1});
  client_.feeds.push_back({.bus = BusId{0}, .next = 3, .end = 10});
  client_.feeds.push_back({.bus = BusId{1}, .next = 3, .end = 30});
  client_.feeds.push_back({.bus = BusId{2}, .next = 3, .end = 30});  // no reader: waits
  drain(catch_up);
  EXPECT_EQ(first.reads, 7U);
  EXPECT_EQ(second.reads, 27U);
  EXPECT_EQ(client_.feeds[2].got, 0U);
}

TEST_F(CatchUpTest, DamageIsPassedOverAndCounted) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  MemorySource& source = add_source(catch_up);
  source.damaged = {4, 5, 6};
  client_.feeds.push_back({.bus = kBus, .next = 1, .end = 10});
  client_.feeds.push_back({.bus = kBus, .next = 6, .end = 10});
  drain(catch_up);
  EXPECT_EQ(client_.feeds[0].got, 6U);
  EXPECT_EQ(client_.feeds[0].lost, 3U);
  EXPECT_EQ(client_.feeds[1].lost, 1U);
  EXPECT_EQ(client_.feeds[1].next, 10U);
  EXPECT_EQ(catch_up.counters().missed.read(), 3U);
}

TEST_F(CatchUpTest, AFullTargetLeavesTheReaderToOthers) {
  CatchUp catch_up({}, client_, SteadyClock(now_));
  const MemorySource& source = add_source(catch_up);
  client_.feeds.push_back({.bus = kBus, .next = 1, .end = 1000, .room = 5});
  client_.feeds.push_back({.bus = kBus, .next = 500, .end = 600});
  drain(catch_up);
  EXPECT_EQ(client_.feeds[0].got, 5U);
  EXPECT_EQ(client_.feeds[1].got, 100U);
  EXPECT_EQ(source.reads, 105U);
  client_.feeds[0].room = 2;
  drain(catch_up);
  EXPECT_EQ(client_.feeds[0].got, 7U);
}

}  // namespace
}  // namespace weir
