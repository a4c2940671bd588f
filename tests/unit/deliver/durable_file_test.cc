// Files that take from durable buses: settled when synced, and what a crash left is put right.
#include "core/deliver/file_sink.h"
#include "tests/unit/deliver/lag_fixture.h"

namespace weir {
namespace {

const std::string kPath = "out/a.ndjson";

class DurableFileTest : public ::testing::Test {
 protected:
  static std::string lines(std::uint64_t first, std::uint64_t count) {
    std::string text;
    for (std::uint64_t i = 0; i < count; ++i) text += WriterRig::numbered(first + i) + "\n";
    return text;
  }
  static std::string content(LagRig& its, const std::string& path = kPath) {
    const auto found = its.world.files.find(path);
    return found == its.world.files.end() ? "(none)" : found->second->content;
  }
  static void put(LagRig& its, const std::string& text) {
    its.world.files[kPath] = std::make_shared<sim::SimFile>();
    its.world.files[kPath]->content = text;
  }
  static bool all_on_disk(const sim::SimFile& file) {
    return file.unsynced.empty() && !file.synced_size;
  }
  LagRig rig;
};

TEST_F(DurableFileTest, SettlesWhatIsSyncedAndSyncsInGroups) {
  TargetCounters& c = rig.add_logged(0, file_target("archive", kPath));
  for (std::uint64_t i = 0; i < 10; ++i) rig.push_logged_numbered(i * 4, 4, {0});
  rig.settle();
  EXPECT_EQ(content(rig), lines(0, 40));
  EXPECT_EQ(c.delivered.read(), 0U);
  EXPECT_EQ(rig.cursor(0), LogPosition{.sequence = 1});
  EXPECT_EQ(rig.writer.next_deadline(), rig.world.now().monotonic + FileSink::kSyncAfter);
  rig.run_for(FileSink::kSyncAfter);
  EXPECT_EQ(c.delivered.read(), 40U);
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
  EXPECT_TRUE(all_on_disk(*rig.world.files.at(kPath)));
  EXPECT_EQ(rig.writer.next_deadline(), MonotonicTime::never());
}

TEST_F(DurableFileTest, SyncsAtOnceWhenItsBufferFills) {
  TargetSpec spec = file_target("archive", kPath);
  spec.when_full = WhenFull::lag;
  spec.buffer_bytes = 0;
  TargetCounters& c = rig.add_logged(0, spec);
  std::vector<Routed> events(200, Routed{"{" + std::string(1021, '1') + "}", {0}});
  for (int i = 0; i < 15; ++i) rig.push_logged(events);
  rig.catch_up();
  EXPECT_GT(c.delivered.read(), 2500U);
  EXPECT_LE(c.pending.read(), 512U);
}

TEST_F(DurableFileTest, CutsTheUnfinishedLineOfACrash) {
  const std::string before = lines(0, 3);
  for (std::size_t cut = 0; cut <= before.size(); ++cut) {
    LagRig own;
    put(own, before.substr(0, cut));
    own.add_logged(0, file_target("archive", kPath));
    own.push_logged_numbered(7, 2, {0});
    own.run_for(FileSink::kSyncAfter);
    const std::string whole = lines(0, cut / 8);
    EXPECT_EQ(content(own), whole + lines(7, 2));
    EXPECT_EQ(own.host.infos.size(), cut % 8 == 0 ? 0U : 1U);
  }
}

TEST_F(DurableFileTest, FindsTheLastLineEndInALongTail) {
  for (const std::size_t torn : {100UL, 65535UL, 65536UL, 65537UL, 200000UL}) {
    for (const bool first : {false, true}) {
      LagRig own;
      own.world.faults.short_read = 0.5;
      put(own, (first ? "" : lines(0, 2)) + "{" + std::string(torn - 1, 't'));
      own.add_logged(0, file_target("archive", kPath));
      own.push_logged_numbered(7, 2, {0});
      own.run_for(FileSink::kSyncAfter);
      EXPECT_EQ(content(own), (first ? "" : lines(0, 2)) + lines(7, 2)) << torn;
    }
  }
}

TEST_F(DurableFileTest, LeavesRawFilesAndMemoryBusesAlone) {
  put(rig, "{}{\"half");
  TargetSpec spec = file_target("archive", kPath);
  spec.format = BatchFormat::raw;
  rig.add_logged(0, spec);
  rig.push_logged_numbered(7, 2, {0});
  rig.settle();
  EXPECT_EQ(content(rig), "{}{\"half{\"n\":7}{\"n\":8}");
  LagRig own;
  put(own, "{}\n{\"half");
  own.add(0, file_target("archive", kPath));
  own.push_numbered(7, 2, {0});
  own.settle();
  EXPECT_EQ(content(own), "{}\n{\"half" + lines(7, 2));
}

TEST_F(DurableFileTest, WritesAnewWhatAFailedSyncLeftUnknown) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    LagRig own(seed);
    own.world.faults.short_write = 0.3;
    TargetCounters& c = own.add_logged(0, file_target("archive", kPath));
    own.push_logged_numbered(0, 600, {0});
    own.run_for(60ms);
    EXPECT_EQ(c.delivered.read(), 600U);
    own.world.faults.sync_error = 1;  // and the pages are lost, or half of them
    own.push_logged_numbered(600, 900, {0});
    own.run_for(60ms);
    EXPECT_EQ(c.delivered.read(), 600U);
    EXPECT_GT(c.write_errors.read(), 0U);
    own.push_logged_numbered(1500, 300, {0});
    own.run_for(2s);
    EXPECT_EQ(c.delivered.read(), 600U);
    own.world.faults.sync_error = 0;
    own.run_for(40s);
    EXPECT_EQ(c.delivered.read(), 1800U);
    EXPECT_EQ(content(own), lines(0, 1800));
    EXPECT_TRUE(all_on_disk(*own.world.files.at(kPath)));
    EXPECT_EQ(own.cursor(0), own.end_of(0));
  }
}

