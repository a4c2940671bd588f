// weir dlq as it is typed: without a router, on the file itself, and beside one, through its
// socket.
#include "tools/dlq/dlq_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/control/control_server.h"
#include "io/disk/real_disk.h"
#include "io/store/event_store_thread.h"
#include "tests/unit/store/store_fixture.h"
#include "tools/dlq/letter_service.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class NoWaker : public Waker {
 public:
  void wake() override {}
};

class Dlq : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_THAT(open(), IsEmpty());
    for (int i = 0; i < 250; ++i) {
      const std::string event = "{\"n\":" + std::to_string(i) + "}";
      StoredEvent letter = letter_of(i % 2 == 0 ? "even" : "odd", event);
      letter.error_message = "no answer";
      put(letter);
    }
    table_.reset();
  }
  int dlq(std::vector<std::string> words) {
    CLI::App app;
    int exit_code = 0;
    add_dlq_command(app, exit_code);
    words.insert(words.begin(), "dlq");
    std::reverse(words.begin(), words.end());  // as CLI11 wants a vector
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    try {
      app.parse(words);
    } catch (const CLI::Error&) {
      exit_code = 2;
    }
    std::fflush(stdout);
    std::fflush(stderr);
    output_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    return exit_code;
  }
  std::size_t lines() const {
    return static_cast<std::size_t>(std::count(output_.begin(), output_.end(), '\n'));
  }

  // What every way to the store must answer.
  void expect_all_commands_work() {
    EXPECT_EQ(dlq({"ls", data_dir()}), 0);
    EXPECT_EQ(lines(), 101U);
    EXPECT_THAT(output_, HasSubstr("LAST ATTEMPT"));
    EXPECT_THAT(errors_, HasSubstr("there are more than 100"));
    EXPECT_EQ(dlq({"ls", data_dir(), "--target", "odd", "--json"}), 0);
    EXPECT_EQ(lines(), 125U);
    EXPECT_EQ(nlohmann::json::parse(output_.substr(0, output_.find('\n')))["event"]["n"], 1);
    EXPECT_EQ(dlq({"ls", data_dir(), "--limit", "3", "--json"}), 0);
    EXPECT_EQ(lines(), 3U);
    EXPECT_EQ(dlq({"show", data_dir(), "1", "2"}), 0);
    EXPECT_EQ(lines(), 2U);
    EXPECT_EQ(dlq({"show", data_dir(), "999"}), 1);
    EXPECT_THAT(errors_, HasSubstr("1 of 1 ids are no dead letters"));
    EXPECT_EQ(dlq({"redrive", data_dir(), "--target", "even"}), 0);
    EXPECT_EQ(output_, "{\"redriven\":125}\n");
    EXPECT_EQ(dlq({"drop", data_dir(), "2", "4"}), 0);
    EXPECT_EQ(output_, "{\"dropped\":2}\n");
    EXPECT_EQ(dlq({"drop", data_dir(), "--all"}), 0);
    EXPECT_EQ(output_, "{\"dropped\":123}\n");
    EXPECT_EQ(dlq({"ls", data_dir()}), 0);
    EXPECT_EQ(output_, "");
  }

  std::string output_;
  std::string errors_;
};

TEST_F(Dlq, WorksWithoutARouter) {
  expect_all_commands_work();
  ASSERT_THAT(open(), IsEmpty());
  EXPECT_EQ(table_->counts().retries, 125U);
  EXPECT_EQ(table_->counts().dead_letters, 0U);
}

TEST_F(Dlq, WorksThroughTheRunningRouter) {
  RealDisk disk;
  const auto lock = disk.lock(data_dir() + "/lock");
  ASSERT_TRUE(lock.ok());
  auto store = EventStoreThread::open(data_dir(), [](const std::string& text) { FAIL() << text; });
  ASSERT_TRUE(store.ok());
  NoWaker waker;
  EventStore& client = (*store)->client(waker);
  (*store)->start();
  EXPECT_EQ(dlq({"ls", data_dir()}), 1) << "the lock is held and nobody answers";
  EXPECT_THAT(errors_, HasSubstr("a router uses this directory and does not answer"));
  const LetterAccess access = {
      .run = [&](const std::function<void(EventTable&)>& step) { return (*store)->run(step); },
      .redriven = [&] { (*store)->note_redrive(); }};
  auto server = ControlServer::open(
      data_dir(), [&](const std::string& line, const ControlEmit& emit) -> Status {
        const auto request = read_letter_request(line);
        if (!request) return request.error();
        return serve_letters(*request, {100s}, access, emit);
      });
  ASSERT_TRUE(server.ok());
  const std::uint64_t redrives = client.redrives();
  expect_all_commands_work();
  EXPECT_GT(client.redrives(), redrives) << "targets are told";
  (*server)->stop();
  (*store)->stop();
  EXPECT_EQ((*store)->counters().retries.read(), 125U);
}

TEST_F(Dlq, WantsToKnowWhich) {
  EXPECT_EQ(dlq({"redrive", data_dir()}), 2);
  EXPECT_THAT(errors_, HasSubstr("say which: --all, --target NAME, or the ids"));
  EXPECT_EQ(dlq({"drop", data_dir(), "--all", "--target", "odd"}), 2);
  EXPECT_EQ(dlq({"drop", data_dir(), "x"}), 2);
  EXPECT_EQ(dlq({"show", data_dir()}), 2);
  EXPECT_EQ(dlq({"ls", data_dir(), "--since", "yesterday"}), 2);
  EXPECT_THAT(errors_, HasSubstr("--since: 'yesterday' is no time"));
  EXPECT_EQ(dlq({"ls", data_dir() + "/none"}), 2);
  EXPECT_EQ(dlq({}), 2);
}

TEST_F(Dlq, LookingMakesNothing) {
  std::filesystem::remove(file());
  EXPECT_EQ(dlq({"ls", data_dir()}), 0);
  EXPECT_EQ(output_, "");
  EXPECT_EQ(dlq({"drop", data_dir(), "--all"}), 1);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace weir
