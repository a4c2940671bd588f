// Every point at which the power may go, and what a start finds then.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/log/log_fixture.h"

namespace weir::log_test {
namespace {

// After any crash: the blocks are 1, 2, ... without a gap, at least all that had been handed out,
// at most all that had been appended; and the log goes on.
void expect_prefix(sim::World& after, std::uint64_t handed_out, std::uint64_t appended) {
  const Found found = read_everything(after);
  EXPECT_TRUE(found.recovered.damage.empty()) << found.recovered.damage[0].what;
  EXPECT_GE(found.recovered.next_sequence, handed_out);
  EXPECT_LE(found.recovered.next_sequence, appended);
  ASSERT_EQ(found.sequences.size(), found.recovered.next_sequence - 1);
  for (std::size_t i = 0; i < found.sequences.size(); ++i) ASSERT_EQ(found.sequences[i], i + 1);
  // The next segment will find its name free.
  EXPECT_FALSE(
      after.files.contains(join_path(kDirectory, segment_name(found.recovered.next_sequence))));
  // A position in a file is never ahead of the lines that are there.
  for (const LoggedMark& mark : found.recovered.marks) {
    EXPECT_LT(mark.mark.lines, found.recovered.next_sequence);
  }
}

struct Script {
  std::uint64_t seed = 1;
  std::size_t steps = 30;
  std::size_t write_backs = 32;
  LogFaults faults = {};
};

// Runs a script and crashes it at every point; `check` sees what each crash left.
template <typename Check>
void crash_everywhere(const Script& script, Check check) {
  sim::World world(script.seed);
  BlockMaker blocks;
  BusLog::Options options = small_options(small_bus(32 * 1024));
  options.faults = script.faults;
  Life life(world, blocks, options);
  Random random(script.seed);
  std::uint64_t points = 0;
  world.on_disk_effect = [&] {
    ++points;
    for (std::uint64_t seed = 0; seed < script.write_backs; ++seed) {
      Random choice(seed * 1000003 + points);
      sim::World after(seed + 1, world.disk.crash(choice));
      check(after, life.output.next, life.appended);
      if (::testing::Test::HasFailure()) return;
    }
  };
  world.faults.late_completion = 0.2;
  world.faults.shuffle = 0.3;
  for (std::size_t step = 0; step < script.steps; ++step) {
    const std::size_t appends = random.below(3);
    for (std::size_t i = 0; i < appends; ++i) {
      static_cast<void>(life.append(random.below(3) == 0 ? 9000 : 300));
    }
    if (step == script.steps / 2) world.faults.sync_error = 1;
    if (step == script.steps / 2 + 2) world.faults.sync_error = 0;
    life.poll();
    world.advance(20ms);
  }
  life.settle();
  world.on_disk_effect = {};
  EXPECT_EQ(life.output.next, life.appended);
  EXPECT_GT(points, script.steps);
}

TEST(LogCrash, AtEveryPointOfAScriptWithManyWriteBacks) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    crash_everywhere({.seed = seed}, expect_prefix);
  }
}

TEST(LogCrash, AtEveryPointOfTheRecoveryAfterACrash) {
  crash_everywhere({.seed = 9, .steps = 16, .write_backs = 4},
                   [](sim::World& after, std::uint64_t handed_out, std::uint64_t appended) {
                     std::vector<sim::DiskImage> images;
                     after.on_disk_effect = [&] {
                       Random choice(images.size());
                       images.push_back(after.disk.crash(choice));
                     };
                     read_everything(after);
                     after.on_disk_effect = {};
                     for (sim::DiskImage& image : images) {
                       sim::World again(1, std::move(image));
                       expect_prefix(again, handed_out, appended);
                     }
                   });
}

TEST(LogCrash, LivesThroughManyCrashesInARow) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    sim::DiskImage image;
    std::uint64_t safe = 1;
    for (int life_number = 0; life_number < 6; ++life_number) {
      sim::World world(random(), std::move(image));
      BlockMaker blocks;
      Life life(world, blocks, small_options(small_bus(32 * 1024)), safe);
      for (const LogDamage& damage : life.recovered.damage) {
        ADD_FAILURE() << damage.file << " " << damage.what << " " << damage.from << " "
                      << damage.to;
      }
      EXPECT_GE(life.recovered.next_sequence, safe);
      world.faults.late_completion = 0.2;
      world.faults.sync_error = random.below(2) == 0 ? 0.1 : 0;
      const std::uint64_t steps = random.below(60);
      for (std::uint64_t step = 0; step < steps; ++step) {
        static_cast<void>(life.append(random.below(5) == 0 ? 9000 : 300));
        life.poll();
        world.advance(Nanoseconds{static_cast<std::int64_t>(random.below(50)) * 1000000});
      }
      safe = life.output.next;
      image = world.disk.crash(random);
    }
    sim::World world(random(), std::move(image));
    const Found found = read_everything(world, safe);
    EXPECT_TRUE(found.recovered.damage.empty());
    for (std::size_t i = 0; i < found.sequences.size(); ++i) ASSERT_EQ(found.sequences[i], i + 1);
    EXPECT_GE(found.sequences.size() + 1, safe);
  }
}

// The tests above can fail: a log that lies is found out.
bool found_out(const LogFaults& faults) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    bool lost = false;
    sim::World world(seed);
    BlockMaker blocks;
    BusLog::Options options = small_options(small_bus(32 * 1024));
    options.faults = faults;
    Life life(world, blocks, options);
    world.on_disk_effect = [&] {
      for (std::uint64_t choice = 0; choice < 8; ++choice) {
        Random random(choice + seed * 100);
        sim::World after(1, world.disk.crash(random));
        lost = lost || read_everything(after).recovered.next_sequence < life.output.next;
      }
    };
    for (int step = 0; step < 30; ++step) {
      static_cast<void>(life.append());
      life.poll();
      world.advance(1ms);
    }
    world.on_disk_effect = {};
    if (lost) return true;
  }
  return false;
}

TEST(LogCrash, FindsALogThatDoesNotKeepItsWord) {
  EXPECT_FALSE(found_out({}));
  EXPECT_TRUE(found_out({.acknowledge_before_sync = true, .skip_directory_sync = false}));
  EXPECT_TRUE(found_out({.acknowledge_before_sync = false, .skip_directory_sync = true}));
}

}  // namespace
}  // namespace weir::log_test
