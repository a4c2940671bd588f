#include "core/ingest/block_filler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>

#include "core/base/random.h"

namespace weir {
namespace {

// Small blocks, so that every path is taken with short lines.
constexpr std::uint32_t kHeadroom = 24;
constexpr std::uint32_t kCapacity = 128;
constexpr std::uint64_t kLineLimit = 300;

struct Bench {
  BlockPool blocks{6, kHeadroom, kCapacity, 4};
  BlockPool large{2, 8, kLineLimit + 2, 4};
  SharedCounter sequence;
  Channel<Block*> sealed{16, 4};
  BlockFiller filler{{blocks, large, sequence, sealed}};
  Channel<Block*>::Consumer out{sealed};
  std::map<const Origin*, std::vector<std::string>> lines;  // a refusal stands as "!reason"
  std::map<std::uint64_t, Block*> waiting;                  // sealed, by sequence
  std::uint64_t next = 0;

  // Takes what was sealed, in order, as a Sequencer would.
  void drain() {
    std::array<Block*, 16> taken{};
    const std::size_t count = out.pop(taken);
    for (std::size_t i = 0; i < count; ++i) waiting[taken[i]->sequence] = taken[i];
    while (!waiting.empty() && waiting.begin()->first == next) {
      read(*waiting.begin()->second);
      waiting.erase(waiting.begin());
      ++next;
    }
  }

  void read(Block& block) {
    std::uint32_t at = 0;
    for (const ProducerSpan& span : block.spans) {
      EXPECT_EQ(span.origin->source.value, block.bus.value);  // a block holds one bus
      EXPECT_EQ(span.begin, at);                              // spans cover the text without a gap
      at = span.end;
      std::string_view text = block.text().substr(span.begin, span.end - span.begin);
      while (!text.empty()) {
        const std::size_t end = text.find('\n');
        ASSERT_NE(end, std::string_view::npos);  // whole lines only
        lines[span.origin].emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
      }
      if (span.refused_after != RefuseReason::none) {
        lines[span.origin].push_back("!" + std::string(to_string(span.refused_after)));
      }
    }
    EXPECT_EQ(at, block.text().size());
    block.refs.reset(1);
    block.release();
  }

  bool receive(LineStream& stream, std::string_view bytes) {
    Block* block = filler.take_block();
    while (block == nullptr) {
      drain();
      filler.flush({});
      block = filler.take_block();
    }
    std::memcpy(block->receive_area().data(), bytes.data(), bytes.size());
    bool taken = filler.received(stream, block, static_cast<std::uint32_t>(bytes.size()), {});
    for (int tries = 0; !taken && tries < 100; ++tries) {
      filler.flush({});
      drain();
      taken = filler.resume(stream, {});
    }
    return taken;
  }

