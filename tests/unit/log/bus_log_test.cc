#include "core/log/bus_log.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/log/log_fixture.h"

namespace weir::log_test {
namespace {

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all;
  for (; from < to; ++from) all.push_back(from);
  return all;
}

class BusLogTest : public ::testing::Test {
 protected:
  // Appends `count` blocks, polling in between.
  static void fill(Life& life, std::size_t count, std::size_t bytes = 300) {
    for (std::size_t tries = 0; count > 0 && tries < 10000; ++tries) {
      if (life.append(bytes)) --count;
      life.poll();
      life.world.advance(1ms);
    }
    EXPECT_EQ(count, 0U);
  }

  sim::World world_{1};
  BlockMaker blocks_;
};

TEST_F(BusLogTest, HandsOutInOrderWhatIsOnTheDisk) {
  Life life(world_, blocks_);
  fill(life, 100);
  life.settle();
  EXPECT_EQ(life.output.next, 101U);
  EXPECT_EQ(life.log->durable_sequence(), 101U);
  EXPECT_EQ(life.log->view().durable.read(), 101U);
  EXPECT_TRUE(life.log->idle());
  EXPECT_EQ(blocks_.free_blocks(), 64U);
  EXPECT_GT(life.log->counters().segments.read(), 5U);  // 64 KiB each, 4 KiB a record
  const Found found = read_everything(world_);
  EXPECT_EQ(found.sequences, numbers(1, 101));
  EXPECT_TRUE(found.recovered.damage.empty());
  EXPECT_EQ(found.recovered.next_sequence, 101U);
  ASSERT_EQ(found.recovered.marks.size(), 1U);
  EXPECT_EQ(found.recovered.marks[0].source, "source-1");
  EXPECT_EQ(found.recovered.marks[0].mark.lines, 99U);
}

// Whoever polls it may sleep until the deadline; a deadline in the past would keep it awake.
TEST_F(BusLogTest, AnIdleLogLetsItsThreadSleep) {
  Life life(world_, blocks_);
  const auto sleeps = [&] {
    life.settle();
    life.poll();
    return life.log->next_deadline() > world_.now().monotonic;
  };
  EXPECT_TRUE(sleeps());
  fill(life, 1);
  EXPECT_TRUE(sleeps());
  fill(life, 50);
  EXPECT_TRUE(sleeps());
  EXPECT_GT(life.log->counters().segments.read(), 2U);
}

TEST_F(BusLogTest, NothingIsHandedOutBeforeItsSync) {
  Life life(world_, blocks_);
  world_.on_disk_effect = [&] {
    // Whatever a crash leaves just now, what was handed out is there.
    Random random(world_.random());
    sim::World after(2, world_.disk.crash(random));
    const Found found = read_everything(after);
    EXPECT_GE(found.recovered.next_sequence, life.output.next);
  };
  fill(life, 12);
  life.settle();
  world_.on_disk_effect = {};
  EXPECT_EQ(life.output.next, 13U);
}

TEST_F(BusLogTest, OneSyncServesMany) {
  Life life(world_, blocks_);
  fill(life, 1);
  life.settle();
  const std::uint64_t before = life.log->counters().syncs.read();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(life.append());
  life.settle();
  EXPECT_EQ(life.output.next, 10U);
  EXPECT_EQ(life.log->counters().syncs.read() - before, 1U);
}

TEST_F(BusLogTest, ARecordMayBeLargerThanBuffersAndSegments) {
  BlockMaker large(2, 400 * 1024);
  Life life(world_, large);
  ASSERT_TRUE(life.append(300 * 1024));  // staging is 64 KiB, a segment as large
  life.settle();
  EXPECT_EQ(life.output.next, 2U);
  ASSERT_TRUE(life.append(100));
  life.settle();
  EXPECT_EQ(life.output.next, 3U);
  EXPECT_EQ(read_everything(world_).sequences, numbers(1, 3));
}

TEST_F(BusLogTest, GoesOnAfterAStartInAFreshSegment) {
  {
    Life life(world_, blocks_);
    fill(life, 5);
    life.settle();
  }
  Life life(world_, blocks_);
  EXPECT_EQ(life.recovered.next_sequence, 6U);
  fill(life, 5);
  life.settle();
  EXPECT_EQ(life.output.next, 11U);
  EXPECT_EQ(life.log->counters().segments.read(), 2U);
  EXPECT_EQ(read_everything(world_).sequences, numbers(1, 11));
  EXPECT_TRUE(world_.files.contains(join_path(kDirectory, segment_name(6))));
}

TEST_F(BusLogTest, StartsWithoutEventsLeaveNothingBehind) {
  for (int i = 0; i < 3; ++i) {
    Life life(world_, blocks_);
    life.settle();
    EXPECT_EQ(life.appended, 1U);
  }
  EXPECT_TRUE(world_.files.empty());
}

TEST_F(BusLogTest, WritesAnewWhatAFailedSyncLeftOpen) {
  Life life(world_, blocks_);
  fill(life, 3);
  life.settle();
  world_.faults.sync_error = 1;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(life.append());
  for (int i = 0; i < 20; ++i) life.poll();
  EXPECT_EQ(life.output.next, 4U);  // nothing acknowledged
  EXPECT_EQ(life.log->gate().state(), BusGate::State::disk_failed);
  EXPECT_TRUE(life.output.has_said("a sync failed"));
  world_.faults.sync_error = 0;
  life.settle();
  EXPECT_EQ(life.output.next, 7U);
  EXPECT_EQ(life.log->gate().state(), BusGate::State::accepting);
  EXPECT_TRUE(world_.files.contains(join_path(kDirectory, segment_name(4))));
  // Whatever the failed range holds, it is not read.
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    sim::World after(seed, world_.disk.crash(random));
    EXPECT_EQ(read_everything(after, 7).sequences, numbers(1, 7));
  }
}