TEST_F(DurableFileTest, NothingSettlesBeforeTheNameIsOnTheDisk) {
  bool named = false;
  rig.world.faults.sync_error = 1;
  TargetCounters& c = rig.add_logged(0, file_target("archive", kPath));
  rig.push_logged_numbered(0, 2, {0});
  rig.run_for(1s);
  EXPECT_GT(c.connect_failures.read(), 1U);
  EXPECT_EQ(content(rig), "(none)");  // not even made
  rig.world.faults.sync_error = 0;
  rig.run_for(40s);
  EXPECT_EQ(c.delivered.read(), 2U);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    sim::DiskImage after = rig.world.disk.crash(random);
    named = after.files.contains(kPath);
    ASSERT_TRUE(named);
    EXPECT_EQ(after.files.at(kPath)->content, lines(0, 2));
  }
}

TEST_F(DurableFileTest, RotatesOnlyWhatIsSynced) {
  TargetSpec spec = file_target("archive", kPath);
  spec.rotate.size = 80;
  TargetCounters& c = rig.add_logged(0, spec);
  rig.push_logged_numbered(0, 10, {0});
  rig.push_logged_numbered(10, 90, {0});
  rig.run_for(FileSink::kSyncAfter);
  EXPECT_EQ(c.delivered.read(), 100U);
  EXPECT_GE(rig.host.finished.size(), 9U);
  std::string all;
  for (const FinishedFile& file : rig.host.finished) {
    EXPECT_TRUE(all_on_disk(*rig.world.files.at(file.path)));
    all += content(rig, file.path);
  }
  EXPECT_EQ(all + content(rig), lines(0, 100));
}

TEST_F(DurableFileTest, ANewPathTakesOverAfterTheLastSync) {
  TargetCounters& c = rig.add_logged(0, file_target("archive", kPath));
  rig.push_logged_numbered(0, 4, {0});
  rig.settle();
  rig.writer.change_target(TargetId{0}, file_target("archive", "out/b.ndjson"));
  rig.push_logged_numbered(4, 4, {0});
  rig.run_for(100ms);
  EXPECT_EQ(content(rig), lines(0, 4));
  EXPECT_EQ(content(rig, "out/b.ndjson"), lines(4, 4));
  EXPECT_EQ(c.delivered.read(), 8U);
}

TEST_F(DurableFileTest, AMemoryTargetThatBecomesDurableIsOpenedAnew) {
  TargetCounters& c = rig.add(0, file_target("archive", kPath));
  rig.push_numbered(0, 2, {0});
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 2U);
  rig.take_from(0, 0);
  rig.push_logged_numbered(2, 2, {0});
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 2U);
  rig.run_for(FileSink::kSyncAfter);
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(c.connects.read(), 2U);
  EXPECT_EQ(content(rig), lines(0, 4));
}

TEST_F(DurableFileTest, ARetiredTargetSyncsBeforeItCloses) {
  TargetCounters& c = rig.add_logged(0, file_target("archive", kPath));
  rig.push_logged_numbered(0, 3, {0});
  rig.settle();
  rig.writer.retire_target(TargetId{0});
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 3U);
  EXPECT_EQ(rig.world.open_handles(), 0U);
  EXPECT_EQ(rig.cursor(0), rig.end_of(0));
}

}  // namespace
}  // namespace weir
