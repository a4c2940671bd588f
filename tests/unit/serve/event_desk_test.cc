#include "core/serve/event_desk.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kBlocks = 8;

// A desk and what lies behind it: each sealed block is counted, its lines beginning with '!' are
// refused, and its spans are safe when the test says so.
class EventDeskTest : public testing::Test, public EventTicketOwner {
 protected:
  EventDeskTest()
      : blocks_(kBlocks, kBlockHeadroom, kBlockCapacity, 4),
        large_(2, 64, kMiB + 2, 4),
        sealed_(16, 2),
        consumer_(sealed_) {
    context_.sources = {{.format = SourceFormat::ndjson}};
    desk_ = std::make_unique<EventDesk>(
        BlockFiller::Shared{
            .blocks = blocks_, .large_blocks = large_, .sequence = sequence_, .sealed = sealed_},
        context_);
  }
  ~EventDeskTest() override {
    while (Block* block = next_block()) finish(block);
  }

  void settled(EventTicket& ticket, const Now& now) override {
    static_cast<void>(now);
    settled_.push_back(&ticket);
  }
  Block* next_block() {
    std::array<Block*, 1> one{};
    return consumer_.pop(one) == 1 ? one[0] : nullptr;
  }
  void finish(Block* block) {
    for (const ProducerSpan& span : block->spans) {
      std::string_view text = block->text().substr(span.begin, span.end - span.begin);
      std::uint32_t lines = 0;
      for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
        ++lines;
        taken_.append(text.substr(0, text.find('\n') + 1));
        if (span.origin->ack_slot == Origin::kNoAcks || text[0] != '!') continue;
        desk_->refused(*span.origin, span.origin->lines + lines, RefuseReason::malformed, 7);
      }
      if (span.refused_after != RefuseReason::none) {
        ++lines;
        if (span.origin->ack_slot != Origin::kNoAcks) {
          desk_->refused(*span.origin, span.origin->lines + lines, span.refused_after, 0);
        }
      }
      span.origin->lines += lines;
      if (span.origin->ack_slot != Origin::kNoAcks) desk_->done(*span.origin, lines);
    }
    block->refs.reset(1);
    block->release();
  }
  void submit(EventTicket& ticket, const std::vector<EventPart>& parts) {
    desk_->submit(ticket, SourceId(0), "peer", parts, now_);
  }
  void run() {
    for (int i = 0; i < 100; ++i) {
      desk_->poll(now_);
      while (Block* block = next_block()) finish(block);
    }
  }

  Now now_{.monotonic = {Nanoseconds{1h}}, .wall = {}};
  BlockPool blocks_;
  BlockPool large_;
  SharedCounter sequence_;
  Channel<Block*> sealed_;
  Channel<Block*>::Consumer consumer_;
  IntakeContext context_;
  std::unique_ptr<EventDesk> desk_;
  std::vector<EventTicket*> settled_;
  std::string taken_;
};

TEST_F(EventDeskTest, TellsWhenAllIsSafeAndNotBefore) {
  EventTicket ticket(*this);
  submit(ticket, {{BusId(0), "{\"a\":1}\n{\"a\":2}"}});
  desk_->poll(now_);
  desk_->poll(now_);
  Block* block = next_block();
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->text(), "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_TRUE(settled_.empty());
  EXPECT_FALSE(desk_->idle());
  finish(block);
  EXPECT_TRUE(settled_.empty()) << "it is told from poll() only";
  desk_->poll(now_);
  ASSERT_EQ(settled_.size(), 1U);
  EXPECT_EQ(settled_[0], &ticket);
  EXPECT_EQ(ticket.lines_done(0), 2U);
  EXPECT_EQ(ticket.refused_count(), 0U);
  EXPECT_FALSE(ticket.given_up());
  EXPECT_TRUE(desk_->idle());
}

TEST_F(EventDeskTest, NamesRefusedLinesByPartAndLine) {
  EventTicket ticket(*this);
  submit(ticket, {{BusId(0), "{}\n!\n{}\n"}, {BusId(1), "!\n"}});
  run();
  ASSERT_EQ(settled_.size(), 1U);
  ASSERT_EQ(ticket.refused().size(), 2U);
  EXPECT_EQ(ticket.refused()[0].part, 0U);
  EXPECT_EQ(ticket.refused()[0].line, 2U);
  EXPECT_EQ(ticket.refused()[0].error_offset, 7U);
  EXPECT_EQ(ticket.refused()[1].part, 1U);
  EXPECT_EQ(ticket.refused()[1].line, 1U);
}

