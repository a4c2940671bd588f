#include "core/log/log_reader.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/log/log_fixture.h"

namespace weir::log_test {
namespace {

class LogReaderTest : public ::testing::Test {
 protected:
  // A log and a reader beside it, on one world.
  struct Rig {
    Rig(sim::World& world, BlockMaker& blocks, BusLog::Options options)
        : life(world, blocks, std::move(options)), port(world) {
      make({.window_bytes = 256 * 1024,
            .read_bytes = 64 * 1024,
            .blocks = 2,
            .block_bytes = 16 * 1024});
    }
    ~Rig() {
      reader->stop();
      for (int i = 0; i < 1000 && !reader->quiescent(); ++i) step();
    }
    void make(const LogReader::Options& options) {
      reader = std::make_unique<LogReader>(options, port, life.log->view(), life.names, tables,
                                           life.world.now());
    }
    void step() {
      life.poll();
      reader->poll(life.world.now());
      life.world.advance(1ms);
    }
    void fill(std::size_t count, std::size_t bytes = 300) {
      for (int tries = 0; count > 0 && tries < 10000; ++tries) {
        if (life.append(bytes)) --count;
        step();
      }
      life.settle();
    }
    // Takes what comes until the reader stands at `to`; checks each block.
    void read(std::uint64_t to) {
      for (int tries = 0; at < to && tries < 20000; ++tries) {
        take();
        step();
      }
      EXPECT_EQ(at, to);
    }
    bool take() {
      const BlockSource::Item item = reader->next();
      if (item.kind == BlockSource::Item::Kind::missed) {
        EXPECT_GT(item.next, at);
        for (; at < item.next; ++at) missed.push_back(at);
      }
      if (item.kind != BlockSource::Item::Kind::block) return false;
      check(*item.block);
      EXPECT_LT(at, life.log->durable_sequence());
      ++at;
      item.block->release();
      return true;
    }
    void check(const Block& block) {
      EXPECT_EQ(block.log_sequence, at);
      EXPECT_EQ(block.id_seed, 77U);
      EXPECT_EQ(block.id_sequence, at);
      EXPECT_EQ(block.hops, at % 3);
      EXPECT_EQ(block.received.wall.since_epoch.count(), static_cast<std::int64_t>(at) * 1000);
      ASSERT_GE(block.events.size(), 2U);
      const std::string head = "{\"n\":" + std::to_string(at) + ",\"i\":1,";
      const EventEntry& event = block.events[1];
      EXPECT_EQ(block.text().substr(event.offset, event.length).substr(0, head.size()), head);
      EXPECT_TRUE(block.targets_of(0).empty());
      EXPECT_EQ(std::vector<TargetId>(block.targets_of(2).begin(), block.targets_of(2).end()),
                (std::vector<TargetId>{TargetId(2), TargetId(5)}));
      const Origin& origin = *block.spans.at(0).origin;
      EXPECT_EQ(origin.source, SourceId(static_cast<std::uint16_t>(at % 2)));
      EXPECT_EQ(origin.logged->envelope().has_value(), at % 2 == 1);
    }

    Life life;
    sim::SimPort port;
    LayoutTable layouts;
    ReplayTables tables{layouts};
    std::unique_ptr<LogReader> reader;
    std::uint64_t at = 1;
    std::vector<std::uint64_t> missed;
  };

  static std::string path(std::uint64_t first) {
    return join_path(kDirectory, segment_name(first));
  }
  sim::World world_{1};
  BlockMaker blocks_;
};

TEST_F(LogReaderTest, ReadsAllThatIsDurableAndWaitsForTheRest) {
  Rig rig(world_, blocks_, small_options());
  rig.fill(80);
  rig.reader->seek(1);
  rig.read(81);
  EXPECT_TRUE(rig.missed.empty());
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(rig.take());
    rig.step();
  }
  EXPECT_EQ(rig.port.under_way(), 0U);  // it does not look again and again
  rig.fill(20);
  rig.read(101);
  EXPECT_TRUE(rig.missed.empty());
}

TEST_F(LogReaderTest, FollowsALogThatIsBeingWritten) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    sim::World world(seed);
    world.faults.late_completion = 0.3;
    world.faults.shuffle = 0.3;
    world.faults.short_read = 0.3;
    world.faults.delay_max = 2ms;
    Rig rig(world, blocks_, small_options());
    Random random(seed);
    rig.reader->seek(1);
    for (int i = 0; i < 600; ++i) {
      if (random.below(3) == 0) static_cast<void>(rig.life.append(random.below(2000)));
      if (random.below(3) != 0) rig.take();
      rig.step();
    }
    rig.life.settle();
    rig.read(rig.life.log->durable_sequence());
    EXPECT_TRUE(rig.missed.empty());
    EXPECT_GT(rig.at, 50U);
  }
}

