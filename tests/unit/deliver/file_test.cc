// Files: appending, short writes, errors, rotation; the standard output.
#include <array>

#include "core/deliver/file_sink.h"
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {
namespace {

const std::string kPath = "out/a.ndjson";

class FileTest : public ::testing::Test {
 protected:
  std::string content(const std::string& path = kPath) {
    const auto found = rig.world.files.find(path);
    return found == rig.world.files.end() ? "(none)" : found->second->content;
  }
  static std::string lines(std::uint64_t first, std::uint64_t count) {
    std::string text;
    for (std::uint64_t i = 0; i < count; ++i) text += WriterRig::numbered(first + i) + "\n";
    return text;
  }
  // All finished files in order, then the current one.
  std::string everything() {
    std::string all;
    for (const FinishedFile& file : rig.host.finished) all += content(file.path);
    if (rig.world.files.contains(kPath)) all += content();
    return all;
  }
  WriterRig rig;
};

TEST_F(FileTest, AppendsAndCountsWhatIsWritten) {
  rig.world.files[kPath] = std::make_shared<sim::SimFile>(sim::SimFile{"old\n"});
  TargetCounters& c = rig.add(0, file_target("archive", kPath));
  rig.push_numbered(0, 5, {0});
  rig.settle();
  EXPECT_EQ(content(), "old\n" + lines(0, 4));
  EXPECT_EQ(c.delivered.read(), 4U);
  rig.run_for(100ms);
  EXPECT_EQ(content(), "old\n" + lines(0, 5));
  EXPECT_EQ(c.delivered.read(), 5U);
  EXPECT_EQ(c.pending.read(), 0U);
}

TEST_F(FileTest, GoesOnAfterShortWritesAtEveryByte) {
  TargetCounters& c = rig.add(0, file_target("archive", kPath));
  for (std::uint32_t bytes = 1; bytes <= 20; ++bytes) {
    rig.world.faults.write_bytes_max = bytes;
    rig.push_numbered((bytes - 1) * 10, 10, {0});
    rig.settle();
  }
  EXPECT_EQ(content(), lines(0, 200));
  EXPECT_EQ(c.delivered.read(), 200U);
}

TEST_F(FileTest, WaitsForAFullDiskAndContinuesInTheMiddleOfALine) {
  rig.world.disk_bytes_left = 13;
  TargetCounters& c = rig.add(0, file_target("archive", kPath));
  rig.push_numbered(0, 4, {0});
  rig.run_for(10s);
  EXPECT_EQ(content(), lines(0, 4).substr(0, 13));
  EXPECT_GT(c.write_errors.read(), 2U);
  EXPECT_EQ(c.delivered.read() + c.pending.read(), 4U);
  ASSERT_FALSE(rig.host.warnings.empty());
  EXPECT_LE(rig.host.warnings.size(), 3U);
  EXPECT_NE(rig.host.warnings[0].find("archive: cannot write"), std::string::npos);
  rig.world.disk_bytes_left = ~std::uint64_t{0};
  rig.run_for(31s);
  EXPECT_EQ(content(), lines(0, 4));
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(rig.host.infos.size(), 1U);
}

TEST_F(FileTest, ARemovedFileGetsTheRecordUnderWayWhole) {
  rig.world.disk_bytes_left = 13;
  TargetCounters& c = rig.add(0, file_target("archive", kPath));
  rig.push_numbered(0, 4, {0});
  rig.settle();
  rig.world.files.erase(kPath);
  rig.world.disk_bytes_left = ~std::uint64_t{0};
  rig.run_for(1s);
  EXPECT_EQ(content(), lines(1, 3));
  EXPECT_EQ(c.delivered.read(), 4U);
}

TEST_F(FileTest, AnUnwritablePathIsTriedAgain) {
  rig.world.unwritable.insert(kPath);
  TargetCounters& c = rig.add(0, file_target("archive", kPath));
  rig.push_numbered(0, 2, {0});
  rig.run_for(1s);
  EXPECT_GT(c.connect_failures.read(), 1U);
  rig.world.unwritable.clear();
  rig.run_for(10s);
  EXPECT_EQ(content(), lines(0, 2));
}

TEST_F(FileTest, RotatesBySizeAfterWholeRecords) {
  for (std::uint64_t size = 1; size <= 40; ++size) {
    WriterRig own(size);
    own.world.faults.short_write = size % 2 == 0 ? 0.5 : 0;
    TargetSpec spec = file_target("archive", kPath);
    spec.batch.records_max = 5;
    spec.rotate = {.size = size, .every = 0ns, .compress = Compression::zstd};
    TargetCounters& c = own.add(0, spec);
    own.push_numbered(0, 30, {0});
    own.run_for(200ms);
    std::string all;
    const std::uint64_t per_file = std::max<std::uint64_t>(1, size / 8);
    for (const FinishedFile& file : own.host.finished) {
      EXPECT_EQ(file.compress, Compression::zstd);
      const std::string& text = own.world.files.at(file.path)->content;
      EXPECT_EQ(text.back(), '\n');
      all += text;
    }
    if (own.world.files.contains(kPath)) all += own.world.files.at(kPath)->content;
    std::string expected;
    for (std::uint64_t i = 0; i < 10; ++i) expected += WriterRig::numbered(i) + "\n";
    EXPECT_EQ(all.substr(0, expected.size()), expected);
    EXPECT_EQ(c.delivered.read(), 30U);
    EXPECT_EQ(c.rotations.read(), own.host.finished.size());
    EXPECT_EQ(own.world.files.at(own.host.finished[0].path)->content.size(), per_file * 8);
    EXPECT_LE(own.world.open_handles(), 1U);
  }
}

TEST_F(FileTest, RawAndArraysRotateAfterWholeBatches) {
  for (const BatchFormat format : {BatchFormat::raw, BatchFormat::json_array}) {
    WriterRig own;
    TargetSpec spec = file_target("archive", kPath);
    spec.format = format;
    spec.rotate.size = 40;  // raw: 14 a batch; arrays: 18
    own.add(0, spec);
    own.push_numbered(0, 10, {0});
    own.settle();
    ASSERT_EQ(own.host.finished.size(), 2U);
    EXPECT_EQ(own.world.files.at(own.host.finished[0].path)->content.size(),
              format == BatchFormat::raw ? 28U : 36U);
  }
}

TEST_F(FileTest, RotatesByTimeEvenWhenIdle) {
  rig.world.set_wall({Nanoseconds{std::chrono::hours(480000)} + 59min});
  TargetSpec spec = file_target("archive", kPath);
  spec.rotate.every = 1h;
  rig.add(0, spec);
  rig.push_numbered(0, 2, {0});
  rig.run_for(1s);
  EXPECT_TRUE(rig.host.finished.empty());
  EXPECT_EQ(rig.writer.next_deadline(), rig.world.now().monotonic + 59s);
  rig.world.advance(59s - 1ns);
  rig.settle();
  EXPECT_TRUE(rig.host.finished.empty());
  rig.world.advance(1ns);
  rig.settle();
  ASSERT_EQ(rig.host.finished.size(), 1U);
  EXPECT_EQ(content(rig.host.finished[0].path), lines(0, 2));
  EXPECT_FALSE(rig.world.files.contains(kPath));
  EXPECT_EQ(rig.writer.next_deadline(), MonotonicTime::never());
  rig.world.advance(5h);  // nothing written: nothing rotated
  rig.settle();
  rig.push_numbered(2, 2, {0});
  rig.settle();
  EXPECT_EQ(content(), lines(2, 2));
  EXPECT_EQ(rig.host.finished.size(), 1U);
}

TEST_F(FileTest, TimeRotationWaitsForTheEndOfARecord) {
  TargetSpec spec = file_target("archive", kPath);
  spec.rotate.every = 1h;
  spec.batch.records_max = 4;
  rig.add(0, spec);
  rig.world.disk_bytes_left = 11;
  rig.push_numbered(0, 4, {0});
  rig.settle();
  EXPECT_EQ(content().size(), 11U);
  rig.world.advance(1h);
  rig.world.disk_bytes_left = ~std::uint64_t{0};
  rig.run_for(31s);
  ASSERT_EQ(rig.host.finished.size(), 1U);
  EXPECT_EQ(content(rig.host.finished[0].path), lines(0, 2));
  EXPECT_EQ(content(), lines(2, 2));
}

TEST_F(FileTest, GoesOnInTheSameFileWhenItCannotBeRenamed) {
  TargetSpec spec = file_target("archive", kPath);
  spec.rotate.size = 16;
  TargetCounters& c = rig.add(0, spec);
  rig.world.unwritable.insert(finished_name(kPath, rig.world.now().wall));
  rig.push_numbered(0, 4, {0});
  rig.settle();
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(content(), lines(0, 4));
  EXPECT_EQ(rig.host.finished.size(), 0U);
  ASSERT_EQ(rig.host.warnings.size(), 1U);
  rig.world.advance(1s);
  rig.push_numbered(4, 2, {0});
  rig.settle();
  EXPECT_EQ(rig.host.finished.size(), 1U);
  EXPECT_EQ(everything(), lines(0, 6));
}

TEST_F(FileTest, TwoRotationsInOneMillisecondGetTwoNames) {
  TargetSpec spec = file_target("archive", kPath);
  spec.rotate.size = 8;
  rig.add(0, spec);
  rig.push_numbered(0, 8, {0});
  rig.settle();
  EXPECT_EQ(rig.host.finished.size(), 7U);
  EXPECT_EQ(rig.world.files.size(), 8U);
  EXPECT_EQ(everything(), lines(0, 8));
}

TEST_F(FileTest, WritesToTheStandardOutputItWasGiven) {
  // The simulation has no handle 1 of its own; open files until there is one.
  WriterOptions options = WriterRig::small_options();
  options.standard_output = Handle{0};
  WriterRig own(1, options);
  own.port.open("terminal", {}, 0);
  std::array<Completion, 1> done{};
  ASSERT_EQ(own.port.reap(done), 1U);
  ASSERT_EQ(done[0].result, 0);
  TargetSpec spec = file_target("screen", "");
  spec.kind = TargetKind::standard_output;
  TargetCounters& c = own.add(0, spec);
  own.world.faults.short_write = 0.5;
  own.world.faults.write_error = 0.3;
  own.push_numbered(0, 10, {0});
  own.run_for(300s);
  EXPECT_EQ(own.world.files.at("terminal")->content, lines(0, 10));
  EXPECT_EQ(c.delivered.read(), 10U);
  own.writer.retire_target(TargetId{0});
  own.settle();
  EXPECT_EQ(own.world.open_handles(), 1U);  // never closed by us
}

}  // namespace
}  // namespace weir
