// The store of a running router: its clients, what they are told and when, trouble with the disk,
// and what a kill leaves.
#include "io/store/event_store_thread.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "tests/unit/store/store_fixture.h"

namespace weir {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class Bell : public Waker {
 public:
  void wake() override {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

class StoreThread : public StoreTest {
 protected:
  void TearDown() override {
    store_.reset();
    StoreTest::TearDown();
  }
  void begin() {
    auto opened = EventStoreThread::open(data_dir(), [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      told_.push_back(text);
    });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    client_ = &store_->client(bell_);
    other_ = &store_->client(other_bell_);
    store_->start();
  }
  static StoreCompletion next(EventStore& client, Bell& bell) {
    std::array<StoreCompletion, 1> out;
    while (client.reap(out) == 0) bell.wait();
    return std::move(out[0]);
  }
  StoreCompletion next() { return next(*client_, bell_); }
  static std::unique_ptr<EventBatch> batch_of(int count, std::size_t bytes, WallTime due = {}) {
    auto batch = std::make_unique<EventBatch>();
    for (int i = 0; i < count; ++i) batch->add(retry_of("t", std::string(bytes, 'x'), due));
    return batch;
  }
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

  std::unique_ptr<EventStoreThread> store_;
  EventStore* client_ = nullptr;
  EventStore* other_ = nullptr;
  Bell bell_;
  Bell other_bell_;
  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(StoreThread, AnswersEachOperationOnce) {
  begin();
  auto batch = batch_of(10, 100);
  ASSERT_TRUE(client_->put(batch, 5));
  EXPECT_EQ(batch, nullptr);
  const StoreCompletion put = next();
  EXPECT_EQ(put.token, 5U);
  EXPECT_EQ(put.result, 1);
  client_->take_due("t", {1s}, 4, 10'000, 6);
  const StoreCompletion taken = next();
  EXPECT_EQ(taken.token, 6U);
  ASSERT_EQ(taken.result, 4);
  EXPECT_EQ(taken.events->at(3).id, 4U);
  EXPECT_EQ(taken.next_due, WallTime{});
  const std::vector<EntryId> ids = {1, 2};
  client_->settle(ids, 7);
  EXPECT_EQ(next().result, 2);
  auto changes = std::make_unique<EventBatch>();
  for (const EntryId id : {EntryId{3}, EntryId{4}}) {
    StoredEvent event = retry_of("", "", {100s});
    event.id = id;
    changes->add(event);
  }
  ASSERT_TRUE(client_->change(changes, 8));
  EXPECT_EQ(next().result, 2);
  client_->take_due("t", {1s}, 100, 100'000, 9);
  const StoreCompletion rest = next();
  EXPECT_EQ(rest.result, 6);
  EXPECT_EQ(rest.next_due, WallTime{100s});
  client_->order_keys("t", "", 10, 10);
  EXPECT_EQ(next().result, 0);
  std::array<StoreCompletion, 4> none;
  EXPECT_EQ(client_->reap(none), 0U);
  EXPECT_EQ(other_->reap(none), 0U);
  store_->stop();
  EXPECT_EQ(store_->counters().retries.read(), 8U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(StoreThread, ClientsAreToldOfWhatIsDueAtOnce) {
  begin();
  const std::uint64_t before = other_->redrives();
  auto later = batch_of(1, 10, {500s});
  ASSERT_TRUE(client_->put(later, 1));
  next();
  EXPECT_EQ(other_->redrives(), before) << "due later: its owner knows when";
  auto now = batch_of(1, 10);
  ASSERT_TRUE(client_->put(now, 2));
  next();
  EXPECT_GT(other_->redrives(), before);
}

TEST_F(StoreThread, TooMuchUnderWayIsRefusedUntilThereIsRoom) {
  begin();
  // The disk is full for as long as we like.
  ASSERT_TRUE(store_->run([](EventTable& table) {
    ASSERT_TRUE(table.connection().run("PRAGMA max_page_count=20").ok());
  }));
  std::unique_ptr<EventBatch> batch = batch_of(1000, 1000);
  int taken = 0;
  while (client_->put(batch, static_cast<Token>(taken))) {
    ++taken;
    batch = batch_of(1000, 1000);
  }
  EXPECT_GT(taken, 3);
  EXPECT_LT(taken, 20);
  ASSERT_NE(batch, nullptr) << "it stays the caller's";
  EXPECT_EQ(batch->size(), 1000U);
  auto small = batch_of(1, 10);
  EXPECT_TRUE(other_->put(small, 1)) << "everybody has an allowance of his own";
  ASSERT_TRUE(store_->run([](EventTable& table) {
    ASSERT_TRUE(table.connection().run("PRAGMA max_page_count=1000000").ok());
  }));
  for (int i = 0; i < taken; ++i) EXPECT_GT(next().result, 0);
  EXPECT_GT(next(*other_, other_bell_).result, 0);
  EXPECT_TRUE(client_->put(batch, 99));
  EXPECT_GT(next().result, 0);
  store_->stop();
  EXPECT_EQ(store_->counters().retries.read(), static_cast<std::uint64_t>(taken) * 1000 + 1001);
  EXPECT_GT(store_->counters().failures.read(), 0U);
  EXPECT_THAT(told(), Contains(HasSubstr("full")));
  EXPECT_THAT(told(), Contains(HasSubstr("works again")));
}

TEST_F(StoreThread, AFileDamagedUnderWayIsReplaced) {
  begin();
  auto batch = batch_of(500, 1000);
  ASSERT_TRUE(client_->put(batch, 1));
  next();
  // The root of the table's tree, through SQLite itself.
  ASSERT_TRUE(store_->run([](EventTable& table) {
    ASSERT_TRUE(table.connection().run("PRAGMA wal_checkpoint(TRUNCATE)").ok());
    ASSERT_TRUE(table.connection()
                    .run("PRAGMA writable_schema=ON; UPDATE sqlite_master SET rootpage=3 WHERE "
                         "name='retry_due'; PRAGMA writable_schema=RESET")
                    .ok());
  }));
  batch = batch_of(10, 100);
  ASSERT_TRUE(client_->put(batch, 2));
  EXPECT_GT(next().result, 0);
  client_->take_due("t", {1s}, 10'000, 10U << 20U, 3);
  EXPECT_GE(next().result, 10);
  store_->stop();
  EXPECT_EQ(store_->counters().damaged_files.read(), 1U);
  EXPECT_THAT(told(), Contains(HasSubstr("events.db.damaged-1")));
}

TEST_F(StoreThread, AfterStopOperationsAreCancelled) {
  begin();
  auto batch = batch_of(10, 100);
  ASSERT_TRUE(client_->put(batch, 1));
  store_->stop();
  EXPECT_EQ(next().result, 1) << "what was asked for is done";
  batch = batch_of(1, 10);
  ASSERT_TRUE(client_->put(batch, 2));
  EXPECT_EQ(next().result, -ECANCELED);
  client_->take_due("t", {}, 1, 1, 3);
  EXPECT_EQ(next().result, -ECANCELED);
  EXPECT_FALSE(store_->run([](EventTable&) { FAIL(); }));
}

// What was completed is there after a kill, at whatever moment; nothing else but whole batches.
TEST_F(StoreThread, AKillLosesNothingThatWasCompleted) {
  for (int round = 0; round < 5; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto opened = EventStoreThread::open(data_dir(), [](const std::string&) {});
      if (!opened) ::_exit(1);
      Bell bell;
      EventStore& client = (*opened)->client(bell);
      (*opened)->start();
      for (;;) {
        auto batch = batch_of(7, 500);
        if (!client.put(batch, 1) || next(client, bell).result < 0) ::_exit(1);
        if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(pipe[1]);
    std::size_t completed = 0;
    std::array<char, 64> bytes{};
    while (completed < 40 + static_cast<std::size_t>(round) * 17) {
      const ssize_t got = ::read(pipe[0], bytes.data(), 1);
      ASSERT_EQ(got, 1);
      ++completed;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (;;) {
      const ssize_t got = ::read(pipe[0], bytes.data(), bytes.size());
      if (got <= 0) break;
      completed += static_cast<std::size_t>(got);
    }
    ::close(pipe[0]);
    ASSERT_THAT(open(), IsEmpty());
    const std::uint64_t there = table_->counts().retries;
    EXPECT_EQ(there % 7, 0U);
    EXPECT_GE(there, completed * 7);
    EXPECT_LE(there, (completed + 1) * 7);
    auto taken = table_->take_due("t", {}, 100'000, 100U << 20U);
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(taken->events->size(), there);
    std::vector<EntryId> ids;
    for (std::size_t i = 0; i < taken->events->size(); ++i) ids.push_back(taken->events->at(i).id);
    EXPECT_EQ(settle(ids), there);
    table_.reset();
  }
}

}  // namespace
}  // namespace weir