TEST_F(EventDeskTest, KeepsAFewRefusalsAndCountsAll) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "!\n";
  EventTicket ticket(*this);
  submit(ticket, {{BusId(0), lines}});
  run();
  EXPECT_EQ(ticket.refused().size(), EventTicket::kRefusedKept);
  EXPECT_EQ(ticket.refused_count(), 5000U);
}

TEST_F(EventDeskTest, TakesMoreThanTheBlocksHoldInOrder) {
  std::string lines;
  while (lines.size() < 3 * kBlocks * kBlockCapacity) {
    lines += "{\"n\":" + std::to_string(lines.size()) + "}\n";
  }
  EventTicket first(*this);
  EventTicket second(*this);
  submit(first, {{BusId(0), lines}});
  submit(second, {{BusId(0), "{\"last\":1}\n"}});
  EXPECT_EQ(desk_->waiting(), 2U);
  run();
  ASSERT_EQ(settled_.size(), 2U);
  EXPECT_EQ(taken_, lines + "{\"last\":1}\n");
}

TEST_F(EventDeskTest, RefusesALineThatIsTooLong) {
  context_.sources[0].event_bytes_limit = 100;
  EventTicket ticket(*this);
  const std::string lines = "{}\n" + std::string(200, 'x') + "\n{}\n";
  submit(ticket, {{BusId(0), lines}});
  run();
  ASSERT_EQ(settled_.size(), 1U);
  EXPECT_EQ(ticket.lines_done(0), 3U);
}

TEST_F(EventDeskTest, NothingToTakeSettlesAtOnce) {
  EventTicket ticket(*this);
  submit(ticket, {{BusId(0), ""}});
  run();
  EXPECT_EQ(settled_.size(), 1U);
  EXPECT_EQ(ticket.lines_done(0), 0U);
}

TEST_F(EventDeskTest, GivesUpForWantOfRoom) {
  std::string lines;
  while (lines.size() < 2 * kBlocks * kBlockCapacity) lines += "{\"some\":\"line\"}\n";
  EventTicket ticket(*this);
  submit(ticket, {{BusId(0), lines}, {BusId(1), "{}\n"}});
  std::vector<Block*> held;
  const auto poll = [&] {
    desk_->poll(now_);
    while (Block* block = next_block()) held.push_back(block);
  };
  poll();
  now_.monotonic = now_.monotonic + EventDesk::kRoomDeadline;
  poll();
  poll();
  EXPECT_EQ(desk_->waiting(), 0U);
  EXPECT_TRUE(settled_.empty()) << "what was handed over is still under way";
  for (Block* block : held) finish(block);
  run();
  ASSERT_EQ(settled_.size(), 1U);
  EXPECT_TRUE(ticket.given_up());
  EXPECT_GT(ticket.lines_done(0), 0U);
  EXPECT_EQ(ticket.lines_done(1), 0U);
  EXPECT_EQ(ticket.lines_done(0) * 16, taken_.size()) << "exactly the lines it names are taken";
  EXPECT_EQ(blocks_.free_blocks(), kBlocks);
}

TEST_F(EventDeskTest, ATicketMayGoAtAnyTime) {
  auto ticket = std::make_unique<EventTicket>(*this);
  submit(*ticket, {{BusId(0), "{}\n"}});
  desk_->poll(now_);
  ticket.reset();
  run();
  EXPECT_TRUE(settled_.empty());
  EXPECT_TRUE(desk_->idle());
  EXPECT_EQ(taken_, "{}\n") << "what was handed over goes its way";
}

TEST_F(EventDeskTest, AsksTheGates) {
  BusGate gate;
  desk_->watch_gates({nullptr, &gate});
  EXPECT_EQ(desk_->refusal(BusId(0)), "");
  EXPECT_EQ(desk_->refusal(BusId(1)), "");
  gate.set(BusGate::State::disk_full);
  EXPECT_EQ(desk_->refusal(BusId(1)), "the disk is full");
}

}  // namespace
}  // namespace weir