TEST_F(BusLogTest, FailuresOfEveryKindAreSurvived) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    sim::World world(seed);
    Life life(world, blocks_);
    world.faults.write_error = 0.05;
    world.faults.sync_error = 0.05;
    world.faults.allocate_error = 0.1;
    world.faults.open_error = 0.1;
    world.faults.short_write = 0.2;
    world.faults.late_completion = 0.3;
    world.faults.shuffle = 0.3;
    std::size_t left = 60;
    for (int step = 0; step < 4000 && left > 0; ++step) {
      if (life.append()) --left;
      life.poll();
      world.advance(5ms);
    }
    world.faults = {};
    life.settle();
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(life.output.next, life.appended);
    Random random(seed);
    sim::World after(seed, world.disk.crash(random));
    const Found found = read_everything(after, life.output.next);
    EXPECT_EQ(found.sequences, numbers(1, life.appended));
    EXPECT_TRUE(found.recovered.damage.empty());
  }
}

TEST_F(BusLogTest, RefusesOnAFullDiskAndGoesOnWhenSpaceReturns) {
  world_.disk_bytes_left = 200 * 1024;  // three segments of 64 KiB
  Life life(world_, blocks_);
  std::size_t taken = 0;
  for (int i = 0; i < 400; ++i) {
    if (!life.log->gate().refusing() && life.append()) ++taken;
    life.poll();
    world_.advance(1ms);
  }
  EXPECT_EQ(life.log->gate().state(), BusGate::State::disk_full);
  EXPECT_EQ(life.output.next, taken + 1);  // what was taken is safe
  EXPECT_GE(life.log->counters().full.read(), 1U);
  world_.disk_bytes_left = 10 * kMiB;
  for (int i = 0; i < 500; ++i) {  // half a second
    life.poll();
    world_.advance(1ms);
  }
  EXPECT_EQ(life.log->gate().state(), BusGate::State::accepting);
  fill(life, 20);
  life.settle();
  EXPECT_EQ(read_everything(world_).sequences, numbers(1, taken + 21));
}

