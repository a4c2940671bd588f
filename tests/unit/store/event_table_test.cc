// Retries as a target sees them: put, taken when due, changed, settled; and what a restart keeps.
#include "io/store/event_table.h"

#include <gmock/gmock.h>

#include "core/base/random.h"
#include "core/port/event_store.h"
#include "tests/unit/store/store_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Table : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_THAT(open(), IsEmpty());
  }
};

TEST_F(Table, GivesBackEverythingItWasTold) {
  StoredEvent event = retry_of("hook", "{\"a\":\"\xc3\xa9\"}", {7s}, "key");
  event.from = "other";
  event.letter = "{\"target\":\"other\"}";
  event.bus = "team/a";
  event.event_id = "id-1";
  event.rules = "one\ntwo";
  event.error_code = "TIMEOUT";
  event.error_message = "no answer in 10s";
  event.attempts = 3;
  event.exhausted = Exhausted::retries;
  event.hops = 2;
  event.accepted = {1s};
  event.age_from = {2s};
  event.first_attempt = {3s};
  event.last_attempt = {4s};
  const EntryId id = put(event);
  ASSERT_THAT(open(), IsEmpty());  // from the file
  const auto taken = table_->take_due("hook", {8s}, 10, 1000);
  ASSERT_TRUE(taken.ok());
  ASSERT_EQ(taken->events->size(), 1U);
  const StoredEvent back = taken->events->at(0);
  EXPECT_EQ(back.id, id);
  EXPECT_EQ(back.kind, EntryKind::retry);
  EXPECT_EQ(back.target, "hook");
  EXPECT_EQ(back.from, "other");
  EXPECT_EQ(back.letter, event.letter);
  EXPECT_EQ(back.bus, "team/a");
  EXPECT_EQ(back.event, event.event);
  EXPECT_EQ(back.event_id, "id-1");
  EXPECT_EQ(back.rules, "one\ntwo");
  EXPECT_EQ(back.order_key, "key");
  EXPECT_EQ(back.error_code, "TIMEOUT");
  EXPECT_EQ(back.error_message, "no answer in 10s");
  EXPECT_EQ(back.attempts, 3U);
  EXPECT_EQ(back.exhausted, Exhausted::retries);
  EXPECT_EQ(back.hops, 2);
  EXPECT_EQ(back.accepted, WallTime{1s});
  EXPECT_EQ(back.age_from, WallTime{2s});
  EXPECT_EQ(back.first_attempt, WallTime{3s});
  EXPECT_EQ(back.last_attempt, WallTime{4s});
  EXPECT_EQ(back.due, WallTime{7s});
}

TEST_F(Table, AnyBytesAreAnEvent) {
  Random random(3);
  EventBatch batch;
  std::vector<std::string> events;
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random.below(3000), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    events.push_back(bytes);
    batch.add(retry_of("t", bytes));
  }
  put(batch);
  EXPECT_EQ(take("t", {}), events);
}

TEST_F(Table, TakesWhatIsDueInOrderOfTime) {
  put(retry_of("t", "late", {30s}));
  put(retry_of("t", "second", {20s}));
  put(retry_of("t", "first", {10s}));
  put(retry_of("t", "at once"));
  put(retry_of("u", "another's", {5s}));
  put(letter_of("t", "dead"));
  EXPECT_THAT(take("t", {20s}), ElementsAre("at once", "first", "second"));
  EXPECT_EQ(next_due_, WallTime{30s});
  EXPECT_THAT(take("t", {29s}), IsEmpty()) << "taken once only";
  EXPECT_THAT(take("t", {30s}), ElementsAre("late"));
  EXPECT_EQ(next_due_, StoreCompletion::never());
  EXPECT_THAT(take("nobody", {30s}), IsEmpty());
  EXPECT_THAT(take("u", {30s}), ElementsAre("another's"));
}

TEST_F(Table, KeepsToTheLimits) {
  EventBatch batch;
  for (int i = 0; i < 10; ++i) batch.add(retry_of("t", std::string(1000, 'x')));
  put(batch);
  EXPECT_EQ(take("t", {}, 3).size(), 3U);
  EXPECT_EQ(next_due_, WallTime{}) << "more at once";
  const auto taken = table_->take_due("t", {}, 100, 2500);
  ASSERT_TRUE(taken.ok());
  EXPECT_GE(taken->events->size(), 2U);
  EXPECT_LE(taken->events->size(), 3U);
  EXPECT_EQ(taken->next_due, WallTime{});
}

