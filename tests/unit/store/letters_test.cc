// Dead letters as people see them: listed, given back, dropped, in steps.
#include <gmock/gmock.h>

#include "tests/unit/store/store_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Letters : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_THAT(open(), IsEmpty());
    for (int i = 0; i < 6; ++i) {
      const std::string number = std::to_string(i);
      StoredEvent event = letter_of(i % 2 == 0 ? "even" : "odd", number);
      event.accepted = {Nanoseconds(1s) * i};
      event.last_attempt = {Nanoseconds(1s) * i * 10};
      put(event);
    }
    put(retry_of("even", "waits"));
  }
  std::vector<std::string> events_of(const LetterFilter& filter, EntryId after = 0,
                                     std::size_t max = 100) {
    const auto letters = table_->letters(filter, after, max, true);
    EXPECT_TRUE(letters.ok());
    std::vector<std::string> events;
    for (std::size_t i = 0; i < (*letters)->size(); ++i) {
      events.emplace_back((*letters)->at(i).event);
    }
    return events;
  }
  std::uint64_t redrive(const LetterFilter& filter, std::size_t step) {
    std::uint64_t total = 0;
    EntryId after = 0;
    for (;;) {
      EXPECT_TRUE(table_->begin().ok());
      const auto count = table_->redrive(filter, after, {1000s}, step);
      EXPECT_TRUE(count.ok());
      EXPECT_TRUE(table_->commit().ok());
      if (*count == 0) return total;
      total += *count;
    }
  }
};

TEST_F(Letters, AreFoundByTargetTimeAndId) {
  EXPECT_THAT(events_of({}), ElementsAre("0", "1", "2", "3", "4", "5"));
  EXPECT_THAT(events_of({}, 2, 2), ElementsAre("2", "3"));
  EXPECT_THAT(events_of({.ids = {}, .target = "odd", .since = {}}), ElementsAre("1", "3", "5"));
  EXPECT_THAT(events_of({.ids = {}, .target = "none", .since = {}}), IsEmpty());
  EXPECT_THAT(events_of({.ids = {}, .target = "", .since = {40s}}), ElementsAre("4", "5"));
  EXPECT_THAT(events_of({.ids = {1, 3, 7, 99}, .target = "", .since = {}}), ElementsAre("0", "2"));
  const auto bare = table_->letters({}, 0, 100, false);
  ASSERT_EQ((*bare)->size(), 6U);
  EXPECT_EQ((*bare)->at(5).event, "");
  EXPECT_EQ((*bare)->at(5).target, "odd");
  EXPECT_EQ(table_->damaged_rows(), 0U);
}

TEST_F(Letters, GoBackToTheirTargets) {
  EXPECT_EQ(redrive({.ids = {}, .target = "odd", .since = {}}, 2), 3U);
  EXPECT_THAT(events_of({}), ElementsAre("0", "2", "4"));
  EXPECT_EQ(table_->counts().retries, 4U);
  EXPECT_EQ(table_->counts().dead_letters, 3U);
  const auto taken = table_->take_due("odd", {1s}, 10, 10'000);
  ASSERT_EQ(taken->events->size(), 3U);
  const StoredEvent event = taken->events->at(0);
  EXPECT_EQ(event.event, "1");
  EXPECT_EQ(event.attempts, 0U);
  EXPECT_EQ(event.exhausted, Exhausted::none);
  EXPECT_EQ(event.accepted, WallTime{1s}) << "as it was";
  EXPECT_EQ(event.age_from, WallTime{1000s}) << "its age begins anew";
}

TEST_F(Letters, OfATargetThatTookLettersGoBackToTheFirst) {
  StoredEvent event = letter_of("letterbox", "x");
  event.from = "hook";
  event.letter = "{}";
  const EntryId id = put(event);
  EXPECT_EQ(redrive({.ids = {id}, .target = "", .since = {}}, 10), 1U);
  EXPECT_THAT(take("letterbox", {}), IsEmpty());
  const auto taken = table_->take_due("hook", {}, 10, 10'000);
  ASSERT_EQ(taken->events->size(), 1U);
  EXPECT_EQ(taken->events->at(0).event, "x");
  EXPECT_EQ(taken->events->at(0).from, "");
  EXPECT_EQ(taken->events->at(0).letter, "") << "it is no dead letter any more";
}

TEST_F(Letters, AreDroppedAsSelected) {
  EntryId after = 0;
  ASSERT_TRUE(table_->begin().ok());
  EXPECT_EQ(*table_->drop({.ids = {}, .target = "even", .since = {}}, after, 2), 2U);
  EXPECT_EQ(*table_->drop({.ids = {}, .target = "even", .since = {}}, after, 2), 1U);
  EXPECT_EQ(*table_->drop({.ids = {}, .target = "even", .since = {}}, after, 2), 0U);
  ASSERT_TRUE(table_->commit().ok());
  EXPECT_THAT(events_of({}), ElementsAre("1", "3", "5"));
  EXPECT_THAT(take("even", {}), ElementsAre("waits")) << "retries are no dead letters";
  const auto totals = table_->totals();
  ASSERT_TRUE(totals.ok());
  ASSERT_EQ(totals->size(), 2U);
  EXPECT_EQ((*totals)[0].target, "even");
  EXPECT_EQ((*totals)[0].retries, 1U);
  EXPECT_EQ((*totals)[0].dead_letters, 0U);
  EXPECT_EQ((*totals)[1].dead_letters, 3U);
}

}  // namespace
}  // namespace weir