TEST_F(BusLogTest, MarksOfFreeSpaceSlowAndStop) {
  BusLog::Options options = small_options();
  options.disk = {.soft = 10 * kMiB, .hard = 2 * kMiB};
  Life life(world_, blocks_, options);
  fill(life, 1);
  life.settle();
  const auto state_at = [&](std::uint64_t free) {
    life.log->set_free_space(free);
    life.poll();
    return life.log->gate().state();
  };
  EXPECT_EQ(state_at(20 * kMiB), BusGate::State::accepting);
  EXPECT_EQ(state_at(9 * kMiB), BusGate::State::slowed);
  EXPECT_EQ(state_at(kMiB), BusGate::State::disk_full);
  EXPECT_EQ(state_at(20 * kMiB), BusGate::State::accepting);
}

TEST_F(BusLogTest, KeepsWhatCursorsNeedAndRefusesAtItsLimit) {
  BusSpec spec = small_bus();
  spec.retain.bytes_max = 5 * 64 * 1024;
  Life life(world_, blocks_, small_options(spec));
  life.log->set_floor(1);
  for (int i = 0; i < 400; ++i) {
    if (!life.log->gate().refusing()) static_cast<void>(life.append());
    life.poll();
    world_.advance(1ms);
  }
  EXPECT_EQ(life.log->gate().state(), BusGate::State::log_full);
  EXPECT_EQ(life.log->counters().segments_removed.read(), 0U);
  EXPECT_LE(world_.disk.bytes_used(), spec.retain.bytes_max);
  const std::uint64_t middle = life.output.next / 2;
  life.log->set_floor(middle);
  life.settle();
  EXPECT_EQ(life.log->gate().state(), BusGate::State::accepting);
  EXPECT_GT(life.log->counters().segments_removed.read(), 0U);
  fill(life, 10);
  life.settle();
  const Found found = read_everything(world_);
  EXPECT_LE(found.sequences.front(), middle);
  EXPECT_EQ(found.sequences, numbers(found.sequences.front(), life.appended));
}

TEST_F(BusLogTest, DropsTheOldestWhereToldToAndCountsIt) {
  BusSpec spec = small_bus();
  spec.retain.bytes_max = 5 * 64 * 1024;
  spec.on_full = OnFull::drop_oldest;
  Life life(world_, blocks_, small_options(spec));
  life.log->set_floor(1);
  fill(life, 200);
  life.settle();
  EXPECT_FALSE(life.log->gate().refusing());
  const Found found = read_everything(world_);
  EXPECT_EQ(life.log->counters().dropped_blocks.read(), found.sequences.front() - 1);
  EXPECT_EQ(found.sequences.back(), 200U);
}

TEST_F(BusLogTest, RemovesWhatIsOldWhateverTheWallClockSays) {
  BusSpec spec = small_bus();
  spec.retain.time = 1h;
  Life life(world_, blocks_, small_options(spec));
  fill(life, 60);
  life.settle();
  life.log->set_floor(61);
  world_.set_wall({world_.now().wall.since_epoch + 24h * 365});
  life.settle();
  world_.advance(2s);
  life.poll();
  EXPECT_EQ(life.log->counters().segments_removed.read(), 0U);
  world_.advance(1h);
  for (int i = 0; i < 100; ++i) {
    life.poll();
    world_.advance(1s);
  }
  EXPECT_GT(life.log->counters().segments_removed.read(), 3U);
  EXPECT_EQ(life.log->counters().segments.read(), 1U);
}

TEST_F(BusLogTest, DoesWithoutDirectWritesAndSaysSoOnce) {
  world_.direct_refused = true;
  Life life(world_, blocks_);
  fill(life, 40);
  life.settle();
  EXPECT_EQ(life.output.next, 41U);
  EXPECT_EQ(std::ranges::count_if(
                life.output.said,
                [](const std::string& text) { return text.find("O_DIRECT") != std::string::npos; }),
            1);
}

TEST_F(BusLogTest, CloseLetsGoOfEverything) {
  {
    Life life(world_, blocks_);
    fill(life, 3);
    ASSERT_TRUE(life.append());
    life.log->close();
    EXPECT_FALSE(life.append());
    for (int i = 0; i < 100 && !life.log->quiescent(); ++i) life.poll();
    EXPECT_TRUE(life.log->quiescent());
    EXPECT_EQ(world_.open_handles(), 0U);
  }
  EXPECT_EQ(blocks_.free_blocks(), 64U);
}

}  // namespace
}  // namespace weir::log_test
