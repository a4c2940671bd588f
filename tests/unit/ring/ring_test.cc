// The ring itself: sleeping and waking, sorting completions by port, files, the end.
#include "io/ring/ring.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/unit/ring/ring_fixture.h"

namespace weir {
namespace {

using RingBasics = RingFixture;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_F(RingBasics, SleepsUntilTheDeadline) {
  const MonotonicTime deadline = monotonic_now() + 20ms;
  EXPECT_EQ(0U, ring_->submit_and_wait(deadline));
  EXPECT_GE(monotonic_now(), deadline);
}

TEST_F(RingBasics, AWakeBeforeTheSleepIsNotLost) {
  ring_->submit_and_wait(monotonic_now());
  for (int i = 0; i < 1000; ++i) {
    ring_->wake();
    ring_->submit_and_wait(MonotonicTime::never());  // hangs if the wake-up were lost
  }
  EXPECT_GE(ring_->stats().wakes, 1U);
}

TEST_F(RingBasics, AnotherThreadWakes) {
  for (int i = 0; i < 200; ++i) {
    std::thread waker([&] { ring_->wake(); });
    ring_->submit_and_wait(MonotonicTime::never());
    waker.join();
    ring_->submit_and_wait(monotonic_now());  // takes what may still be there
  }
}

TEST_F(RingBasics, AnIdlePollMakesNoSystemCall) {
  ring_->poll();
  const std::uint64_t before = ring_->stats().enters;
  for (int i = 0; i < 100; ++i) ring_->poll();
  EXPECT_EQ(before, ring_->stats().enters);
}

TEST_F(RingBasics, CompletionsFindTheirPort) {
  auto second = ring_->make_port();
  Pair pair = connected_pair();
  std::array<char, 8> first_memory{};
  std::array<char, 8> second_memory{};
  port_->provide(3, first_memory);
  second->provide(3, second_memory);
  put(pair.theirs, "12345678");
  second->receive(pair.ours, 77);
  std::array<Completion, 4> out;
  while (ring_->submit_and_wait(monotonic_now() + kPatience) == 0) {
  }
  EXPECT_EQ(0U, port_->reap(out));
  ASSERT_EQ(1U, second->reap(out));
  EXPECT_EQ(77U, out[0].token);
  EXPECT_EQ(8, out[0].result);
  EXPECT_EQ("12345678", std::string(second_memory.data(), 8));
  port_->close(pair.ours);
  ::close(pair.theirs);
}

TEST_F(RingBasics, UnreapedCompletionsKeepItAwake) {
  port_->connect({Endpoint::Kind::unix_socket, "/nonexistent/x", 0, ""}, 1);
  port_->connect({Endpoint::Kind::unix_socket, "/nonexistent/x", 0, ""}, 2);
  ring_->submit_and_wait(MonotonicTime::never());
  std::array<Completion, 1> out;
  EXPECT_EQ(1U, port_->reap(out));
  ring_->submit_and_wait(MonotonicTime::never());
  EXPECT_EQ(1U, port_->reap(out));
  EXPECT_EQ(0U, port_->reap(out));
}

TEST_F(RingBasics, WritesRenamesAndReopensFiles) {
  const TemporaryDirectory directory;
  const std::string path = directory / "out";
  port_->open(path, {.kind = OpenMode::Kind::truncate}, 1);
  const Handle file(static_cast<std::int32_t>(finish(1).result));
  ASSERT_GE(file.value, 0);
  EXPECT_EQ(0U, port_->file_size(file));
  port_->write(file, std::string_view("hello "), 0, 2);
  port_->write(file, std::string_view("world\n"), 6, 3);
  EXPECT_EQ(6, finish(2).result);
  EXPECT_EQ(6, finish(3).result);
  EXPECT_EQ(12U, port_->file_size(file));
  port_->rename(path, path + ".1", 4);
  EXPECT_EQ(0, finish(4).result);
  port_->close(file);
  EXPECT_EQ("hello world\n", contents(path + ".1"));

  port_->open(path + ".1", {}, 5);
  const Handle again(static_cast<std::int32_t>(finish(5).result));
  EXPECT_EQ(12U, port_->file_size(again));
  port_->write(again, std::string_view("more\n"), 12, 6);
  EXPECT_EQ(5, finish(6).result);
  port_->close(again);
  port_->open(path + ".1", {.kind = OpenMode::Kind::truncate}, 7);
  const Handle empty(static_cast<std::int32_t>(finish(7).result));
  EXPECT_EQ(0U, port_->file_size(empty));
  port_->close(empty);
}

TEST_F(RingBasics, FileFaultsAreCompletions) {
  const TemporaryDirectory directory;
  port_->open(directory / "no/such/place", {}, 1);
  EXPECT_EQ(-ENOENT, finish(1).result);
  port_->open(directory / "", {}, 2);
  EXPECT_EQ(-EISDIR, finish(2).result);
  port_->rename(directory / "a", directory / "b", 3);
  EXPECT_EQ(-ENOENT, finish(3).result);
  port_->write(Handle(12345), std::string_view("x"), 0, 4);
  EXPECT_EQ(-EBADF, finish(4).result);
  port_->open("/dev/full", {}, 5);
  const Handle full(static_cast<std::int32_t>(finish(5).result));
  port_->write(full, std::string_view("x"), Port::kAtPosition, 6);
  EXPECT_EQ(-ENOSPC, finish(6).result);
  port_->close(full);
}

TEST_F(RingBasics, WritesAtThePositionOfAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(0, ::pipe(ends.data()));
  const Handle out(ends[1]);
  port_->write(out, std::string_view("abc"), Port::kAtPosition, 1);
  EXPECT_EQ(3, finish(1).result);
  std::array<char, 8> memory{};
  EXPECT_EQ(3, ::read(ends[0], memory.data(), memory.size()));
  port_->close(out);
  ::close(ends[0]);
}

TEST_F(RingBasics, OperationsBeforeEnablingAreKept) {
  Result<std::unique_ptr<Ring>> made = Ring::create({8, 16, 4});
  ASSERT_TRUE(made.ok());
  Ring& ring = *made.value();
  auto port = ring.make_port();
  std::array<char, 4> memory{};
  port->provide(0, memory);
  for (Token token = 0; token < 100; ++token) port->write(Handle(-1), memory, 0, token);
  std::size_t ended = 0;
  std::thread user([&] {
    ASSERT_TRUE(ring.enable().ok());
    std::array<Completion, 16> out;
    const MonotonicTime deadline = monotonic_now() + kPatience;
    while (ended < 100 && monotonic_now() < deadline) {
      ring.submit_and_wait(deadline);
      for (std::size_t n = port->reap(out); n > 0; n = port->reap(out)) {
        for (std::size_t i = 0; i < n; ++i) {
          EXPECT_EQ(ended, out[i].token);
          EXPECT_EQ(-EBADF, out[i].result);
          ++ended;
        }
      }
    }
    EXPECT_TRUE(ring.drain(deadline));
  });
  user.join();
  EXPECT_EQ(100U, ended);
  port.reset();
}

TEST_F(RingBasics, DrainEndsEverythingUnderWay) {
  Pair pair = connected_pair();
  std::array<char, 8> memory{};
  port_->provide(0, memory);
  for (Token token = 0; token < 500; ++token) port_->receive(pair.ours, token);
  port_->accept(pair.listener->handle(), 1000);
  port_->connect({Endpoint::Kind::tcp, "no-such-host.invalid", 1, ""}, 1001);
  EXPECT_TRUE(ring_->drain(monotonic_now() + kPatience));
  collect();
  for (Token token = 0; token < 500; ++token) EXPECT_EQ(-ECANCELED, done_[token].result);
  EXPECT_EQ(-ECANCELED, done_[1000].result);
  ::close(pair.theirs);
}

TEST_F(RingBasics, APortMayGoBeforeItsCompletions) {
  Pair pair = connected_pair();
  auto memory = std::make_unique<std::array<char, 8>>();
  auto second = ring_->make_port();
  second->provide(0, *memory);
  second->receive(pair.ours, 1);
  second->open("/dev/null", {}, 2);
  ring_->poll();
  second.reset();
  put(pair.theirs, "late");
  ring_->submit_and_wait(monotonic_now() + 20ms);
  port_->close(pair.ours);
  ::close(pair.theirs);
}

TEST(RingErrors, SayWhatToAllow) {
  EXPECT_NE(std::string::npos, ring_setup_error(EPERM).message.find("kernel.io_uring_disabled"));
  EXPECT_NE(std::string::npos, ring_setup_error(EPERM).message.find("seccomp"));
  EXPECT_NE(std::string::npos, ring_setup_error(ENOSYS).message.find("seccomp"));
  EXPECT_NE(std::string::npos, ring_setup_error(ENOMEM).message.find("ulimit -l"));
  EXPECT_NE(std::string::npos, ring_setup_error(EMFILE).message.find("ulimit -n"));
}

}  // namespace
}  // namespace weir