TEST_F(Table, ChangedOnesComeAgainAndSettledOnesNever) {
  const EntryId a = put(retry_of("t", "a"));
  const EntryId b = put(retry_of("t", "b"));
  const EntryId c = put(retry_of("t", "c"));
  EXPECT_THAT(take("t", {10s}), ElementsAre("a", "b", "c"));
  StoredEvent again = retry_of("", "", {20s});
  again.id = b;
  again.attempts = 4;
  again.error_code = "HTTP_503";
  again.last_attempt = {10s};
  EXPECT_EQ(change(again), 1U);
  StoredEvent dead = again;
  dead.id = c;
  dead.kind = EntryKind::dead_letter;
  dead.exhausted = Exhausted::age;
  EXPECT_EQ(change(dead), 1U);
  EXPECT_EQ(settle({a, 999}), 1U);
  EXPECT_EQ(table_->counts().retries, 1U);
  EXPECT_EQ(table_->counts().dead_letters, 1U);
  EXPECT_THAT(take("t", {19s}), IsEmpty());
  const auto taken = table_->take_due("t", {20s}, 10, 1000);
  ASSERT_EQ(taken->events->size(), 1U);
  const StoredEvent back = taken->events->at(0);
  EXPECT_EQ(back.event, "b");
  EXPECT_EQ(back.attempts, 4U);
  EXPECT_EQ(back.error_code, "HTTP_503");
  EXPECT_EQ(back.first_attempt, WallTime{10s});
  EXPECT_EQ(back.last_attempt, WallTime{10s});
  EXPECT_EQ(settle({c}), 0U) << "a dead letter is settled by people only";
}

TEST_F(Table, ARestartGivesOutWhatWasTakenAndUsesNoIdTwice) {
  put(retry_of("t", "a"));
  const EntryId last = put(retry_of("t", "b"));
  EXPECT_EQ(take("t", {}).size(), 2U);
  EXPECT_EQ(settle({last}), 1U);
  ASSERT_THAT(open(), IsEmpty());
  EXPECT_THAT(take("t", {}), ElementsAre("a"));
  EXPECT_GT(put(retry_of("t", "c")), last);
  EXPECT_EQ(table_->counts().retries, 2U);
}

TEST_F(Table, ARollbackLeavesNothing) {
  put(retry_of("t", "a"));
  EXPECT_EQ(take("t", {}).size(), 1U);
  EventBatch batch;
  batch.add(retry_of("new target", "b"));
  ASSERT_TRUE(table_->begin().ok());
  const EntryId first = *table_->put(batch);
  const std::vector<EntryId> ids = {1};
  ASSERT_EQ(*table_->settle(ids), 1U);
  table_->rollback();
  EXPECT_EQ(table_->counts().retries, 1U);
  EXPECT_THAT(take("new target", {}), IsEmpty());
  EXPECT_THAT(take("t", {}), IsEmpty()) << "still taken";
  EXPECT_EQ(put(retry_of("newer target", "c")), first);
  EXPECT_EQ(put(retry_of("new target", "d")), first + 1);
  EXPECT_THAT(take("new target", {}), ElementsAre("d"));
  EXPECT_THAT(take("newer target", {}), ElementsAre("c"));
}

TEST_F(Table, ClocksThatWereWrongStallNothing) {
  put(retry_of("t", "from the year 2200", {Nanoseconds(24h) * 365 * 230}));
  put(retry_of("t", "soon", {100s}));
  ASSERT_THAT(open(), IsEmpty());
  EXPECT_THAT(take("t", {1s}), ElementsAre("from the year 2200"));
  EXPECT_EQ(next_due_, WallTime{100s});
}

TEST_F(Table, SpaceOfDroppedEntriesGoesBack) {
  EventBatch batch;
  for (int i = 0; i < 3000; ++i) batch.add(letter_of("t", std::string(8000, 'x')));
  put(batch);
  ASSERT_THAT(open(), IsEmpty());  // all of it in the file
  const auto before = std::filesystem::file_size(file());
  EntryId after = 0;
  ASSERT_TRUE(table_->begin().ok());
  EXPECT_EQ(*table_->drop({}, after, 10'000), 3000U);
  ASSERT_TRUE(table_->commit().ok());
  while (table_->shrink()) {
  }
  table_.reset();
  EXPECT_LT(std::filesystem::file_size(file()), before / 2);
}

}  // namespace
}  // namespace weir
