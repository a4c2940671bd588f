#include "core/route/sequencer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/random.h"

namespace weir {
namespace {

struct Heard final : RefusalSink {
  std::vector<std::string> lines;
  void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
               std::uint32_t /*error_offset*/, std::string_view text) override {
    lines.push_back(origin.label + ":" + std::to_string(line) + " " +
                    std::string(to_string(reason)) + " " + std::string(text));
  }
};

TEST(Sequencer, RestoresTheOrderOfSealingForEveryWriter) {
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    Random random(seed);
    BlockPool pool(16, 64, 256, 1);
    BlockPool::User user(pool);
    Channel<Block*> routed(32, 4);
    Channel<Block*> first(32, 1);
    Channel<Block*> second(32, 1);
    Channel<Block*>* writers[] = {&first, &second};
    Heard heard;
    Distributor out(writers);
    Sequencer sequencer(routed, 16, out, heard);
    Channel<Block*>::Producer router(routed);
    Channel<Block*>::Consumer outs[] = {Channel<Block*>::Consumer(first),
                                        Channel<Block*>::Consumer(second)};
    std::uint64_t sealed = 0;
    std::array<std::uint64_t, 2> next{};
    std::vector<Block*> being_routed;
    while (next[0] < 500 || next[1] < 500) {
      if (Block* block = sealed < 500 ? user.take() : nullptr) {
        block->sequence = sealed++;
        being_routed.push_back(block);
      }
      if (!being_routed.empty() && random.below(2) == 0) {
        std::swap(being_routed[random.below(being_routed.size())], being_routed.back());
        ASSERT_TRUE(router.push(being_routed.back()));
        being_routed.pop_back();
      }
      sequencer.poll({});
      for (std::size_t w = 0; w < 2; ++w) {
        std::array<Block*, 3> taken{};
        const std::size_t count = outs[w].pop(std::span(taken).first(random.below(4)));
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(taken[i]->sequence, next[w]++);
          taken[i]->release();
        }
      }
    }
    EXPECT_EQ(out.passed(), 500U);
    EXPECT_EQ(pool.free_blocks(), pool.size());
  }
}

TEST(Sequencer, SaysTheLineNumberOfARefusalOnItsConnection) {
  BlockPool pool(4, 64, 256, 1);
  BlockPool::User user(pool);
  Channel<Block*> routed(8, 2);
  Heard heard;
  Distributor out({});
  Sequencer sequencer(routed, 4, out, heard);
  Channel<Block*>::Producer router(routed);
  auto* origin = new Origin;
  origin->label = "peer";
  origin->refs.reset(1);
  for (std::uint64_t sequence = 0; sequence < 2; ++sequence) {
    Block* block = user.take();
    block->sequence = sequence;
    std::memcpy(block->receive_area().data(), "good\nbad\n", 9);
    block->set_bounds(64, 73);
    origin->refs.acquire();
    block->spans.push_back({.origin = origin, .begin = 0, .end = 9, .lines = 2});
    block->refusals.push_back(
        {.span = 0, .line = 2, .offset = 5, .length = 3, .reason = RefuseReason::malformed});
    ASSERT_TRUE(router.push(block));
  }
  sequencer.poll({});
  EXPECT_EQ(heard.lines,
            (std::vector<std::string>{"peer:2 malformed bad", "peer:4 malformed bad"}));
  EXPECT_EQ(origin->lines, 4U);
  EXPECT_EQ(pool.free_blocks(), pool.size());
  release(origin);
}

struct AckHeard final : AckSink {
  std::vector<std::string> calls;
  void refused(const Origin& origin, std::uint64_t line, RefuseReason /*reason*/,
               std::uint32_t error_offset) override {
    calls.push_back(origin.label + " refused " + std::to_string(line) + " at " +
                    std::to_string(error_offset));
  }
  void done(const Origin& origin, std::uint32_t lines) override {
    calls.push_back(origin.label + " done " + std::to_string(lines));
  }
};

