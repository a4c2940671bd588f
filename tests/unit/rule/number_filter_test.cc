// The filter never turns away a number that passes a test, however numbers and ends are spelled.
#include "core/rule/number_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/random.h"
#include "core/rule/value_matcher.h"

namespace weir::engine {
namespace {

// A number without an exponent, with something behind it.
struct Spelled {
  explicit Spelled(const std::string& text) : padded(text + std::string(16, '7')) {
    span.negative = text[0] == '-';
    const std::size_t begin = span.negative ? 1 : 0;
    span.digits = padded.data() + begin;
    span.size = static_cast<std::uint32_t>(text.size() - begin);
    span.whole = static_cast<std::uint32_t>(std::min(text.find('.'), text.size()) - begin);
  }
  std::string padded;
  PlainSpan span;
};
NumberFilter::Key key_of(const std::string& text) {
  return NumberFilter::key_of(Spelled(text).span);
}
bool may_pass(const NumberFilter& filter, const std::string& text) {
  return filter.place_of(key_of(text)) != NumberFilter::kNowhere;
}

std::string spelled(Random& random) {
  std::string text = random.below(3) == 0 ? "-" : "";
  if (random.below(16) == 0) {
    // So large that a double has other digits than its shortest form.
    text += std::to_string(1 + random.below(1000));
    return text.append(18 + random.below(random.below(4) == 0 ? 290 : 8), '0');
  }
  const std::uint64_t whole = random.below(4) == 0 ? random.below(14) : random.below(4);
  if (whole == 0) text += '0';
  for (std::uint64_t i = 0; i < whole; ++i) {
    text += static_cast<char>('0' + (i == 0 ? 1 + random.below(3) : random.below(3)));
  }
  const std::uint64_t fraction = random.below(3) == 0 ? 0 : random.below(17);
  if (fraction > 0) text += '.';
  for (std::uint64_t i = 0; i < fraction; ++i) {
    text += static_cast<char>('0' + random.below(2) * random.below(10));
  }
  return text;
}

TEST(NumberFilter, KeysAreOrderedLikeTheNumbers) {
  Random random(21);
  for (int round = 0; round < 200'000; ++round) {
    const std::string a = spelled(random);
    const std::string b = spelled(random);
    const auto key_a = number_key(a);
    const auto key_b = number_key(b);
    if (!key_a || !key_b || *key_a == *key_b) continue;
    const bool ascending = *key_a < *key_b;
    ASSERT_LE(key_of(ascending ? a : b), key_of(ascending ? b : a)) << a << " " << b;
  }
}

TEST(NumberFilter, NeverTurnsAwayWhatPasses) {
  struct Range {
    NumberKey first, behind;
  };
  Random random(22);
  std::size_t turned_away = 0;
  std::size_t passed = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::string> ends;
    std::vector<NumberKey> named;
    std::vector<Range> ranges;
    for (std::uint64_t i = 1 + random.below(round % 10 == 0 ? 40 : 5); i > 0; --i) {
      ends.push_back(random.below(8) == 0 ? "0" : spelled(random));
      const auto first = number_key(ends.back());
      if (!first) continue;
      const std::uint64_t kind = random.below(5);
      const auto other = number_key(spelled(random));
      // One number; up to and from it, with it and without; between two; up to the largest.
      Range range = {*first, *first + 1};
      if (kind == 1) range = {*first + random.below(2), number_key_largest() + 1};
      if (kind == 2) range = {number_key_lowest(), *first + random.below(2)};
      if (kind == 3 && other) range = {std::min(*first, *other), std::max(*first, *other) + 1};
      ranges.push_back(range);
      named.push_back(range.first);
      if (kind != 0) named.push_back(range.behind);
    }
    if (named.empty()) continue;
    std::ranges::sort(named);
    const auto gap_of = [&](NumberKey key) {
      const bool inside = std::ranges::any_of(ranges, [key](const Range& r) {
        return r.behind != r.first + 1 && r.first <= key && key < r.behind;
      });
      return inside ? 0 : NumberFilter::kNoGap;
    };
    NumberFilter filter;
    filter.build(named, gap_of);
    for (int k = 0; k < 60; ++k) {
      // Often an end itself, with zeros or digits behind it.
      std::string text = spelled(random);
      if (k % 3 == 0) text = ends[random.below(ends.size())];
      if (k % 6 == 0) {
        if (text.find('.') == std::string::npos) text += '.';
        text += std::string(1 + random.below(6), '0');
        if (random.below(2) == 0) text += '1';
      }
      for (const std::string& spelling : {text, "-" + text}) {
        if (spelling.starts_with("--")) continue;
        const auto key = number_key(spelling);
        const bool passes = key && std::ranges::any_of(ranges, [&](const Range& r) {
                              return r.first <= *key && *key < r.behind;
                            });
        const bool may = may_pass(filter, spelling);
        ASSERT_TRUE(may || !passes) << spelling;
        passed += passes ? 1 : 0;
        turned_away += may ? 0 : 1;
      }
    }
  }
  EXPECT_GT(passed, 10'000U);
  EXPECT_GT(turned_away, 10'000U);
}

// What is known of a number by its place alone is what its value says.
TEST(NumberFilter, PlacesTellTheTests) {
  Random random(23);
  std::size_t told = 0;
  std::size_t found = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::string> ends;
    std::set<std::string> keys;
    for (std::uint64_t i = 1 + random.below(round % 10 == 0 ? 200 : 6); i > 0; --i) {
      ends.push_back(random.below(8) == 0 ? "0" : spelled(random));
      const auto one = number_key(ends.back());
      const auto other = number_key(spelled(random));
      if (!one || !other) continue;
      ValueTest test;
      test.kind = random.below(2) == 0 ? ValueTest::Kind::number : ValueTest::Kind::number_range;
      test.first_number = test.last_number = *one;
      if (test.kind == ValueTest::Kind::number_range && random.below(4) != 0) {
        std::tie(test.first_number, test.last_number) = std::minmax(*one, *other);
      }
      std::string key;
      append_test_key(test, key);
      keys.insert(key);
    }
    std::vector<ValueMatcher::Entry> entries;
    for (const std::string& key : keys) {
      entries.push_back({key, static_cast<std::uint32_t>(entries.size())});
    }
    ValueMatcher matcher;
    matcher.build(entries, 77);
    for (int k = 0; k < 60; ++k) {
      std::string text = k % 3 == 0 ? ends[random.below(ends.size())] : spelled(random);
      if (k % 6 == 0 && text.find('.') == std::string::npos) text += ".000";
      const Spelled number(text);
      std::set<std::uint32_t> expected, by_place;
      matcher.find_number(text, [&](std::uint32_t id) { expected.insert(id); });
      const auto place = matcher.place_of(NumberFilter::key_of(number.span));
      const auto note = [&](std::uint32_t id) { by_place.insert(id); };
      const bool known = place == NumberFilter::kNowhere ||
                         (place != NumberFilter::kSomewhere && !entries.empty() &&
                          matcher.find_at(place, number.span, note));
      if (!known) continue;
      ASSERT_EQ(by_place, expected) << text;
      ++told;
      found += expected.size();
    }
  }
  EXPECT_GT(told, 100'000U);
  EXPECT_GT(found, 50'000U);
}

TEST(NumberFilter, ZeroHasTwoSigns) {
  const NumberKey zero = *number_key("0");
  NumberFilter filter;
  const std::vector<NumberKey> named = {zero, number_key_largest() + 1};  // zero and above
  filter.build(named, [zero](NumberKey key) { return key == zero ? 0 : NumberFilter::kNoGap; });
  for (const char* text : {"0", "-0", "0.0", "-0.0", "-0.000000000000000", "1", "1000000000000"}) {
    EXPECT_TRUE(may_pass(filter, text)) << text;
  }
  EXPECT_FALSE(may_pass(filter, "-1"));
  EXPECT_FALSE(may_pass(filter, "-0.1"));
}

}  // namespace
}  // namespace weir::engine
