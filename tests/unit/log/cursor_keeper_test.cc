#include "core/log/cursor_keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_port.h"

namespace weir {
namespace {

const char* const kDir = "data";

struct Host final : CursorKeeperHost {
  std::string target_name(TargetId id) const override { return "t" + std::to_string(id.value); }
  void cursor_message(std::string_view text) override { said.emplace_back(text); }
  std::vector<std::string> said;
};

// One bus with two targets, of which the first holds a place of its own.
class Keeper {
 public:
  explicit Keeper(sim::World& world, ReadCursors stored = {}) : world_(world), port_(world) {
    passed_ = board.passed(BusId(0), 0, {1, 0});
    first = board.open(BusId(0), TargetId(1), 0, {1, 0});
    second = board.open(BusId(0), TargetId(2), 0, {1, 0});
    keeper = std::make_unique<CursorKeeper>(CursorKeeper::Options{.data_dir = kDir},
                                            std::move(stored), port_, board, host);
    keeper->add_log({.bus = BusId(0),
                     .name = "orders",
                     .durable = [this] { return durable; },
                     .may_go_below = [this](std::uint64_t s) { floor = s; }});
    passed_->set({1, 0});
    second->follow();
  }
  void pass(std::uint64_t records, LogPosition first_settled) {
    durable = records + 1;
    first->set(first_settled);
    passed_->set({records + 1, 0});
  }
  void run(Nanoseconds time) {
    for (Nanoseconds t{0}; t < time; t += 5ms) {
      keeper->poll(world_.now());
      world_.advance(5ms);
    }
  }

  Host host;
  CursorBoard board;
  std::shared_ptr<Cursor> first;
  std::shared_ptr<Cursor> second;
  std::unique_ptr<CursorKeeper> keeper;
  std::uint64_t durable = 1;
  std::uint64_t floor = 0;

 private:
  sim::World& world_;
  sim::SimPort port_;
  std::shared_ptr<Passed> passed_;
};

void make_slots(sim::World& world) {
  sim::SimDisk disk(world);
  ASSERT_TRUE(disk.make_directories(kDir).ok());
  ASSERT_TRUE(make_cursor_slots(disk, kDir).ok());
}

ReadCursors stored_in(sim::World& world) {
  sim::SimDisk disk(world);
  auto read = read_cursors(disk, kDir);
  EXPECT_TRUE(read.ok()) << (read ? "" : read.error().message);
  return read ? *read : ReadCursors{};
}

TEST(CursorFile, HoldsWhatWasPutIntoItAndNoPartOfIt) {
  const CursorState state{.generation = 7,
                          .buses = {{"orders", 12}, {"a/b", 1}},
                          .cursors = {{"orders", "siem", {3, 9}}, {"a/b", "", {0, 0}}}};
  std::string bytes;
  encode_cursors(state, bytes);
  ASSERT_EQ(decode_cursors(bytes), state);
  EXPECT_EQ(decode_cursors(bytes + "behind"), state);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(decode_cursors(std::span(bytes).first(cut)).has_value()) << cut;
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_cursors(flipped).has_value()) << bit;
  }
}

TEST(CursorFile, ANewerFormatIsRefusedByName) {
  sim::World world(1);
  make_slots(world);
  std::string bytes;
  encode_cursors({.generation = 1, .buses = {}, .cursors = {}}, bytes);
  bytes[8] = 2;
  sim::SimDisk disk(world);
  ASSERT_TRUE((*disk.open("data/cursors.0", Disk::Access::create))->write(bytes, 0).ok());
  auto read = read_cursors(disk, kDir);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "data/cursors.0 has format 2, this program knows 1; a newer weir has written it");
}

TEST(CursorKeeper, SavesWhatHasSettledAndLetsTheLogGoOnlyThen) {
  sim::World world(1);
  make_slots(world);
  Keeper keeper(world);
  keeper.run(200ms);
  keeper.pass(9, {4, 2});
  keeper.keeper->poll(world.now());
  EXPECT_EQ(keeper.floor, 1U);  // written down nowhere yet
  keeper.run(200ms);
  EXPECT_EQ(keeper.floor, 4U);
  const ReadCursors stored = stored_in(world);
  EXPECT_TRUE(stored.damaged.empty());
  EXPECT_EQ(stored.state.durable("orders"), 10U);
  EXPECT_EQ(stored.state.find("orders", "t1")->next, (LogPosition{4, 2}));
  EXPECT_EQ(stored.state.find("orders", "t2")->next, (LogPosition{10, 0}));
  const std::uint64_t saves = keeper.keeper->counters().saves.read();
  keeper.run(1s);  // nothing moves, nothing is written
  EXPECT_EQ(keeper.keeper->counters().saves.read(), saves);
}

