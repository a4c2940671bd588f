// Matching allocates nothing once it is warm: counted, over events and rules of all kinds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "core/match/matcher.h"
#include "core/rule/live_rules.h"
#include "core/rule/rule_set.h"
#include "tests/reference/generate.h"

namespace {

std::size_t allocations = 0;

void* counted(void* memory) {
  if (memory == nullptr) std::abort();
  ++allocations;
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t align) {
  const auto to = static_cast<std::size_t>(align);
  return counted(std::aligned_alloc(to, (size + to - 1) / to * to));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(std::malloc(size));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace weir {
namespace {

class Allocations : public testing::Test {
 protected:
  Allocations() {
    reference::Generator generator(11);
    while (patterns_.size() < 400) {
      std::string pattern = generator.pattern();
      if (!check_pattern(pattern)) patterns_.push_back(std::move(pattern));
    }
    for (int i = 0; i < 3000; ++i) {
      std::string event = generator.event();
      if (i % 10 == 0) event = generator.broken(std::move(event));
      size_ += event.size() + 1;
      block_ += event + '\n';
    }
    // An array of many objects, and values that are looked at late.
    block_ += "{\"a\":[";
    for (int i = 0; i < 2000; ++i) block_ += R"({"b":"ab","c":5,"e":{"a":"x"}},)";
    block_ += "1]}\n";
    size_ = block_.size();
    block_.append(Matcher::kMatchPadding, '\n');
  }

  // What matching all events costs once they have been matched before.
  std::size_t allocated_when_warm(const RuleSet& rules) {
    Matcher matcher;
    LineResults results;
    const std::string_view lines = std::string_view(block_).substr(0, size_);
    const std::size_t cold = allocations;
    matcher.match_lines(rules, lines, results);
    EXPECT_GT(allocations, cold);
    EXPECT_GT(results.matches.size(), 1000U);
    const std::size_t matched = results.matches.size();
    results.clear();
    const std::size_t before = allocations;
    matcher.match_lines(rules, lines, results);
    const std::size_t spent = allocations - before;
    EXPECT_EQ(results.matches.size(), matched);
    return spent;
  }

  std::vector<RuleText> texts(std::size_t from, std::size_t to) {
    std::vector<RuleText> out;
    for (std::size_t i = from; i < to; ++i) {
      names_.push_back(std::make_unique<std::string>("r" + std::to_string(i)));
      out.push_back({*names_.back(), patterns_[i]});
    }
    return out;
  }

  std::vector<std::string> patterns_;
  std::vector<std::unique_ptr<std::string>> names_;
  std::string block_;
  std::size_t size_ = 0;
};

TEST_F(Allocations, NoneForASetOfRules) {
  const auto set = compile_rules(texts(0, patterns_.size()));
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(allocated_when_warm(**set), 0U);
}

TEST_F(Allocations, NoneForASetOfTwoParts) {
  LiveRules live;
  ASSERT_TRUE(live.assign(texts(0, 300)).ok());
  const auto set = live.change(texts(300, 340), {});
  ASSERT_TRUE(set.ok());
  ASSERT_EQ((*set)->parts().size(), 2U);
  EXPECT_EQ(allocated_when_warm(**set), 0U);
}

}  // namespace
}  // namespace weir
