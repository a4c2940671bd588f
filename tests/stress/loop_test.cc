// Loops on real threads and real rings: work goes round between them, they sleep and are woken, and
// they stop while sockets are busy.
#include "io/run/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/sync/channel.h"
#include "core/sync/counter.h"
#include "io/ring/clock.h"
#include "io/run/listener.h"

namespace weir {
namespace {

std::unique_ptr<Loop> make_loop(Nanoseconds spin = 0ns) {
  LoopOptions options;
  options.spin = spin;
  auto loop = Loop::create(options);
  EXPECT_TRUE(loop.ok());
  return std::move(loop).value();
}

void wait_for(const std::function<bool()>& reached) {
  const MonotonicTime deadline = monotonic_now() + 120s;
  while (!reached()) {
    ASSERT_LT(monotonic_now(), deadline) << "gave up waiting";
    std::this_thread::sleep_for(200us);
  }
}

// Takes from one channel, adds one, hands on to the next thread.
class Relay final : public Stage {
 public:
  Relay(Channel<std::uint64_t>& in, Channel<std::uint64_t>& out, Waker& next)
      : consumer_(in), producer_(out), next_(next) {}
  std::size_t poll(const Now&) override {
    std::array<std::uint64_t, 8> items{};
    const std::size_t count = consumer_.pop(items);
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(producer_.push(items[i] + 1));
    if (count > 0) next_.wake();
    passed.add(count);
    return count;
  }
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }
  Counter passed;

