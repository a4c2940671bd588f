// The two ways of finding tokens give the same tokens, escapes and refusals.
#include "core/event/structural_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"

namespace weir {
namespace {

using LineEnds = StructuralIndex::LineEnds;

struct Found {
  bool sound = false;
  std::string bytes;
  std::vector<std::uint32_t> positions, escapes, bad_escapes;
  bool operator==(const Found&) const = default;
};

std::vector<std::uint32_t> until_end(const std::uint32_t* list) {
  std::vector<std::uint32_t> out;
  for (; *list != StructuralIndex::kNoPosition; ++list) out.push_back(*list);
  return out;
}

Found found(const StructuralIndex& index, bool sound) {
  if (!sound) return {};
  const std::size_t size = index.count() + StructuralIndex::kSentinels;
  return {sound,
          {index.bytes(), size},
          {index.positions(), index.positions() + size},
          until_end(index.escapes()),
          until_end(index.bad_escapes())};
}

// Twice over, so that nothing of the text before shows.
void expect_same(StructuralIndex& fast, StructuralIndex& portable, const std::string& text) {
  for (const LineEnds line_ends : {LineEnds::tokens, LineEnds::space}) {
    const Found a = found(fast, fast.build(text, line_ends));
    const Found b = found(portable, portable.build_portably(text, line_ends));
    ASSERT_EQ(a, b) << testing::PrintToString(text);
  }
}

TEST(StructuralIndex, TokensOfASmallText) {
  const std::string text = "{\"a\\n\": [-1.5 ,\"x\" , true]}\n\n{ }\n";
  StructuralIndex index;
  ASSERT_TRUE(index.build(text, LineEnds::tokens));
  EXPECT_EQ(std::string(index.bytes(), index.count()), "{\":[-,\",t]}\n\n{}\n");
  EXPECT_EQ(index.positions()[1], 1U);
  EXPECT_EQ(until_end(index.escapes()), std::vector<std::uint32_t>{3});
  EXPECT_TRUE(until_end(index.bad_escapes()).empty());
  ASSERT_TRUE(index.build(text, LineEnds::space));
  EXPECT_EQ(std::string(index.bytes(), index.count()), "{\":[-,\",t]}{}");
}

TEST(StructuralIndex, RandomTextsHaveTheSameTokensBothWays) {
  const std::vector<std::string> pieces = {
      "{",    "}",      "[",       "]",        ":",    ",",      "\"",           "\"",
      "\\",   "\\\"",   "\\u00e9", "\\u12",    "\n",   " ",      "\t",           "\r",
      "12",   "-0.5e3", "true",    "nul",      "\x01", "\x0c",   "\x1a",         "\xc3\xa9",
      "\xff", "abc",    "\x7f",    "\"name\"", "\"\"", "\"ab\"", "\xed\xa0\x80", "\\\\"};
  StructuralIndex fast;
  StructuralIndex portable;
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    // Mostly of the harmless pieces, so that many texts are sound.
    const std::size_t kinds = round % 3 == 0 ? pieces.size() : 8;
    std::string text;
    for (std::uint64_t i = random.below(round % 10 == 0 ? 200 : 30); i > 0; --i) {
      text +=
          random.below(4) == 0 ? std::string(random.below(70), 'x') : pieces[random.below(kinds)];
    }
    text += '\n';
    expect_same(fast, portable, text);
  }
}

TEST(StructuralIndex, EdgesOfBlocks) {
  StructuralIndex fast;
  StructuralIndex portable;
  for (std::size_t shift = 0; shift < 130; ++shift) {
    const std::string blanks(shift, ' ');
    for (const std::string piece :
         {"{\"a\":\"b\\\\\\\"c\"}", "12345", "\"\\", "\"x", "\"\xc3\xa9\"", "\"\xc3\"", "[[[]]]",
          "\"\\u00e9\"", "\"\\u00\"", "tru\"e\"f"}) {
      expect_same(fast, portable, blanks + piece + "\n");
      expect_same(fast, portable, piece + blanks + "\n" + piece + "\n");
    }
    // Every byte a token.
    expect_same(fast, portable, std::string(shift * 3, '[') + "\n");
  }
}

}  // namespace
}  // namespace weir