TEST(CursorKeeper, KeepsThePositionOfATargetThatIsGoneUntilItIsForgotten) {
  sim::World world(1);
  make_slots(world);
  ReadCursors stored;
  stored.state = {.generation = 3,
                  .buses = {{"orders", 9}, {"old", 5}},
                  .cursors = {{"orders", "gone", {2, 0}}, {"old", "gone", {3, 0}}}};
  Keeper keeper(world, stored);
  EXPECT_EQ(keeper.floor, 2U);
  keeper.pass(20, {21, 0});
  keeper.run(200ms);
  EXPECT_EQ(keeper.floor, 2U);
  EXPECT_EQ(stored_in(world).state.find("orders", "gone")->next, (LogPosition{2, 0}));
  EXPECT_EQ(stored_in(world).state.durable("old"), 5U);
  EXPECT_FALSE(keeper.keeper->forget("t1"));
  EXPECT_TRUE(keeper.keeper->forget("gone"));
  while (!keeper.keeper->save_all(world.now())) keeper.run(5ms);
  EXPECT_EQ(keeper.floor, 21U);
  EXPECT_EQ(stored_in(world).state.find("orders", "gone"), nullptr);
  EXPECT_EQ(stored_in(world).state.find("old", "gone"), nullptr);
}

TEST(CursorKeeper, AFailedSaveChangesNothingAndIsTriedAgain) {
  sim::World world(1);
  make_slots(world);
  Keeper keeper(world);
  keeper.pass(5, {6, 0});
  keeper.run(200ms);
  ASSERT_EQ(keeper.floor, 6U);
  world.faults.sync_error = 1;
  keeper.pass(8, {9, 0});
  keeper.run(2s);
  EXPECT_EQ(keeper.floor, 6U);
  EXPECT_GT(keeper.keeper->counters().failed_saves.read(), 0U);
  ASSERT_FALSE(keeper.host.said.empty());
  EXPECT_NE(keeper.host.said[0].find("cannot sync data/cursors."), std::string::npos);
  world.faults.sync_error = 0;
  keeper.run(2s);
  EXPECT_EQ(keeper.floor, 9U);
  EXPECT_EQ(stored_in(world).state.find("orders", "t1")->next, (LogPosition{9, 0}));
}

// Closed at every step of a save, it begins nothing more.
TEST(CursorKeeper, EndsWhateverIsUnderWayWhenItIsClosed) {
  for (int polls = 0; polls < 8; ++polls) {
    sim::World world(1);
    make_slots(world);
    Keeper keeper(world);
    keeper.pass(5, {6, 0});
    world.advance(100ms);
    for (int i = 0; i < polls; ++i) keeper.keeper->poll(world.now());
    keeper.keeper->close();
    for (int i = 0; i < 8; ++i) keeper.keeper->poll(world.now());
    EXPECT_TRUE(keeper.keeper->quiescent()) << polls;
    EXPECT_EQ(world.open_handles(), 0U) << polls;
  }
}

// A crash at every point of a run of saves: what is read back is one of the states that were
// current, never older than what the log was told, and one slot is whole.
TEST(CursorKeeper, EveryCrashLeavesAWholeSlotThatIsNotOlderThanWhatTheLogWasTold) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    sim::World world(seed);
    world.faults.short_write = 0.3;
    make_slots(world);
    Keeper keeper(world);
    std::size_t crashes = 0;
    world.on_disk_effect = [&] {
      for (std::uint64_t choice = 0; choice < 4; ++choice) {
        Random random(seed * 1000 + choice);
        sim::World after(1, world.disk.crash(random));
        const ReadCursors stored = stored_in(after);
        EXPECT_LE(stored.damaged.size(), 1U);
        const StoredCursor* cursor = stored.state.find("orders", "t1");
        const std::uint64_t next = cursor != nullptr ? cursor->next.sequence : 1;
        EXPECT_GE(next, keeper.floor);
        EXPECT_LE(next, keeper.durable);
        ++crashes;
      }
    };
    for (std::uint64_t record = 1; record < 12; ++record) {
      keeper.pass(record, {record + 1, 0});
      keeper.run(30ms);
    }
    keeper.run(200ms);
    world.on_disk_effect = nullptr;
    EXPECT_GT(crashes, 40U);
    EXPECT_EQ(keeper.floor, 12U);
  }
}

}  // namespace
}  // namespace weir
