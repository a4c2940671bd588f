// One test for each way in which the files of a log can be damaged.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "core/log/checksum.h"
#include "tests/unit/log/log_fixture.h"

namespace weir::log_test {
namespace {

class LogDamageTest : public ::testing::Test {
 protected:
  LogDamageTest() { write(60); }

  // A log of so many blocks, closed by a crash that lost nothing.
  void write(std::size_t blocks, std::size_t bytes = 300, std::uint64_t segment_bytes = 64 * 1024) {
    sim::World world(1);
    Life life(world, blocks_, small_options(small_bus(segment_bytes)));
    for (std::size_t left = blocks; left > 0;) {
      if (life.append(bytes)) --left;
      life.poll();
      world.advance(1ms);
    }
    life.settle();
    next_ = life.output.next;
    read_everything(world);  // cuts off what was allocated and not used
    Random random(1);
    image_ = world.disk.crash(random);
  }
  sim::World start() {
    Random random(1);
    return sim::World(2, image_.crash(random));
  }
  static std::string path(std::uint64_t first) {
    return join_path(kDirectory, segment_name(first));
  }
  static std::vector<std::uint64_t> without(std::uint64_t next,
                                            const std::vector<std::uint64_t>& missing) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t n = 1; n < next; ++n) {
      if (std::ranges::find(missing, n) == missing.end()) all.push_back(n);
    }
    return all;
  }
  std::vector<std::uint64_t> firsts() const {
    std::vector<std::uint64_t> all;
    for (const auto& [name, file] : image_.files) {
      if (const auto first = parse_segment_name(name.substr(name.rfind('/') + 1))) {
        all.push_back(*first);
      }
    }
    return all;
  }
  std::string& content(sim::World& world, std::uint64_t first) {
    return world.files.at(path(first))->content;
  }

  BlockMaker blocks_;
  sim::DiskImage image_;
  std::uint64_t next_ = 0;
};

TEST_F(LogDamageTest, ABadRecordInsideIsSetAsideAndNamed) {
  sim::World world = start();
  const std::uint64_t last = firsts().back();
  content(world, last)[2 * kPageBytes + 300] ^= 1;  // the first block of the last segment
  const Found found = read_everything(world, next_);
  EXPECT_EQ(found.sequences, without(next_, {last}));
  ASSERT_EQ(found.recovered.damage.size(), 1U);
  EXPECT_EQ(found.recovered.damage[0].file, segment_name(last));
  EXPECT_EQ(found.recovered.damage[0].offset, 2 * kPageBytes);
  EXPECT_EQ(found.recovered.damage[0].from, last);
  EXPECT_EQ(found.recovered.damage[0].to, last + 1);
  EXPECT_EQ(found.recovered.next_sequence, next_);
}

TEST_F(LogDamageTest, PagesZeroedSwappedRepeatedOrStale) {
  const std::uint64_t last = firsts().back();
  const auto page = [](std::string& text, std::size_t index) {
    return text.substr(index * kPageBytes, kPageBytes);
  };
  const auto damage = [&](auto change) {
    sim::World world = start();
    change(content(world, last), world);
    return read_everything(world, next_);
  };
  Found found = damage([&](std::string& text, sim::World&) {
    text.replace(3 * kPageBytes, kPageBytes, std::string(kPageBytes, '\0'));
  });
  EXPECT_EQ(found.sequences, without(next_, {last + 1}));
  found = damage([&](std::string& text, sim::World&) {
    const std::string a = page(text, 2);
    text.replace(2 * kPageBytes, kPageBytes, page(text, 3)).replace(3 * kPageBytes, kPageBytes, a);
  });
  EXPECT_EQ(found.sequences, without(next_, {last, last + 1}));
  found = damage([&](std::string& text, sim::World&) {
    text.replace(3 * kPageBytes, kPageBytes, page(text, 2));
  });
  EXPECT_EQ(found.sequences, without(next_, {last + 1}));
  found = damage([&](std::string& text, sim::World& world) {  // of an older file, the same place
    text.replace(3 * kPageBytes, kPageBytes, page(content(world, 1), 3));
  });
  EXPECT_EQ(found.sequences, without(next_, {last + 1}));
  EXPECT_EQ(found.recovered.damage.size(), 1U);
}

TEST_F(LogDamageTest, ADamagedHeaderCostsNothing) {
  for (const std::uint64_t first : {std::uint64_t{1}, firsts().back()}) {
    sim::World world = start();
    content(world, first)[40] ^= 4;
    const Found found = read_everything(world, next_);
    EXPECT_EQ(found.sequences, without(next_, {}));
    ASSERT_EQ(found.recovered.damage.size(), 1U);
    EXPECT_EQ(found.recovered.damage[0].from, found.recovered.damage[0].to);
  }
}

