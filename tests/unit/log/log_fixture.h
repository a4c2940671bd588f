// A BusLog over the simulated disk, blocks to put into it, and what a new start finds after a
// crash.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/log/bus_log.h"
#include "core/log/recovery.h"
#include "core/log/segment_scan.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_port.h"

namespace weir::log_test {

inline constexpr const char* kDirectory = "data/buses/b";

// "target-3" is target 3, "source-1" source 1.
class Names final : public LogNames, public ReplayNames {
 public:
  std::string target(TargetId id) const override { return "target-" + std::to_string(id.value); }
  std::string source(SourceId id) const override { return "source-" + std::to_string(id.value); }
  const Rendering& rendering(SourceId id) const override {
    return id.value == 1 ? wrapped_ : bare_;
  }
  TargetId target(std::string_view name) const override {
    if (!name.starts_with("target-")) return {};
    return TargetId(static_cast<std::uint16_t>(std::stoi(std::string(name.substr(7)))));
  }
  SourceId source(std::string_view name) const override {
    return SourceId(static_cast<std::uint16_t>(std::stoi(std::string(name.substr(7)))));
  }

 private:
  Rendering bare_{"000000000000", "eu-west-1", std::nullopt};
  Rendering wrapped_{"000000000000", "eu-west-1",
                     EnvelopeText{"my.app", "Order", {"arn:one", "arn:two"}}};
};

// The text of the block that gets number `sequence`: events of varying number and length, the
// same ones each time.
std::vector<std::string> events_of(std::uint64_t sequence, std::size_t bytes);

class BlockMaker {
 public:
  explicit BlockMaker(std::size_t blocks = 64, std::uint32_t capacity = 128 * 1024)
      : pool_(blocks, 0, capacity, 4), user_(pool_) {}
  ~BlockMaker();
  // A routed block with the events of `number`; the first goes to nobody, the others to targets.
  Block* make(std::uint64_t number, std::size_t bytes = 300);
  std::size_t free_blocks() const { return pool_.free_blocks(); }
  Block* take() { return user_.take(); }

 private:
  BlockPool pool_;
  BlockPool::User user_;
  std::map<std::uint16_t, Origin*> origins_;
};

std::string text_of(const std::vector<std::string>& events);

class Output final : public BusLogOutput, public BusLogHost {
 public:
  void durable(Block* block) override {
    EXPECT_EQ(block->log_sequence, next);
    ++next;
    block->refs.reset(1);
    block->release();
  }
  void log_message(BusId /*bus*/, std::string_view text) override { said.emplace_back(text); }
  bool has_said(std::string_view words) const;

  std::uint64_t next = 1;
  std::vector<std::string> said;
};

BusSpec small_bus(std::uint64_t segment_bytes = 64 * 1024);
BusLog::Options small_options(const BusSpec& spec = small_bus());
RecoveryOptions recovery_options(std::uint64_t durable_known = 0);

// One life of a log: from recovery to crash or close.
class Life {
 public:
  Life(sim::World& world, BlockMaker& blocks, BusLog::Options options = small_options(),
       std::uint64_t durable_known = 0);
  ~Life();

  // Offers the next block, with the events of its own number; false: not taken now.
  bool append(std::size_t bytes = 300);
  // Polls until nothing more happens, letting time pass.
  void settle(Nanoseconds limit = 10s);
  std::size_t poll();

  sim::World& world;
  sim::SimPort port;
  sim::SimDisk disk;
  Names names;
  Output output;
  RecoveredLog recovered;
  std::unique_ptr<BusLog> log;
  std::uint64_t appended;  // the next number

 private:
  BlockMaker& blocks_;
  Block* waiting_ = nullptr;
};

// All blocks that the segments of a directory hold, read as a tool would; the number of each that
// is not there lies in `missing`. Fails the test if one does not hold what it was made with.
struct Found {
  std::vector<std::uint64_t> sequences;
  RecoveredLog recovered;
};
Found read_everything(sim::World& world, std::uint64_t durable_known = 0, bool repair = true);
void expect_block(const RecordView& record);

}  // namespace weir::log_test