 private:
  Channel<std::uint64_t>::Consumer consumer_;
  Channel<std::uint64_t>::Producer producer_;
  Waker& next_;
};

TEST(LoopStress, WorkGoesRoundAndNobodyOversleeps) {
  // Few items among many threads: nearly every hand-off meets a thread that sleeps or is about to.
  for (const std::size_t items : {1U, 3U}) {
    constexpr std::size_t kLoops = 3;
    std::vector<std::unique_ptr<Loop>> loops;
    std::vector<std::unique_ptr<Channel<std::uint64_t>>> channels;
    std::vector<std::unique_ptr<Relay>> relays;
    for (std::size_t i = 0; i < kLoops; ++i) {
      loops.push_back(make_loop(i == 0 ? 20us : 0us));
      channels.push_back(std::make_unique<Channel<std::uint64_t>>(64, 2));
    }
    for (std::size_t i = 0; i < kLoops; ++i) {
      const std::size_t next = (i + 1) % kLoops;
      relays.push_back(
          std::make_unique<Relay>(*channels[i], *channels[next], loops[next]->waker()));
      loops[i]->add(*relays.back());
    }
    for (auto& loop : loops) ASSERT_TRUE(loop->start().ok());
    Channel<std::uint64_t>::Producer first(*channels[0]);
    for (std::size_t i = 0; i < items; ++i) ASSERT_TRUE(first.push(0));
    loops[0]->waker().wake();
    wait_for([&] { return relays[kLoops - 1]->passed.read() >= 5000; });
    for (auto& loop : loops) loop->stop();
    for (auto& loop : loops) loop->join();
    for (auto& loop : loops) EXPECT_FALSE(loop->error().has_value());
  }
}

// One task at a time to a loop that has nothing else to do: each meets it on its way to sleep, at
// another moment.
TEST(LoopStress, NoTaskOversleeps) {
  auto loop = make_loop();
  ASSERT_TRUE(loop->start().ok());
  std::uint64_t ran = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) loop->run_and_wait([&] { ++ran; });
  EXPECT_EQ(ran, 20'000U);
  loop->stop();
  loop->join();
}

TEST(LoopStress, TasksFromManyThreads) {
  auto loop = make_loop();
  ASSERT_TRUE(loop->start().ok());
  std::uint64_t sum = 0;  // touched by the loop's thread alone
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        loop->post([&] { ++sum; });
        loop->run_and_wait([&] { ++sum; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t seen = 0;
  loop->run_and_wait([&] { seen = sum; });
  EXPECT_EQ(3000U, seen);
  loop->stop();
  loop->join();
}

// Sends everything it receives back, on as many connections as come.
class Echo final : public Stage {
 public:
  Echo(std::unique_ptr<Port> port, Handle listener) : port_(std::move(port)), listener_(listener) {
    for (std::uint32_t i = 0; i < buffers_.size(); ++i) port_->provide(i, buffers_[i]);
    port_->accept(listener_, kAccept);
  }
  std::size_t poll(const Now&) override {
    std::array<Completion, 32> done;
    const std::size_t count = port_->reap(done);
    for (std::size_t i = 0; i < count; ++i) handle(done[i]);
    return count;
  }
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }
  Counter echoed;

 private:
  static constexpr Token kAccept = 1;
  static constexpr Token kReceive = 2;
  static constexpr Token kSend = 3;
  static Token token(Token kind, std::uint64_t rest) { return kind | rest << 8U; }

  void handle(const Completion& done) {
    const auto socket = static_cast<std::int32_t>(done.token >> 8U & 0xffffffU);
    switch (done.token & 0xffU) {
      case kAccept:
        if (done.result >= 0) receive(static_cast<std::int32_t>(done.result));
        if (done.result != -ECANCELED) port_->accept(listener_, kAccept);
        return;
      case kReceive:
        if (done.result == -ENOBUFS) return receive(socket);
        if (done.result <= 0) return port_->close(Handle(socket));
        port_->send(
            Handle(socket),
            std::span(buffers_[done.buffer]).first(static_cast<std::size_t>(done.result)),
            token(kSend, static_cast<std::uint64_t>(socket) | std::uint64_t{done.buffer} << 24U));
        return;
      default: {
        const auto buffer = static_cast<std::uint32_t>(done.token >> 32U);
        port_->provide(buffer, buffers_[buffer]);
        if (done.result <= 0) return port_->close(Handle(socket));
        echoed.add(static_cast<std::uint64_t>(done.result));
        receive(socket);
      }
    }
  }
  void receive(std::int32_t socket) {
    port_->receive(Handle(socket), token(kReceive, static_cast<std::uint64_t>(socket)));
  }

  std::unique_ptr<Port> port_;
  Handle listener_;
  std::array<std::array<char, 256>, 8> buffers_{};
};

TEST(LoopStress, StopsWhileSocketsAreBusy) {
  for (int round = 0; round < 5; ++round) {
    auto listener = Listener::open({Endpoint::Kind::tcp, "127.0.0.1", 0, ""});
    ASSERT_TRUE(listener.ok());
    auto serving = make_loop();
    auto asking = make_loop();
    auto echo = std::make_unique<Echo>(serving->ring().make_port(), (*listener)->handle());
    serving->add(*echo);
    auto port = asking->ring().make_port();
    ASSERT_TRUE(serving->start().ok());
    ASSERT_TRUE(asking->start().ok());
    const std::string line(100, 'x');
    std::vector<std::int32_t> sockets;
    asking->run_and_wait([&] {
      for (Token i = 0; i < 20; ++i) port->connect((*listener)->endpoint(), i);
    });
    wait_for([&] {
      asking->run_and_wait([&] {
        std::array<Completion, 32> done;
        const std::size_t count = port->reap(done);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_GE(done[i].result, 0);
          sockets.push_back(static_cast<std::int32_t>(done[i].result));
        }
      });
      return sockets.size() == 20;
    });
    for (int i = 0; i < 50; ++i) {
      for (const std::int32_t socket : sockets) {
        EXPECT_EQ(100, ::send(socket, line.data(), line.size(), MSG_NOSIGNAL));
      }
    }
    wait_for([&] { return echo->echoed.read() >= 20000; });
    serving->stop();
    asking->stop();
    serving->join();
    asking->join();
    EXPECT_FALSE(serving->error().has_value());
    echo.reset();
    port.reset();
    for (const std::int32_t socket : sockets) ::close(socket);
  }
}

}  // namespace
}  // namespace weir