  void finish() {
    filler.flush({});
    drain();
  }
};

// Of source n on bus n.
LineStream make_stream(std::uint16_t bus = 0) {
  LineStream stream;
  stream.origin = new Origin;
  stream.origin->source = SourceId(bus);
  stream.bus = BusId(bus);
  stream.origin->refs.reset(1);
  stream.event_bytes_limit = kLineLimit;
  return stream;
}

std::string expected_line(const std::string& line) {
  return line.size() > kLineLimit ? "!too_large" : line;
}

TEST(BlockFiller, ALongLineGivesItsMemoryBack) {
  Bench bench;
  LineStream stream = make_stream();
  stream.event_bytes_limit = kMiB;
  const std::string piece(kCapacity, 'x');
  for (std::size_t bytes = 0; bytes < 64 * kKiB; bytes += piece.size()) {
    ASSERT_TRUE(bench.receive(stream, piece));
  }
  EXPECT_GE(bench.filler.long_carry_bytes(), 64 * kKiB);
  bench.filler.drop(stream);
  EXPECT_EQ(bench.filler.long_carry_bytes(), 0U);
  release(stream.origin);
}

TEST(BlockFiller, EveryCutOfAStreamGivesTheSameLines) {
  std::string text;
  std::vector<std::string> expected;
  for (const std::size_t size :
       {0U, 1U, 5U, 30U, 90U, 31U, 127U, 128U, 200U, 300U, 301U, 4U, 700U, 2U}) {
    const std::string line(size, static_cast<char>('a' + expected.size()));
    text += line + "\n";
    expected.push_back(expected_line(line));
  }
  for (std::size_t step = 1; step <= kCapacity; ++step) {
    Bench bench;
    LineStream stream = make_stream();
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_TRUE(bench.receive(stream, std::string_view(text).substr(at, step)));
    }
    ASSERT_TRUE(bench.filler.end(stream, false, {}));
    bench.finish();
    EXPECT_EQ(bench.lines[stream.origin], expected) << "reads of " << step;
    EXPECT_EQ(bench.blocks.free_blocks(), bench.blocks.size());
    EXPECT_EQ(bench.large.free_blocks(), bench.large.size());
    EXPECT_EQ(bench.filler.long_carry_bytes(), 0U);
    release(stream.origin);
  }
}

TEST(BlockFiller, ManyStreamsAtRandomKeepTheirOrder) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Bench bench;
    std::vector<LineStream> streams;
    std::vector<std::string> texts;
    std::vector<std::vector<std::string>> expected;
    for (std::uint16_t s = 0; s < 4; ++s) {
      streams.push_back(make_stream(s % 3));
      std::string text;
      std::vector<std::string> lines;
      for (int i = 0; i < 40; ++i) {
        const std::size_t size = random.below(random.below(8) == 0 ? 500 : 60);
        lines.push_back(std::to_string(i) + std::string(size, 'x'));
        text += lines.back() + "\n";
        lines.back() = expected_line(lines.back());
      }
      texts.push_back(text);
      expected.push_back(lines);
    }
    std::vector<std::size_t> at(4, 0);
    for (bool more = true; more;) {
      more = false;
      for (std::size_t s = 0; s < 4; ++s) {
        const std::size_t part =
            std::min<std::size_t>(random.below(kCapacity + 1), texts[s].size() - at[s]);
        const std::string_view bytes = std::string_view(texts[s]).substr(at[s], part);
        if (random.below(2) == 0) {
          if (BlockFiller::stuck(streams[s]) && !bench.filler.resume(streams[s], {})) {
            bench.finish();
            more = true;
            continue;
          }
          at[s] += bench.filler.append(streams[s], bytes, {});
        } else {
          while (BlockFiller::stuck(streams[s]) && !bench.filler.resume(streams[s], {}))
            bench.finish();
          ASSERT_TRUE(bench.receive(streams[s], bytes));
          at[s] += part;
        }
        more = more || at[s] < texts[s].size();
        if (random.below(4) == 0) bench.drain();
        if (random.below(8) == 0) bench.filler.flush({});
      }
    }
    for (std::size_t s = 0; s < 4; ++s) {
      while (BlockFiller::stuck(streams[s]) && !bench.filler.resume(streams[s], {})) bench.finish();
      bench.finish();
      EXPECT_EQ(bench.lines[streams[s].origin], expected[s]) << "seed " << seed << " stream " << s;
      release(streams[s].origin);
    }
    EXPECT_EQ(bench.blocks.free_blocks(), bench.blocks.size());
  }
}

TEST(BlockFiller, LastLineWithoutEndCountsUnlessReset) {
  Bench bench;
  LineStream whole = make_stream();
  LineStream cut = make_stream();
  ASSERT_TRUE(bench.receive(whole, "a\nlast"));
  ASSERT_TRUE(bench.receive(cut, "b\nhalf"));
  ASSERT_TRUE(bench.filler.end(whole, false, {}));
  ASSERT_TRUE(bench.filler.end(cut, true, {}));
  bench.finish();
  EXPECT_EQ(bench.lines[whole.origin], (std::vector<std::string>{"a", "last"}));
  EXPECT_EQ(bench.lines[cut.origin], (std::vector<std::string>{"b", "!truncated"}));
  release(whole.origin);
  release(cut.origin);
}

TEST(BlockFiller, WithoutFreeBlocksTheStreamIsStuckAndNothingIsLost) {
  Bench bench;
  std::vector<Block*> held;
  LineStream stream = make_stream();
  ASSERT_TRUE(bench.receive(stream, "first\n"));
  while (Block* block = bench.filler.take_block()) held.push_back(block);
  EXPECT_EQ(bench.filler.append(stream, "second\n", {}), 0U);
  Block* last = held.back();
  held.pop_back();
  std::memset(last->receive_area().data(), 'x', kCapacity);
  last->receive_area()[kCapacity - 1] = '\n';
  EXPECT_TRUE(bench.filler.received(stream, last, kCapacity, {}));
  for (Block* block : held) bench.filler.put_back(block);
  bench.finish();
  EXPECT_EQ(bench.lines[stream.origin],
            (std::vector<std::string>{"first", std::string(kCapacity - 1, 'x')}));
  release(stream.origin);
}

}  // namespace
}  // namespace weir
