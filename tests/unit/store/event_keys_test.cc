// Keyed retries: of a key the first comes first, whatever fails, and nobody overtakes.
#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "core/base/random.h"
#include "core/port/event_store.h"
#include "tests/unit/store/store_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Keys : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_THAT(open(), IsEmpty());
  }
  StoredEvent changed(EntryId id, WallTime due) {
    StoredEvent event = retry_of("", "", due);
    event.id = id;
    return event;
  }
};

TEST_F(Keys, LaterOnesWaitBehindTheFirst) {
  const EntryId a1 = put(retry_of("t", "a1", {10s}, "a"));
  put(retry_of("t", "a2", {}, "a"));
  put(retry_of("t", "b1", {5s}, "b"));
  put(retry_of("u", "other target", {}, "a"));
  EXPECT_THAT(take("t", {4s}), IsEmpty()) << "a2 may not overtake a1";
  EXPECT_THAT(take("t", {10s}), ElementsAre("b1", "a1", "a2"));
  put(retry_of("t", "a3", {}, "a"));
  EXPECT_THAT(take("t", {10s}), IsEmpty()) << "while the key is under way nothing more of it";
  EXPECT_EQ(settle({a1}), 1U);
  EXPECT_THAT(take("t", {10s}), IsEmpty());
  EXPECT_EQ(settle({a1 + 1}), 1U);
  EXPECT_THAT(take("t", {10s}), ElementsAre("a3"));
}

TEST_F(Keys, AFailedFirstHoldsAllOfItsKeyBack) {
  const EntryId a1 = put(retry_of("t", "a1", {}, "a"));
  const EntryId a2 = put(retry_of("t", "a2", {}, "a"));
  put(retry_of("t", "free"));
  EXPECT_THAT(take("t", {1s}), ElementsAre("a1", "a2", "free"));
  change(changed(a1, {50s}));
  change(changed(a2, {20s}));  // given back: parked behind a1
  EXPECT_THAT(take("t", {49s}), IsEmpty());
  EXPECT_EQ(next_due_, WallTime{50s});
  EXPECT_THAT(take("t", {50s}), ElementsAre("a1", "a2"));
  StoredEvent dead = changed(a1, {});
  dead.kind = EntryKind::dead_letter;
  change(dead);
  change(changed(a2, {60s}));
  EXPECT_THAT(take("t", {59s}), IsEmpty());
  EXPECT_THAT(take("t", {60s}), ElementsAre("a2"));
}

TEST_F(Keys, ARedrivenLetterGoesFirst) {
  StoredEvent dead = letter_of("t", "a0");
  dead.order_key = "a";
  const EntryId a0 = put(dead);
  const EntryId a1 = put(retry_of("t", "a1", {90s}, "a"));
  EntryId after = 0;
  ASSERT_TRUE(table_->begin().ok());
  EXPECT_EQ(*table_->redrive({}, after, {10s}, 10), 1U);
  ASSERT_TRUE(table_->commit().ok());
  EXPECT_EQ(after, a0);
  EXPECT_THAT(take("t", {10s}), ElementsAre("a0", "a1"));
  settle({a0, a1});
  EXPECT_THAT(take("t", {100s}), IsEmpty());
  EXPECT_EQ(table_->counts().retries, 0U);
}

TEST_F(Keys, AreListedForATargetThatBegins) {
  EventBatch batch;
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k <= i; ++k) {
      batch.add(retry_of("t", "x", {}, "key" + std::to_string(i)));
    }
  }
  batch.add(retry_of("t", "x"));
  batch.add(retry_of("u", "x", {}, "other"));
  put(batch);
  const auto first = table_->order_keys("t", "", 3);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ((*first)->size(), 3U);
  EXPECT_EQ((*first)->at(2).order_key, "key2");
  EXPECT_EQ((*first)->at(2).attempts, 3U);
  const auto rest = table_->order_keys("t", "key2", 100);
  ASSERT_EQ((*rest)->size(), 2U);
  EXPECT_EQ((*rest)->at(1).order_key, "key4");
  EXPECT_EQ((*rest)->at(1).attempts, 5U);
}

// Against a model: whatever a target does and however often it restarts, of each key the events
// settle in the order they were put.
TEST_F(Keys, RandomWorkKeepsTheOrderOfEachKey) {
  Random random(11);
  std::map<std::string, std::deque<std::string>> waiting;
  int number = 0;
  std::size_t left = 0;
  WallTime now{1s};
  const auto settle_one = [&](const StoredEvent& event) {
    auto& queue = waiting[std::string(event.order_key)];
    ASSERT_FALSE(queue.empty());
    ASSERT_EQ(queue.front(), event.event);
    queue.pop_front();
    --left;
    settle({event.id});
  };
  for (int round = 0; round < 2000 || left > 0; ++round) {
    now.since_epoch += 1s;
    if (round < 2000 && random.below(3) != 0) {
      const std::string key(1, static_cast<char>('a' + random.below(6)));
      const std::string event = std::to_string(number++);
      waiting[key].push_back(event);
      ++left;
      put(retry_of("t", event, {now.since_epoch + Nanoseconds(1s) * random.below(20)}, key));
    }
    if (random.below(200) == 0) {
      ASSERT_THAT(open(), IsEmpty());
    }
    auto taken = table_->take_due("t", now, 1 + random.below(8), 1000);
    ASSERT_TRUE(taken.ok());
    // The lanes of a target: a failing event holds back the rest of its key.
    std::map<std::string, bool> blocked;
    for (std::size_t i = 0; i < taken->events->size(); ++i) {
      const StoredEvent event = taken->events->at(i);
      const std::string key(event.order_key);
      if (!blocked[key] && random.below(3) == 0) blocked[key] = true;
      if (blocked[key]) {
        change(changed(event.id, {now.since_epoch + Nanoseconds(1s) * random.below(10)}));
      } else {
        settle_one(event);
      }
      if (HasFatalFailure()) return;
    }
    ASSERT_LT(round, 100'000) << "something is never due";
  }
  EXPECT_EQ(table_->counts().retries, 0U);
}

}  // namespace
}  // namespace weir
