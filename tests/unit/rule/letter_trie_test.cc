// Many ignore-case patterns beyond ASCII against the reference, one by one; and what they cost.
#include "core/rule/letter_trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/rule/json_text.h"
#include "core/rule/letter_case.h"
#include "tests/reference/values.h"

namespace weir {
namespace {

using engine::LetterTrie;
using engine::WildcardScratch;
using List = std::vector<std::uint32_t>;

constexpr std::int64_t kPlenty = 1'000'000'000;

template <bool kBackward>
List found_in(const LetterTrie& trie, std::string_view value, std::int64_t* steps = nullptr) {
  WildcardScratch scratch;
  scratch.steps_left = kPlenty;
  List out;
  trie.find<kBackward>(value, scratch, [&out](std::uint32_t id) { out.push_back(id); });
  std::ranges::sort(out);
  if (steps != nullptr) *steps = kPlenty - scratch.steps_left;
  return out;
}

// Letters that share forms, whose forms have one to three characters, and many with no case.
std::string some_text(Random& random, std::uint64_t length_max) {
  static constexpr const char* kLetters[] = {
      "ß", "S", "s", "ẞ", "k", "K", "\u212a", "ǆ", "ǅ", "Ǆ", "ΐ", "ΐ", "ᾳ", "ΑΙ", "ﬃ",
      "F", "f", "I", "i", "İ", "i̇", "ı",      "Σ", "ς", "σ", "é", "É", "😀", "𐐀",  "𐐨"};
  std::string out;
  for (std::uint64_t i = random.below(length_max + 1); i > 0; --i) {
    if (random.below(6) == 0) {
      append_code_point(static_cast<std::uint32_t>(0x3400 + random.below(200)), out);
    } else {
      out += kLetters[random.below(std::size(kLetters))];
    }
  }
  return out;
}

TEST(LetterTrie, FindsWhatTheReferenceFinds) {
  Random random(3);
  std::size_t hits = 0;
  for (const std::size_t count : {1U, 5U, 30U, 500U}) {
    std::vector<std::string> texts;
    while (texts.size() < count) {
      std::string text = some_text(random, 3);
      if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
    std::vector<LetterTrie::Entry> parts, wholes, both;
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      parts.push_back({texts[i], i, false});
      both.push_back({texts[i], i, false});
      both.push_back({texts[i], static_cast<std::uint32_t>(count) + i, true});
    }
    LetterTrie forward, backward;
    forward.build(both, false);
    backward.build(parts, true);
    for (int i = 0; i < 400; ++i) {
      std::string value = some_text(random, 4);
      if (i % 2 == 0) {
        value.clear();
        for (const CaseForms& forms : case_forms_of(texts[random.below(count)])) {
          value += random.below(2) == 0 ? forms.lower : forms.upper;
        }
        if (i % 4 == 0) value = random.below(2) == 0 ? value + "x" : "x" + value;
      }
      List expected, ending;
      for (std::uint32_t t = 0; t < count; ++t) {
        if (reference::ignore_case_prefix(texts[t], value)) expected.push_back(t);
        if (reference::ignore_case_suffix(texts[t], value)) ending.push_back(t);
      }
      for (std::uint32_t t = 0; t < count; ++t) {
        if (reference::ignore_case_matches(texts[t], value)) {
          expected.push_back(static_cast<std::uint32_t>(count) + t);
        }
      }
      ASSERT_EQ(found_in<false>(forward, value), expected) << value;
      ASSERT_EQ(found_in<true>(backward, value), ending) << value;
      hits += expected.size();
    }
  }
  EXPECT_GT(hits, 3000U);
}

TEST(LetterTrie, TheNumberOfPatternsCostsNothing) {
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) texts.push_back("é" + std::to_string(i) + "ß");
  std::vector<LetterTrie::Entry> entries;
  for (std::uint32_t i = 0; i < texts.size(); ++i) entries.push_back({texts[i], i, true});
  LetterTrie trie;
  trie.build(entries, false);
  std::int64_t steps = 0;
  EXPECT_EQ(found_in<false>(trie, "É4321SS", &steps), List{4321});
  EXPECT_LE(steps, 2 * 7);
  EXPECT_TRUE(found_in<false>(trie, "É4321SSx", &steps).empty());
  EXPECT_LE(steps, 2 * 7);
  EXPECT_TRUE(found_in<false>(trie, "", &steps).empty());
  EXPECT_EQ(steps, 0);
}

// All rows of two letters that share a form: a value meets them all, and pays for each.
TEST(LetterTrie, LettersThatShareAFormAreCounted) {
  std::vector<std::string> texts;
  for (unsigned i = 0; i < 4096; ++i) {
    std::string text;
    for (unsigned bit = 0; bit < 12; ++bit) text += (i >> bit & 1U) != 0 ? "k" : "\u212a";
    texts.push_back(text + "é");
  }
  std::vector<LetterTrie::Entry> entries;
  for (std::uint32_t i = 0; i < texts.size(); ++i) entries.push_back({texts[i], i, true});
  LetterTrie trie;
  trie.build(entries, false);
  WildcardScratch scratch;
  scratch.steps_left = 40'000;
  std::size_t found = 0;
  const auto find = [&] {
    trie.find<false>("kkkkkkkkkkkk-", scratch, [&found](std::uint32_t) { ++found; });
  };
  find();
  EXPECT_GE(scratch.steps_left, 0);
  EXPECT_LT(scratch.steps_left, 40'000 - 2 * 8000);
  for (int i = 0; i < 5; ++i) find();
  EXPECT_LT(scratch.steps_left, 0);
  EXPECT_EQ(found, 0U);
}

}  // namespace
}  // namespace weir