TEST_F(LogDamageTest, ADamagedCheckpointCostsNothing) {
  sim::World world = start();
  content(world, firsts().back())[kPageBytes + 40] ^= 4;
  const Found found = read_everything(world, next_);
  EXPECT_EQ(found.sequences, without(next_, {}));
  EXPECT_EQ(found.recovered.damage.size(), 1U);
  ASSERT_EQ(found.recovered.marks.size(), 1U);
  EXPECT_EQ(found.recovered.marks[0].mark.lines, 59U);
}

TEST_F(LogDamageTest, MarksComeFromEarlierSegmentsWhereTheLastHasNone) {
  sim::World world = start();
  const std::uint64_t last = firsts().back();
  std::string& text = content(world, last);
  // The checkpoint, and every block with a mark.
  text[kPageBytes + 40] ^= 4;
  for (std::uint64_t n = last; n < next_; ++n) {
    if (n % 2 == 1) text[(2 + n - last) * kPageBytes + 200] ^= 4;
  }
  const Found found = read_everything(world, next_);
  ASSERT_EQ(found.recovered.marks.size(), 1U);
  EXPECT_EQ(found.recovered.marks[0].mark.lines, last % 2 == 1 ? last - 2 : last - 1);
}

TEST_F(LogDamageTest, FilesLostCopiedRenamedOrRestored) {
  const std::vector<std::uint64_t> all = firsts();
  ASSERT_GE(all.size(), 4U);
  {  // lost, in the middle: seen by what is not there when it is read
    sim::World world = start();
    world.files.erase(path(all[1]));
    const Found found = read_everything(world, next_);
    std::vector<std::uint64_t> missing;
    for (std::uint64_t n = all[1]; n < all[2]; ++n) missing.push_back(n);
    EXPECT_EQ(found.sequences, without(next_, missing));
  }
  {  // lost, the last: the cursors know
    sim::World world = start();
    world.files.erase(path(all.back()));
    const Found found = read_everything(world, next_);
    EXPECT_EQ(found.recovered.next_sequence, next_);
    ASSERT_EQ(found.recovered.damage.size(), 1U);
    EXPECT_EQ(found.recovered.damage[0].from, all.back());
    EXPECT_EQ(found.recovered.damage[0].to, next_);
  }
  {  // a copy under a later name
    sim::World world = start();
    world.files[path(1000)] = std::make_shared<sim::SimFile>(*world.files.at(path(all[0])));
    const Found found = read_everything(world, next_);
    EXPECT_EQ(found.sequences, without(next_, {}));
    EXPECT_EQ(found.recovered.next_sequence, next_);
    EXPECT_EQ(found.recovered.damage.size(), 1U);
    EXPECT_FALSE(world.files.contains(path(1000)));
    EXPECT_TRUE(world.files.contains(path(1000) + ".aside"));
  }
  {  // one of another bus
    sim::World world = start();
    RecoveryOptions options = recovery_options(0);
    options.bus = "other";
    sim::SimDisk disk(world);
    const auto recovered = recover_bus_log(disk, options);
    ASSERT_TRUE(recovered.ok());
    EXPECT_TRUE(recovered->segments.empty());
    EXPECT_EQ(recovered->damage.size(), all.size());
  }
  {  // an old copy of the last
    sim::World world = start();
    content(world, all.back()).resize(3 * kPageBytes);
    const Found found = read_everything(world, next_);
    EXPECT_EQ(found.recovered.next_sequence, next_);
    EXPECT_EQ(found.recovered.damage.at(0).from, all.back() + 1);
  }
}

TEST_F(LogDamageTest, AnUnknownVersionIsRefused) {
  sim::World world = start();
  std::string& text = content(world, 1);
  const std::uint32_t version = 2;
  std::memcpy(text.data() + 16, &version, sizeof(version));
  const std::uint64_t checksum = Checksum::of(std::span(text).subspan(8, kPageBytes - 8));
  std::memcpy(text.data(), &checksum, sizeof(checksum));
  sim::SimDisk disk(world);
  const auto recovered = recover_bus_log(disk, recovery_options());
  ASSERT_FALSE(recovered.ok());
  EXPECT_NE(recovered.error().message.find("version 2"), std::string::npos);
}

TEST_F(LogDamageTest, StrayFilesAreLeftAlone) {
  sim::World world = start();
  for (int i = 0; i < 100; ++i) {
    world.files[join_path(kDirectory, "stray" + std::to_string(i))] =
        std::make_shared<sim::SimFile>(sim::SimFile{std::string(100, 'x')});
  }
  const std::size_t files = world.files.size();
  EXPECT_EQ(read_everything(world, next_).sequences, without(next_, {}));
  EXPECT_EQ(world.files.size(), files);
}