TEST_F(LogReaderTest, BeginsAnywhere) {
  Rig rig(world_, blocks_, small_options(small_bus(8 * kMiB)));
  rig.fill(600, 8000);
  rig.life.settle();
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const std::uint64_t from = 1 + random.below(600);
    const std::uint64_t read_before = rig.reader->counters().bytes_read.read();
    rig.reader->seek(from);
    rig.at = from;
    rig.read(std::min<std::uint64_t>(601, from + 1 + random.below(5)));
    EXPECT_LT(rig.reader->counters().bytes_read.read() - read_before, 3 * kMiB);
    if (random.below(4) == 0) rig.reader->stop();
  }
  EXPECT_TRUE(rig.missed.empty());
}

TEST_F(LogReaderTest, TellsOfDamageInItsPlaceAndGoesOn) {
  Rig rig(world_, blocks_, small_options());
  rig.fill(60);
  std::vector<std::uint64_t> firsts;
  for (const SegmentInfo& segment : [&] {
         Snapshot<SegmentList>::Reader reader(rig.life.log->view().segments);
         return reader.get();
       }()) {
    firsts.push_back(segment.first_sequence);
  }
  ASSERT_GE(firsts.size(), 4U);
  const auto damage = [&](std::uint64_t first, std::size_t page) {
    world_.files.at(path(first))->content[page * kPageBytes + 200] ^= 1;
  };
  damage(firsts[0], 4);  // inside: block 3
  damage(firsts[1], 2);  // the first of a segment
  world_.files.erase(path(firsts[2]));
  damage(firsts.back(), 2);  // of the segment that is written to
  std::vector<std::uint64_t> expected = {3, firsts[1]};
  for (std::uint64_t n = firsts[2]; n < firsts[3]; ++n) expected.push_back(n);
  expected.push_back(firsts.back());
  rig.reader->seek(1);
  rig.read(61);
  EXPECT_EQ(rig.missed, expected);
  EXPECT_EQ(rig.reader->counters().missed_records.read(), expected.size());
}

TEST_F(LogReaderTest, DamageAtTheEndOfASegmentAndOfTheLog) {
  Rig rig(world_, blocks_, small_options());
  rig.fill(40);
  Snapshot<SegmentList>::Reader segments(rig.life.log->view().segments);
  const std::uint64_t second = segments.get().at(1).first_sequence;
  std::string& first = world_.files.at(path(1))->content;
  first.resize(first.size() - kPageBytes);  // cut by its last record
  std::string& last = world_.files.at(path(segments.get().back().first_sequence))->content;
  const std::size_t at = last.find_last_not_of('\0') / kPageBytes * kPageBytes;
  last.replace(at, kPageBytes, std::string(kPageBytes, '\0'));
  rig.reader->seek(1);
  rig.read(41);
  EXPECT_EQ(rig.missed, (std::vector<std::uint64_t>{second - 1, 40}));
}

TEST_F(LogReaderTest, SaysWhatRetentionHasTaken) {
  BusSpec spec = small_bus();
  spec.retain.bytes_max = 5 * 64 * 1024;
  spec.on_full = OnFull::drop_oldest;
  Rig rig(world_, blocks_, small_options(spec));
  rig.fill(200);
  rig.reader->seek(1);
  rig.read(201);
  ASSERT_FALSE(rig.missed.empty());
  EXPECT_EQ(rig.missed.front(), 1U);
  EXPECT_EQ(rig.missed.back(), rig.missed.size());
  EXPECT_EQ(rig.missed.size(), rig.life.log->counters().dropped_blocks.read());
}

TEST_F(LogReaderTest, PassesOverPagesThatCannotBeRead) {
  Rig rig(world_, blocks_, small_options());
  rig.fill(30);
  world_.faults.read_error = 0.2;
  rig.reader->seek(1);
  rig.read(31);
  EXPECT_LT(rig.missed.size(), 25U);
  EXPECT_GT(rig.reader->counters().read_errors.read(), 0U);
}

TEST_F(LogReaderTest, RecordsLargerThanWindowAndBlocks) {
  BlockMaker large(2, 1024 * 1024);
  Rig rig(world_, large, small_options());
  rig.fill(1);
  rig.fill(1, 700 * 1024);
  rig.fill(2);
  rig.reader->seek(1);
  rig.read(5);
  EXPECT_TRUE(rig.missed.empty());
}

TEST_F(LogReaderTest, WaitsForItsBlocks) {
  Rig rig(world_, blocks_, small_options());
  rig.fill(10);
  rig.reader->seek(1);
  std::vector<Block*> held;
  for (int i = 0; i < 200; ++i) {
    const BlockSource::Item item = rig.reader->next();
    if (item.kind == BlockSource::Item::Kind::block) held.push_back(item.block);
    rig.step();
  }
  ASSERT_EQ(held.size(), 2U);
  for (Block* block : held) block->release();
  rig.at = 3;
  rig.read(11);
}

TEST_F(LogReaderTest, StopsAtAnyMoment) {
  world_.faults.delay_max = 3ms;
  Rig rig(world_, blocks_, small_options());
  rig.fill(100);
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    rig.at = 1 + random.below(100);
    rig.reader->seek(rig.at);
    for (std::uint64_t n = random.below(12); n > 0; --n) {
      rig.take();
      rig.step();
    }
    if (random.below(2) == 0) rig.reader->stop();
  }
  EXPECT_TRUE(rig.missed.empty());
}

}  // namespace
}  // namespace weir::log_test
