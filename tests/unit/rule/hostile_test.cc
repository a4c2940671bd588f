// What hostile patterns and rule sets may cost, counted in bytes and steps: any pattern of up to
// 64 KiB is built or refused within 16 MiB; wildcards cost a value little more than its length.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <functional>
#include <new>

#include "core/rule/rule_set.h"
#include "core/rule/wildcard_set.h"

namespace {

std::size_t held = 0;
std::size_t held_most = 0;

void* count_up(void* memory) {
  if (memory == nullptr) std::abort();
  held += malloc_usable_size(memory);
  held_most = std::max(held_most, held);
  return memory;
}

void count_down(void* memory) {
  held -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return count_up(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t align) {
  const auto to = static_cast<std::size_t>(align);
  return count_up(std::aligned_alloc(to, (size + to - 1) / to * to));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return count_up(std::malloc(size));
}
void operator delete(void* memory) noexcept {
  count_down(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  count_down(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  count_down(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  count_down(memory);
}

namespace weir {
namespace {

constexpr std::size_t kPatternBytes = 64U * 1024;
constexpr std::size_t kMemoryMax = 16U * 1024 * 1024;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// `make(i)` again and again, with commas between, as long as 64 KiB allow.
std::string filled(std::string_view begin, const std::function<std::string(std::size_t)>& make,
                   std::string_view end, std::size_t most = kPatternBytes) {
  std::string out(begin);
  for (std::size_t i = 0; i < most; ++i) {
    const std::string next = (i > 0 ? "," : "") + make(i);
    if (out.size() + next.size() + end.size() > kPatternBytes) break;
    out += next;
  }
  return out += end;
}

std::string wildcard(const std::string& text) {
  return R"({"a":[{"wildcard":")" + text + "\"}]}";
}

struct Cost {
  bool built = false;
  std::string message;
  std::size_t bytes = 0;  // held at most
};

Cost cost_of(const std::string& pattern) {
  EXPECT_LE(pattern.size(), kPatternBytes);
  const RuleText rule{"r", pattern};
  held_most = held;
  const std::size_t before = held;
  const auto set = compile_rules({&rule, 1});
  return {set.ok(), set.ok() ? "" : set.error().message, held_most - before};
}

std::string or_of(std::size_t count, std::size_t from) {
  return filled(
      "[", [&](std::size_t i) { return "{\"f" + std::to_string(from + i) + "\":[1]}"; }, "]",
      count);
}

std::string ors(std::size_t lists, std::size_t each) {
  std::string out = "{";
  for (std::size_t i = 0; i < lists; ++i) {
    out += std::string(i > 0 ? "," : "") + "\"$or\":" + or_of(each, i * each);
  }
  return out + "}";
}

std::string nested_or(std::size_t depth) {
  std::string out = R"({"z":[1]})";
  for (std::size_t i = 0; i < depth; ++i) {
    out = R"({"$or":[{"x)" + std::to_string(i) + R"(":[1]},)" + out + "]}";
  }
  return out;
}

struct Case {
  const char* what;
  std::string pattern;
  bool built;
};

void expect_bounded(const std::vector<Case>& cases) {
  for (const auto& one : cases) {
    const Cost cost = cost_of(one.pattern);
    EXPECT_EQ(cost.built, one.built) << one.what << ": " << cost.message;
    EXPECT_LE(cost.bytes, kMemoryMax) << one.what;
    if (std::getenv("WEIR_HOSTILE_PRINT") != nullptr) {
      std::printf("%-24s %6zu KiB %s\n", one.what, cost.bytes / 1024, cost.message.c_str());
    }
  }
}

// A list of values for one field, as long as 64 KiB allow.
std::string values(const std::function<std::string(const std::string&)>& make) {
  return filled(
      "{\"a\":[", [&make](std::size_t i) { return make(std::to_string(i)); }, "]}");
}

TEST(Hostile, ManyValuesAndStarsAreBuiltInBoundedMemory) {
  using Text = const std::string&;
  const std::string letters = repeated("é", 5000);
  expect_bounded({
      {"stars", wildcard(repeated("*a", 30000)), true},
      {"stars and escapes", wildcard(repeated("*\\\\*", 12000)), true},
      {"numbers", values([](Text i) { return i; }), true},
      {"wildcards", values([](Text i) { return "{\"wildcard\":\"*" + i + "*x*\"}"; }), true},
      {"ranges", values([](Text i) { return "{\"numeric\":[\">\"," + i + ",\"<\",9" + i + "]}"; }),
       true},
      {"exclusions", values([](Text i) { return "{\"anything-but\":[1," + i + "]}"; }), true},
      {"beyond ASCII",
       values([&](Text i) { return "{\"equals-ignore-case\":\"" + letters + i + "\"}"; }), true},
  });
}

// Objects nested `depth` deep, each with a field beside.
std::string nested_paths(std::size_t depth) {
  std::string out = "[1]";
  for (std::size_t i = 0; i < depth; ++i) {
    out = "{\"" + std::string(250, 'n') + "\":" + out + ",\"x\":[1]}";
  }
  return out;
}

TEST(Hostile, FieldsPathsAndDepthAreBounded) {
  const auto field = [](std::size_t i) { return "\"f" + std::to_string(i) + "\":[1]"; };
  expect_bounded({
      {"fields", filled("{", field, "}"), false},
      {"long paths", nested_paths(245), false},
      {"shorter paths", nested_paths(125), true},
      {"deep", repeated("{\"a\":", 10000) + "[1]", false},
      {"dots", "{\"" + repeated(".", 49'990) + "\":[1],\"" + repeated("a.", 7'000) + "\":[1]}",
       true},
      {"shared dots",
       filled(
           "{\"" + repeated("a.", 4000) + "\":{",
           [](std::size_t i) { return "\"" + repeated("b.", 80) + std::to_string(i) + "\":[1]"; },
           "}}", 200),
       true},
      {"depth 999", repeated("{\"a\":", 999) + "[1]" + repeated("}", 999), true},
      {"lists", repeated("[", 60000), false},
  });
}

TEST(Hostile, AlternativesAreBounded) {
  expect_bounded({
      {"ten of ten", ors(10, 10), false},
      {"four of ten", ors(4, 10), true},
      {"one of 5000", "{\"$or\":" + or_of(4500, 0) + "}", true},
      {"thirteen of two", ors(13, 2), true},
      {"fourteen of two", ors(14, 2), false},
      {"nested 12", nested_or(12), true},
      {"nested 300", nested_or(300), true},
  });
}

// As many branches, fields and values as may be, at once.
TEST(Hostile, BranchesFieldsAndValuesTogetherAreBounded) {
  const auto number = [](std::size_t i) { return std::to_string(i); };
  const auto alternatives = [&](const std::string& name) {
    return filled(
        "\"$or\":[", [&](std::size_t i) { return "{\"" + name + "\":[" + number(i) + "]}"; }, "]",
        99);
  };
  const std::string both = alternatives("x") + "," + alternatives("y") + "}";
  const std::string values = repeated("1,", 800);
  const std::string pattern = filled(
      "{", [&](std::size_t i) { return "\"g" + number(i) + "\":[" + values + "2]"; }, "," + both,
      38);
  expect_bounded({{"values before alternatives", pattern, true}});
}

// Alternatives behind 250 fields: each branch holds them all again.
TEST(Hostile, AlternativesBehindManyFieldsAreBounded) {
  std::string fields;
  for (std::size_t i = 0; i < 250; ++i) fields += "\"g" + std::to_string(i) + "\":[1],";
  for (const std::size_t each : {10U, 35U, 45U, 1000U}) {
    const Cost cost =
        cost_of("{" + fields + "\"$or\":" + or_of(each, 0) + ",\"$or\":" + or_of(each, each) + "}");
    EXPECT_LE(cost.bytes, kMemoryMax) << each;
    if (std::getenv("WEIR_HOSTILE_PRINT") != nullptr) {
      std::printf("%zu of %zu behind 250 fields %zu KiB\n", each, each, cost.bytes / 1024);
    }
    EXPECT_EQ(cost.built, each < 40) << cost.message;
  }
}

// The steps that one value costs a set of wildcards, and how many of them match.
struct Search {
  std::int64_t steps = 0;
  std::size_t found = 0;
};

Search search(const std::vector<std::string>& wildcards, const std::string& value) {
  engine::WildcardSet set;
  std::vector<engine::WildcardSet::Entry> entries;
  for (std::uint32_t i = 0; i < wildcards.size(); ++i) entries.push_back({wildcards[i], i});
  set.build(entries);
  engine::WildcardScratchSize size;
  set.number_scratch(size);
  engine::WildcardScratch scratch;
  scratch.next.resize(size.nodes);
  scratch.waiting.resize(size.pieces);
  scratch.bits.resize(size.words);
  scratch.due.resize(size.ring);
  constexpr std::int64_t kPlenty = 1'000'000'000;
  scratch.steps_left = kPlenty;
  Search out;
  set.find(value, scratch, [&out](std::uint32_t) { ++out.found; });
  out.steps = kPlenty - scratch.steps_left;
  return out;
}

constexpr std::size_t kValueBytes = 16U * 1024;

TEST(Hostile, NestedPiecesAreNotLookedAtOneByOne) {
  std::vector<std::string> nested, falling(1, "*"), twice;
  for (std::size_t i = 1; i <= 300; ++i) {
    const std::string run(i, 'a');
    nested.push_back("*" + run + "*");
    falling[0] += std::string(301 - i, 'a') + "*";
    twice.push_back("*" + run + "*" + run + "b*");
  }
  const auto most = static_cast<std::int64_t>(10 * kValueBytes);
  for (const std::string& value : {std::string(kValueBytes, 'a'), repeated("ab", kValueBytes / 2),
                                   repeated(std::string(300, 'a') + "b", kValueBytes / 301)}) {
    EXPECT_LT(search(nested, value).steps, most);
    EXPECT_LT(search(falling, value).steps, most);
    EXPECT_LT(search(twice, value).steps, most);
  }
  EXPECT_EQ(search(nested, std::string(kValueBytes, 'a')).found, 300U);
}

TEST(Hostile, ManyWildcardsCostLittleMoreThanTheValue) {
  std::vector<std::string> words, same_start, same_end, shared;
  for (std::size_t i = 0; i < 5000; ++i) {
    std::string word;
    for (std::size_t bit = 0; bit < 13; ++bit) word += (i >> bit & 1U) != 0 ? 'a' : 'b';
    words.push_back("*" + word + "*");
    same_start.push_back("*a*" + std::to_string(i) + "*");
    same_end.push_back("a*" + std::to_string(i));
    shared.push_back("*" + repeated("aaa*", 15) + std::to_string(i));
  }
  const auto most = static_cast<std::int64_t>(10 * kValueBytes);
  for (const std::string& value : {std::string(kValueBytes, 'a'), repeated("ab", kValueBytes / 2),
                                   repeated("abba", kValueBytes / 4)}) {
    EXPECT_LT(search(words, value).steps, most);
    EXPECT_LT(search(same_start, value).steps, most);
    EXPECT_LT(search(same_end, value).steps, most);
    EXPECT_LT(search(shared, value).steps, most);
  }
  EXPECT_EQ(search(same_start, "xa-4999-").found, 7U);  // 4, 9, 49, 99, 499 and 999 do it too
  EXPECT_LT(search(same_end, "a-77").steps, 100);
}

TEST(Hostile, WildcardsOfTooManyPiecesAreRefused) {
  std::vector<std::string> texts;
  std::vector<RuleText> rules;
  CompileLimits limits;
  limits.wildcard_pieces_per_field_max = 100;
  for (std::size_t i = 0; i < 51; ++i) {
    texts.push_back(R"({"a":{"b":[{"wildcard":"*)" + std::to_string(i) + R"(*x*y*"}]}})");
  }
  for (const std::string& text : texts) rules.push_back({"", text});
  EXPECT_TRUE(compile_rules(std::span(rules).first(50), limits).ok());
  const auto bad = compile_rules(rules, limits);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().rule, 50U);
  EXPECT_EQ(bad.error().path, "a.b");
  EXPECT_TRUE(bad.error().message.starts_with("too costly")) << bad.error().message;
  EXPECT_TRUE(compile_rules(rules).ok());
}

}  // namespace
}  // namespace weir
