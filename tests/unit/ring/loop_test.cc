// The loop: stages in order, sleeping by deadline, waking by hand-off, tasks, the end.
#include "io/run/loop.h"

#include <signal.h>

#include <array>
#include <thread>

#include "core/sync/channel.h"
#include "core/sync/counter.h"
#include "io/run/signals.h"
#include "tests/unit/ring/ring_fixture.h"

namespace weir {
namespace {

std::unique_ptr<Loop> make_loop(Nanoseconds spin = 0ns) {
  LoopOptions options;
  options.name = "test-loop";
  options.spin = spin;
  auto loop = Loop::create(options);
  EXPECT_TRUE(loop.ok());
  return std::move(loop).value();
}

// Adds up what it is handed.
class Adder final : public Stage {
 public:
  explicit Adder(Channel<std::uint64_t>& channel) : consumer_(channel) {}
  std::size_t poll(const Now&) override {
    std::array<std::uint64_t, 16> items{};
    const std::size_t count = consumer_.pop(items);
    for (std::size_t i = 0; i < count; ++i) sum.add(items[i]);
    seen.add(count);
    return count;
  }
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }
  Counter sum;
  Counter seen;

 private:
  Channel<std::uint64_t>::Consumer consumer_;
};

class Ticker final : public Stage {
 public:
  std::size_t poll(const Now& now) override {
    if (next_ == MonotonicTime{}) next_ = now.monotonic + 1ms;
    if (now.monotonic < next_) return 0;
    next_ = now.monotonic + 1ms;
    ticks.add();
    return 1;
  }
  MonotonicTime next_deadline() const override { return next_; }
  Counter ticks;

 private:
  MonotonicTime next_{};
};

void wait_for(const std::function<bool()>& reached) {
  const MonotonicTime deadline = monotonic_now() + kPatience;
  while (!reached()) {
    ASSERT_LT(monotonic_now(), deadline) << "gave up waiting";
    std::this_thread::sleep_for(100us);
  }
}

TEST(LoopThread, EveryHandOffWakesASleepingLoop) {
  for (const Nanoseconds spin : {0ns, 50000ns}) {
    Channel<std::uint64_t> channel(1024, 1);
    Adder adder(channel);
    auto loop = make_loop(spin);
    loop->add(adder);
    ASSERT_TRUE(loop->start().ok());
    Channel<std::uint64_t>::Producer producer(channel);
    for (std::uint64_t i = 1; i <= 2000; ++i) {
      ASSERT_TRUE(producer.push(i));
      loop->waker().wake();
      if (i % 3 != 0) continue;
      wait_for([&] { return adder.seen.read() == i; });  // lets the loop fall asleep between
    }
    wait_for([&] { return adder.seen.read() == 2000; });
    EXPECT_EQ(2000U * 2001 / 2, adder.sum.read());
    loop->stop();
    loop->join();
    EXPECT_FALSE(loop->error().has_value());
    EXPECT_GT(loop->stats().ring.sleeps, 0U);
    EXPECT_GT(loop->stats().cpu_time, 0ns);
  }
}

TEST(LoopThread, DeadlinesWakeIt) {
  Ticker ticker;
  auto loop = make_loop();
  loop->add(ticker);
  ASSERT_TRUE(loop->start().ok());
  wait_for([&] { return ticker.ticks.read() >= 20; });
  loop->stop();
  loop->join();
  // It slept between the ticks instead of turning round.
  EXPECT_LT(loop->stats().rounds, ticker.ticks.read() * 10 + 100);
}

TEST(LoopThread, TasksRunOnItsThread) {
  auto loop = make_loop();
  std::thread::id before;
  std::thread::id during;
  loop->post([&] { before = std::this_thread::get_id(); });
  ASSERT_TRUE(loop->start().ok());
  loop->run_and_wait([&] { during = std::this_thread::get_id(); });
  EXPECT_EQ(before, during);
  EXPECT_NE(during, std::this_thread::get_id());
  EXPECT_TRUE(loop->running());
  loop->stop();
  loop->join();
  EXPECT_FALSE(loop->running());
  std::thread::id after;
  loop->run_and_wait([&] { after = std::this_thread::get_id(); });
  EXPECT_EQ(after, std::this_thread::get_id());
}

TEST(LoopThread, PinsAndRefusesWhatIsNotThere) {
  LoopOptions options;
  options.cpu = usable_processors().back();
  auto loop = Loop::create(options);
  ASSERT_TRUE(loop.ok());
  ASSERT_TRUE((*loop)->start().ok());
  std::vector<std::uint32_t> mine;
  (*loop)->run_and_wait([&] { mine = usable_processors(); });
  EXPECT_EQ(mine, std::vector<std::uint32_t>{*options.cpu});

  options.cpu = 100000;
  auto wrong = Loop::create(options);
  ASSERT_TRUE(wrong.ok());
  const Status status = (*wrong)->start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string::npos, status.error().message.find("processor"));
}

TEST(LoopThread, StopCancelsWhatIsUnderWay) {
  auto loop = make_loop();
  auto port = loop->ring().make_port();
  auto listener = Listener::open({Endpoint::Kind::tcp, "127.0.0.1", 0, ""});
  ASSERT_TRUE(listener.ok());
  port->accept((*listener)->handle(), 1);
  ASSERT_TRUE(loop->start().ok());
  loop->run_and_wait([] {});
  loop->stop();
  loop->join();
  EXPECT_FALSE(loop->error().has_value());
  std::array<Completion, 4> out;
  ASSERT_EQ(1U, port->reap(out));
  EXPECT_EQ(-ECANCELED, out[0].result);
  port.reset();
}

TEST(Signals, AreEvents) {
  SignalWaiter waiter;
  EXPECT_EQ(SignalWaiter::Event::timeout, waiter.wait(monotonic_now()));
  ::kill(::getpid(), SIGHUP);
  EXPECT_EQ(SignalWaiter::Event::reload, waiter.wait(MonotonicTime::never()));
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(SignalWaiter::Event::stop, waiter.wait(MonotonicTime::never()));
  std::thread other([&] { waiter.wake(); });
  EXPECT_EQ(SignalWaiter::Event::woken, waiter.wait(MonotonicTime::never()));
  other.join();
  EXPECT_EQ(SignalWaiter::Event::timeout, waiter.wait(monotonic_now() + 1ms));
}

TEST(Signals, DescriptorLimitIsRaised) {
  EXPECT_GT(raise_descriptor_limit(), 0U);
}

}  // namespace
}  // namespace weir
