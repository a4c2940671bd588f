#include "core/port/event_batch.h"

#include <gtest/gtest.h>

#include <string>

#include "core/port/event_store.h"

namespace weir {
namespace {

TEST(EventBatch, GivesBackWhatWasAdded) {
  EventBatch batch;
  EXPECT_TRUE(batch.empty());
  for (int i = 0; i < 100; ++i) {
    const std::string event = "{\"n\":" + std::to_string(i) + "}";
    batch.add({.id = 0,
               .kind = i % 2 == 0 ? EntryKind::retry : EntryKind::dead_letter,
               .target = "siem",
               .from = "hook",
               .bus = "default",
               .event = event,
               .event_id = "id-" + std::to_string(i),
               .rules = "one\ntwo",
               .order_key = i % 3 == 0 ? "key" : "",
               .error_code = "TIMEOUT",
               .error_message = "no answer",
               .attempts = static_cast<std::uint32_t>(i),
               .exhausted = Exhausted::age,
               .hops = 3,
               .accepted = {1s},
               .age_from = {5s},
               .first_attempt = {2s},
               .last_attempt = {3s},
               .due = {4s}});
  }
  ASSERT_EQ(batch.size(), 100U);
  batch.set_id(99, 7);
  for (std::size_t i = 0; i < 100; ++i) {
    const StoredEvent event = batch.at(i);
    EXPECT_EQ(event.id, i == 99 ? 7U : 0U);
    EXPECT_EQ(event.kind, i % 2 == 0 ? EntryKind::retry : EntryKind::dead_letter);
    EXPECT_EQ(event.target, "siem");
    EXPECT_EQ(event.from, "hook");
    EXPECT_EQ(event.bus, "default");
    EXPECT_EQ(event.event, "{\"n\":" + std::to_string(i) + "}");
    EXPECT_EQ(event.event_id, "id-" + std::to_string(i));
    EXPECT_EQ(event.rules, "one\ntwo");
    EXPECT_EQ(event.order_key, i % 3 == 0 ? "key" : "");
    EXPECT_EQ(event.error_code, "TIMEOUT");
    EXPECT_EQ(event.error_message, "no answer");
    EXPECT_EQ(event.attempts, i);
    EXPECT_EQ(event.exhausted, Exhausted::age);
    EXPECT_EQ(event.hops, 3);
    EXPECT_EQ(event.accepted, WallTime{1s});
    EXPECT_EQ(event.age_from, WallTime{5s});
    EXPECT_EQ(event.first_attempt, WallTime{2s});
    EXPECT_EQ(event.last_attempt, WallTime{3s});
    EXPECT_EQ(event.due, WallTime{4s});
  }
  EXPECT_GT(batch.bytes(), 100U * 40);
  batch.clear();
  EXPECT_TRUE(batch.empty());
}

TEST(EventBatch, CutsErrorMessagesBetweenCharacters) {
  EventBatch batch;
  std::string message(EventBatch::kErrorBytesMax - 1, 'x');
  batch.add({.event = "{}", .error_message = message + "\xc3\xa9 and more"});
  batch.add({.event = "{}", .error_message = message + "y and more"});
  batch.add({.event = "{}", .error_message = message});
  EXPECT_EQ(batch.at(0).error_message, message);
  EXPECT_EQ(batch.at(1).error_message, message + "y");
  EXPECT_EQ(batch.at(2).error_message, message);
}

TEST(EventBatch, NamesConditionsAsEventBridgeDoes) {
  EXPECT_EQ(to_string(Exhausted::retries), "MaximumRetryAttempts");
  EXPECT_EQ(to_string(Exhausted::age), "MaximumEventAgeInSeconds");
  EXPECT_EQ(to_string(Exhausted::none), "");
  EXPECT_GT(StoreCompletion::never(), WallTime{24h * 365 * 200});
}

}  // namespace
}  // namespace weir