TEST(Sequencer, TellsOfRefusedLinesBeforeTheSpanIsDoneAndOnlyWhoAsked) {
  BlockPool pool(2, 64, 256, 1);
  BlockPool::User user(pool);
  Channel<Block*> routed(8, 2);
  Heard heard;
  AckHeard acks;
  Distributor out({});
  Sequencer sequencer(routed, 4, out, heard);
  sequencer.acknowledge_to(acks);
  out.acknowledge_to(acks);
  Block* block = user.take();
  for (const std::string label : {"asks", "plain", "too"}) {
    auto* origin = new Origin;
    origin->label = label;
    origin->lines = 10;
    if (label != "plain") origin->ack_slot = 3;
    origin->refs.reset(1);
    block->spans.push_back({.origin = origin, .lines = 2});
  }
  for (std::uint32_t span = 0; span < 2; ++span) {
    block->refusals.push_back({.span = span, .line = 2, .error_offset = 7});
  }
  block->file_marks.push_back({.span = 1});
  block->sequence = 0;
  block->set_bounds(64, 64);
  Channel<Block*>::Producer router(routed);
  ASSERT_TRUE(router.push(block));
  sequencer.poll({});
  EXPECT_EQ(acks.calls,
            (std::vector<std::string>{"asks refused 12 at 7", "asks done 2", "too done 2"}));
  EXPECT_EQ(heard.lines.size(), 2U);
  EXPECT_EQ(pool.free_blocks(), pool.size());
}

TEST(Sequencer, SaysHowManyLinesOfAFileAMarkCovers) {
  BlockPool pool(2, 64, 256, 1);
  BlockPool::User user(pool);
  Channel<Block*> routed(8, 2);
  Channel<Block*> writer(8, 1);
  Channel<Block*>* writers[] = {&writer};
  Heard heard;
  Distributor out(writers);
  Sequencer sequencer(routed, 4, out, heard);
  auto* origin = new Origin;
  origin->lines = 100;
  origin->refs.reset(2);
  Block* block = user.take();
  block->sequence = 0;
  block->spans = {{.origin = origin, .lines = 5}, {.origin = origin, .lines = 2}};
  block->file_marks = {{.inode = 1, .span = 0}, {.inode = 1, .span = 1}};
  block->set_bounds(64, 64);
  Channel<Block*>::Producer router(routed);
  ASSERT_TRUE(router.push(block));
  sequencer.poll({});
  EXPECT_EQ(block->file_marks[0].lines, 105U);
  EXPECT_EQ(block->file_marks[1].lines, 107U);
  block->release();
}

// A log that takes so many blocks and no more.
struct NarrowLog final : BlockOutlet {
  std::size_t room = 0;
  std::vector<std::uint64_t> taken;
  Distributor* out = nullptr;
  bool append(Block* block) override {
    if (room == 0) return false;
    --room;
    taken.push_back(block->sequence);
    out->pass_on(block);
    return true;
  }
};

TEST(Sequencer, ALogThatTakesNothingHoldsBackItsOwnBusOnlyAndInOrder) {
  BlockPool pool(8, 64, 256, 1);
  BlockPool::User user(pool);
  Channel<Block*> routed(8, 2);
  Channel<Block*> writer(8, 1);
  Channel<Block*>* writers[] = {&writer};
  Heard heard;
  Distributor out(writers);
  NarrowLog log;
  log.out = &out;
  Channel<Block*>::Consumer arrived(writer);
  {
    Sequencer sequencer(routed, 8, out, heard);
    sequencer.add_outlet(BusId(1), log);
    Channel<Block*>::Producer router(routed);
    for (std::uint64_t sequence = 0; sequence < 6; ++sequence) {
      Block* block = user.take();
      block->sequence = sequence;
      block->bus = BusId(sequence % 2);
      block->set_bounds(64, 64);
      ASSERT_TRUE(router.push(block));
    }
    sequencer.poll({});
    EXPECT_EQ(out.passed(), 3U);
    log.room = 2;
    EXPECT_GT(sequencer.poll({}), 0U);
    EXPECT_EQ(sequencer.poll({}), 0U);
    EXPECT_EQ(log.taken, (std::vector<std::uint64_t>{1, 3}));
    std::array<Block*, 8> blocks{};
    const std::size_t count = arrived.pop(blocks);
    std::vector<std::uint64_t> order;
    for (std::size_t i = 0; i < count; ++i) {
      order.push_back(blocks[i]->sequence);
      blocks[i]->release();
    }
    EXPECT_EQ(order, (std::vector<std::uint64_t>{0, 2, 4, 1, 3}));
  }
  EXPECT_EQ(pool.free_blocks(), pool.size());  // the one that no log took is not lost either
}

}  // namespace
}  // namespace weir
