// A data directory that goes away, the store in it, and events to put there.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/store/event_file.h"

namespace weir {

inline StoredEvent retry_of(std::string_view target, std::string_view event, WallTime due = {},
                            std::string_view key = {}) {
  StoredEvent stored;
  stored.kind = EntryKind::retry;
  stored.target = target;
  stored.bus = "default";
  stored.event = event;
  stored.order_key = key;
  stored.due = due;
  return stored;
}

inline StoredEvent letter_of(std::string_view target, std::string_view event) {
  StoredEvent stored = retry_of(target, event);
  stored.kind = EntryKind::dead_letter;
  return stored;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    table_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string data_dir() const { return folder_.string(); }
  std::string file() const { return (folder_ / "events.db").string(); }

  // Messages of opening; the table is there afterwards, or the error is the only message.
  std::vector<std::string> open() {
    table_.reset();
    Result<OpenedEvents> opened = open_events(data_dir());
    if (!opened) return {opened.error().message};
    table_ = std::move(opened->table);
    // No test here pulls a plug, and syncs take most of the time.
    EXPECT_TRUE(table_->connection().run("PRAGMA synchronous=OFF").ok());
    return opened->messages;
  }

  EntryId put(const EventBatch& batch) {
    EXPECT_TRUE(table_->begin().ok());
    const SqlResult<EntryId> first = table_->put(batch);
    EXPECT_TRUE(first.ok());
    EXPECT_TRUE(table_->commit().ok());
    return first ? *first : 0;
  }
  EntryId put(const StoredEvent& event) {
    EventBatch batch;
    batch.add(event);
    return put(batch);
  }
  std::uint64_t settle(const std::vector<EntryId>& ids) {
    EXPECT_TRUE(table_->begin().ok());
    const SqlResult<std::uint64_t> count = table_->settle(ids);
    EXPECT_TRUE(count.ok());
    EXPECT_TRUE(table_->commit().ok());
    return count ? *count : 0;
  }
  std::uint64_t change(const StoredEvent& event) {
    EventBatch batch;
    batch.add(event);
    EXPECT_TRUE(table_->begin().ok());
    const SqlResult<std::uint64_t> count = table_->change(batch);
    EXPECT_TRUE(count.ok());
    EXPECT_TRUE(table_->commit().ok());
    return count ? *count : 0;
  }
  // The events that are due, in order.
  std::vector<std::string> take(std::string_view target, WallTime now, std::size_t max = 1000) {
    auto taken = table_->take_due(target, now, max, 100U << 20U);
    EXPECT_TRUE(taken.ok());
    std::vector<std::string> events;
    for (std::size_t i = 0; i < taken->events->size(); ++i) {
      events.emplace_back(taken->events->at(i).event);
    }
    next_due_ = taken->next_due;
    return events;
  }

  std::filesystem::path folder_;
  std::unique_ptr<EventTable> table_;
  WallTime next_due_;
};

}  // namespace weir
