// Files that are damaged, foreign or missing: found, named, set aside or left alone, never a loop.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "core/base/random.h"
#include "tests/unit/store/store_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Damage : public StoreTest {
 protected:
  void write_at(std::uint64_t offset, const std::string& bytes) {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream << bytes;
  }
  std::string read_all() {
    std::ifstream stream(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // A closed file with `count` events, all of them in the file itself.
  void fill(int count) {
    ASSERT_THAT(open(), IsEmpty());
    EventBatch batch;
    for (int i = 0; i < count; ++i) {
      batch.add(retry_of("t", "event-" + std::to_string(i) + std::string(900, '.')));
    }
    put(batch);
    table_.reset();
    ASSERT_FALSE(std::filesystem::exists(file() + "-wal"));
  }
};

TEST_F(Damage, IsPrivateAndMadeWhereItIsNot) {
  EXPECT_FALSE(has_events(data_dir()));
  ASSERT_THAT(open(), IsEmpty());
  EXPECT_TRUE(has_events(data_dir()));
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  put(retry_of("t", "x"));
  ASSERT_EQ(::stat((file() + "-wal").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Damage, ForeignFilesAreLeftAlone) {
  const auto expect_refused = [&](const std::string& what) {
    const std::string before = read_all();
    EXPECT_THAT(open(), ElementsAre(HasSubstr(what)));
    EXPECT_EQ(table_, nullptr);
    EXPECT_TRUE(read_all() == before);
  };
  fill(1);
  {
    auto connection = SqlConnection::open(file());
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->run("PRAGMA user_version=2").ok());
  }
  expect_refused("has format 2, this program knows 1");
  {
    auto connection = SqlConnection::open(file());
    ASSERT_TRUE(connection->run("PRAGMA application_id=7").ok());
  }
  expect_refused("is a database of another program");
  std::filesystem::rename(file(), data_dir() + "/elsewhere.db");
  std::filesystem::create_symlink(data_dir() + "/elsewhere.db", file());
  EXPECT_THAT(open(), ElementsAre(HasSubstr("is no regular file")));
  std::filesystem::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_THAT(open(), ElementsAre(HasSubstr("is no regular file")));
  std::filesystem::remove(file());
  EXPECT_THAT(open_events(data_dir() + "/none").error().message, HasSubstr("cannot be opened"));
}

TEST_F(Damage, AFileThatIsNoDatabaseIsSetAside) {
  fill(3);
  write_at(0, std::string(100, 'x'));
  const auto messages = open();
  EXPECT_THAT(messages, ElementsAre(HasSubstr("was damaged (file is not a database)")));
  EXPECT_THAT(messages, ElementsAre(HasSubstr("events.db.damaged-1', 0 entries")));
  ASSERT_NE(table_, nullptr);
  EXPECT_EQ(std::filesystem::file_size(file() + ".damaged-1") % 8192, 0U);
  put(retry_of("t", "new"));
  table_.reset();
  write_at(0, std::string(100, 'x'));
  EXPECT_THAT(open(), ElementsAre(HasSubstr("events.db.damaged-2'")));
  EXPECT_THAT(open(), IsEmpty()) << "no loop";
}

TEST_F(Damage, WhatCanBeReadIsKept) {
  fill(2000);
  const std::size_t size = read_all().size();
  // A page in the middle, which holds rows.
  write_at(size / 2 / 8192 * 8192, std::string(8192, '\xff'));
  auto opened = open_events(data_dir());
  ASSERT_TRUE(opened.ok());
  table_ = std::move(opened->table);
  if (opened->files_set_aside == 0) {  // where opening did not come by the page, reading does
    const auto taken = table_->take_due("t", {}, 10'000, 100U << 20U);
    ASSERT_FALSE(taken.ok());
    EXPECT_TRUE(is_damage(taken.error())) << taken.error().message;
    table_.reset();
    opened = reopen_damaged_events(data_dir(), "test");
    ASSERT_TRUE(opened.ok());
    table_ = std::move(opened->table);
  }
  EXPECT_EQ(opened->files_set_aside, 1U);
  const std::size_t kept = take("t", {}, 10'000).size();
  EXPECT_GT(kept, 1500U);
  EXPECT_LT(kept, 2000U);
  EXPECT_THAT(opened->messages, ElementsAre(HasSubstr(std::to_string(kept) + " entries")));
}

TEST_F(Damage, AFlippedBitInAnEventIsFoundAndNamed) {
  fill(20);
  const std::size_t at = read_all().find("event-7.");
  ASSERT_NE(at, std::string::npos);
  write_at(at + 20, ",");
  ASSERT_THAT(open(), IsEmpty());
  const auto events = take("t", {});
  EXPECT_EQ(events.size(), 19U);
  for (const std::string& event : events) EXPECT_FALSE(event.starts_with("event-7."));
  EXPECT_EQ(table_->damaged_rows(), 1U);
  EXPECT_EQ(table_->counts().retries, 19U);
  ASSERT_THAT(open(), IsEmpty());
  EXPECT_EQ(table_->damaged_rows(), 1U) << "marked for good";
  EXPECT_EQ(table_->counts().retries, 19U);
  EXPECT_EQ(take("t", {}).size(), 19U);
}

// Random bytes at random places, many times over: the store opens or sets the file aside, and what
// it gives out was put in.
TEST_F(Damage, RandomDamageNeverInvents) {
  fill(200);
  const std::string sound = read_all();
  Random random(5);
  for (int round = 0; round < 60; ++round) {
    table_.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::filesystem::remove(entry.path());
    }
    std::string bytes = sound;
    const std::uint64_t changes = 1 + random.below(20);
    for (std::uint64_t i = 0; i < changes; ++i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
    std::ofstream(file(), std::ios::binary) << bytes;
    Result<OpenedEvents> opened = open_events(data_dir());
    if (!opened) continue;  // the version or the program's number was hit: left alone
    table_ = std::move(opened->table);
    auto taken = table_->take_due("t", {}, 1000, 10U << 20U);
    if (!taken) {
      ASSERT_TRUE(is_damage(taken.error())) << taken.error().message;
      table_.reset();
      opened = reopen_damaged_events(data_dir(), taken.error().message);
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      table_ = std::move(opened->table);
      taken = table_->take_due("t", {}, 1000, 10U << 20U);
      ASSERT_TRUE(taken.ok()) << taken.error().message;
    }
    for (std::size_t i = 0; i < taken->events->size(); ++i) {
      const std::string event(taken->events->at(i).event);
      ASSERT_TRUE(event.starts_with("event-")) << round;
      ASSERT_EQ(event,
                "event-" + std::to_string(std::stoi(event.substr(6))) + std::string(900, '.'));
    }
  }
}

}  // namespace
}  // namespace weir