// The tail behind the last durable block: whatever stands there.
TEST_F(LogDamageTest, AnyTailIsCutOff) {
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    sim::World world = start();
    std::string& text = content(world, firsts().back());
    const std::size_t end = text.size();
    Random random(seed);
    std::string tail(random.below(5) * 1000 + random.below(5000), '\0');
    if (seed % 3 != 0) {
      for (char& c : tail) c = static_cast<char>(random());
    }
    text += tail;
    const Found found = read_everything(world, next_);
    EXPECT_EQ(found.sequences, without(next_, {}));
    EXPECT_TRUE(found.recovered.damage.empty());
    EXPECT_EQ(content(world, firsts().back()).size(), end);
  }
}

TEST_F(LogDamageTest, EveryCutOfATailOf64KiB) {
  write(30, 2000, 256 * 1024);
  sim::World whole = start();
  const std::uint64_t first = firsts().back();
  const std::string text = content(whole, first);
  // Where each block of the last segment ends, padding not counted.
  struct End {
    std::uint64_t sequence;
    std::uint64_t bytes;
  };
  std::vector<End> ends;
  sim::SimDisk disk(whole);
  SegmentScan scan;
  ASSERT_TRUE(scan.open(disk, path(first)).ok());
  while (*scan.next() == SegmentScan::Step::record) {
    if (scan.record().header.kind != RecordKind::block) continue;
    ends.push_back(
        {scan.record().header.sequence, scan.record_offset() + scan.record().header.length});
  }
  ASSERT_GT(text.size(), 64U * 1024);
  const char* all = std::getenv("WEIR_ALL_CUTS");
  const std::size_t step = all != nullptr ? 1 : 7;
  for (std::size_t cut = text.size() - 64 * 1024; cut <= text.size(); cut += step) {
    sim::World world(1);
    world.files[path(first)] = std::make_shared<sim::SimFile>(sim::SimFile{text.substr(0, cut)});
    const auto recovered =
        recover_bus_log(*std::make_unique<sim::SimDisk>(world), recovery_options());
    ASSERT_TRUE(recovered.ok());
    std::uint64_t expected = first;
    for (const End& end : ends) {
      // A record whose last bytes are zeros may be whole though they are cut.
      if (text.find_last_not_of('\0', end.bytes - 1) < cut) expected = end.sequence + 1;
    }
    ASSERT_EQ(recovered->next_sequence, expected) << "cut at " << cut;
  }
}

TEST_F(LogDamageTest, EveryFlippedBitOfASegmentCostsItsOwnRecordOnly) {
  // WEIR_ALL_FLIPS: a segment of 1 MiB, 8.4 million flips; takes hours.
  const bool all = std::getenv("WEIR_ALL_FLIPS") != nullptr;
  write(all ? 130 : 8, all ? 7000 : 700, all ? 2 * 1024 * 1024 : 64 * 1024);
  const std::uint64_t first = firsts().back();
  sim::World world = start();
  const std::string sound = content(world, first);
  sim::SimDisk disk(world);
  const std::size_t step = all ? 1 : 97;
  for (std::size_t bit = 0; bit < sound.size() * 8; bit += step) {
    std::string& text = content(world, first);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    RecoveryOptions options = recovery_options(next_);
    options.repair = false;
    const auto recovered = recover_bus_log(disk, options);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(recovered.ok());
    ASSERT_EQ(recovered->damage.size(), 1U) << "bit " << bit;
    ASSERT_LE(recovered->damage[0].to - recovered->damage[0].from, 1U) << "bit " << bit;
    ASSERT_EQ(recovered->next_sequence, next_) << "bit " << bit;
  }
}

TEST_F(LogDamageTest, ADiskThatCannotBeSyncedIsNoStart) {
  sim::World world = start();
  world.faults.sync_error = 1;
  sim::SimDisk disk(world);
  EXPECT_FALSE(recover_bus_log(disk, recovery_options()).ok());
  world.faults = {.read_error = 1};
  EXPECT_FALSE(recover_bus_log(disk, recovery_options()).ok());
}

TEST_F(LogDamageTest, RecoveryReadsTheTailOnly) {
  sim::World world = start();
  sim::SimDisk disk(world);
  ASSERT_TRUE(recover_bus_log(disk, recovery_options()).ok());
  EXPECT_LE(disk.bytes_read, 64U * 1024 + firsts().size() * kPageBytes);
}

}  // namespace
}  // namespace weir::log_test
