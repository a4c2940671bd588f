// The blocks of `weir match`: cut at line ends however the bytes come, and put out in order however
// the threads run.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/match/matcher.h"
#include "tools/match/block_line.h"
#include "tools/match/text_block.h"

namespace weir {
namespace {

struct Carved {
  std::vector<std::string> texts;
  std::vector<std::uint64_t> first_lines;
};

// Carves `text`, given in pieces of at most `piece_max` bytes.
Carved carve(const std::string& text, std::size_t block_bytes, std::size_t piece_max,
             Random& random, bool with_rest = true) {
  Carved carved;
  BlockCarver carver(
      block_bytes, [&] { return std::make_unique<TextBlock>(block_bytes); },
      [&](std::unique_ptr<TextBlock> block) {
        carved.texts.emplace_back(block->text());
        carved.first_lines.push_back(block->first_line);
        EXPECT_EQ(block->text().data()[block->size() + Matcher::kMatchPadding - 1], '\n');
        return true;
      });
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::min<std::size_t>(1 + random.below(piece_max), text.size() - at);
    EXPECT_EQ(carver.consume({text.data() + at, length}), BlockCarver::Outcome::more);
    at += length;
  }
  carver.finish(with_rest);
  return carved;
}

TEST(BlockCarver, KeepsLinesWholeAndCountsThem) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::uint64_t lines = random.below(60);
    for (std::uint64_t i = 0; i < lines; ++i) {
      text += std::string(random.below(random.below(10) == 0 ? 200 : 20), 'x') + "\n";
    }
    if (random.below(2) == 0) text += "rest";
    const Carved carved = carve(text, 64, 1 + random.below(150), random);
    std::string joined;
    std::uint64_t line = 1;
    for (std::size_t i = 0; i < carved.texts.size(); ++i) {
      const std::string& block = carved.texts[i];
      EXPECT_EQ(carved.first_lines[i], line);
      EXPECT_TRUE(i + 1 == carved.texts.size() || block.ends_with('\n'));
      joined += block;
      line += static_cast<std::uint64_t>(std::ranges::count(block, '\n'));
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(BlockCarver, LeavesAnUnfinishedLineBehindADamage) {
  Random random(4);
  const Carved carved = carve("a\nb\nunfin", 1024, 3, random, false);
  ASSERT_EQ(carved.texts.size(), 1U);
  EXPECT_EQ(carved.texts[0], "a\nb\n");
  EXPECT_TRUE(carve("unfin", 1024, 3, random, false).texts.empty());
}

TEST(BlockLine, ComesOutInOrderWhateverTheThreads) {
  for (std::size_t threads = 1; threads <= 5; ++threads) {
    BlockLine line(4, 16);
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < threads; ++i) {
      workers.emplace_back([&line] {
        while (TextBlock* block = line.take()) {
          block->output = std::string(block->text()) + "!";
          line.finish(*block);
        }
      });
    }
    const std::jthread reader([&line] {
      for (int i = 0; i < 2000; ++i) {
        auto block = line.make();
        block->append(std::to_string(i));
        ASSERT_TRUE(line.push(std::move(block)));
      }
      line.close();
    });
    int next = 0;
    while (auto block = line.next()) {
      EXPECT_EQ(block->output, std::to_string(next++) + "!");
      line.give_back(std::move(block));
    }
    EXPECT_EQ(next, 2000);
  }
}

TEST(BlockLine, CancellingLetsEveryoneGo) {
  BlockLine line(2, 16);
  std::jthread worker([&line] {
    while (TextBlock* block = line.take()) line.finish(*block);
  });
  std::jthread reader([&line] {
    while (line.push(line.make())) {
    }
    line.close();
  });
  EXPECT_NE(line.next(), nullptr);
  line.cancel();
  EXPECT_EQ(line.next(), nullptr);
  worker.join();
  reader.join();
}

}  // namespace
}  // namespace weir
