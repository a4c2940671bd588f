// Sockets through a real ring: connections, bad peers, buffers that run out, closing at a bad time.
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <thread>

#include "tests/unit/ring/ring_fixture.h"

namespace weir {
namespace {

using RingSockets = RingFixture;

std::string congestion_of(int socket) {
  char name[32] = "";
  socklen_t length = sizeof(name);
  getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, &length);
  return name;
}

TEST_F(RingSockets, AcceptsReceivesAndSeesTheEnd) {
  Pair pair = connected_pair();
  EXPECT_EQ(0U, port_->peer_name(pair.ours).find("127.0.0.1:"));

  std::array<char, 64> memory{};
  port_->provide(7, memory);
  port_->receive(pair.ours, 1);
  put(pair.theirs, "hello\n");
  const Completion got = finish(1);
  ASSERT_EQ(6, got.result);
  EXPECT_EQ(7U, got.buffer);
  EXPECT_EQ("hello\n", std::string(memory.data(), 6));

  port_->provide(7, memory);
  ::shutdown(pair.theirs, SHUT_WR);
  port_->receive(pair.ours, 2);
  EXPECT_EQ(0, finish(2).result);

  // Half-closed: the other direction still carries bytes.
  port_->send(pair.ours, std::string_view("still here"), 3);
  EXPECT_EQ(10, finish(3).result);
  EXPECT_EQ("still here", get(pair.theirs, 10));

  port_->close(pair.ours);
  ring_->poll();
  EXPECT_EQ("", get(pair.theirs, 1));
  ::close(pair.theirs);
}

TEST_F(RingSockets, TheEndTakesNoBuffer) {
  Pair pair = connected_pair();
  std::array<char, 16> memory{};
  port_->provide(0, memory);
  ::shutdown(pair.theirs, SHUT_WR);
  port_->receive(pair.ours, 1);
  EXPECT_EQ(0, finish(1).result);
  Pair other = connected_pair();
  put(other.theirs, "x");
  port_->receive(other.ours, 2);  // the one buffer must still be there
  EXPECT_EQ(1, finish(2).result);
  ::close(pair.theirs);
  ::close(other.theirs);
}

TEST_F(RingSockets, NoBufferIsSaidAndNothingIsLost) {
  Pair pair = connected_pair();
  put(pair.theirs, "data");
  port_->receive(pair.ours, 1);
  EXPECT_EQ(-ENOBUFS, finish(1).result);
  std::array<char, 3> small{};
  port_->provide(5, small);
  port_->receive(pair.ours, 2);
  Completion got = finish(2);
  EXPECT_EQ(3, got.result);
  EXPECT_EQ(5U, got.buffer);
  EXPECT_EQ("dat", std::string(small.data(), 3));
  port_->receive(pair.ours, 3);
  EXPECT_EQ(-ENOBUFS, finish(3).result);
  port_->provide(5, small);
  port_->receive(pair.ours, 4);
  EXPECT_EQ(1, finish(4).result);
  EXPECT_EQ('a', small[0]);
  ::close(pair.theirs);
}

TEST_F(RingSockets, MoreBuffersThanTheKernelHoldsWaitTheirTurn) {
  RingOptions options;
  options.buffers_per_port = 4;
  start(options);
  Pair pair = connected_pair();
  std::vector<std::array<char, 1>> memory(11);
  for (std::uint32_t i = 0; i < 11; ++i) port_->provide(i, memory[i]);
  put(pair.theirs, "abcdefghijk");
  std::string text;
  std::vector<bool> seen(11);
  for (Token token = 0; token < 11; ++token) {
    port_->receive(pair.ours, token);
    const Completion got = finish(token);
    ASSERT_EQ(1, got.result);
    EXPECT_FALSE(seen[got.buffer]);
    seen[got.buffer] = true;
    text += memory[got.buffer][0];
  }
  EXPECT_EQ("abcdefghijk", text);
  ::close(pair.theirs);
}

TEST_F(RingSockets, ResetMidWayIsAnError) {
  Pair pair = connected_pair();
  std::array<char, 64> memory{};
  port_->provide(0, memory);
  port_->receive(pair.ours, 1);
  ring_->poll();
  reset(pair.theirs);
  EXPECT_EQ(-ECONNRESET, finish(1).result);
  port_->send(pair.ours, std::string_view("x"), 2);
  EXPECT_EQ(-EPIPE, finish(2).result);  // and no SIGPIPE
  EXPECT_EQ("unknown peer", port_->peer_name(pair.ours));
  port_->close(pair.ours);
}

TEST_F(RingSockets, CloseEndsWhatIsUnderWay) {
  Pair pair = connected_pair();
  std::array<char, 64> memory{};
  port_->provide(0, memory);
  port_->receive(pair.ours, 1);
  // Fill the pipe until a send hangs.
  const std::string megabyte(1 << 20, 'x');
  Token token = 100;
  for (;; ++token) {
    port_->send(pair.ours, megabyte, token);
    for (int round = 0; round < 20 && !done_.contains(token); ++round) {
      ring_->submit_and_wait(monotonic_now() + 10ms);
      collect();
    }
    if (!done_.contains(token)) break;
    ASSERT_GT(done_[token].result, 0);
  }
  port_->close(pair.ours);
  EXPECT_EQ(-ECANCELED, finish(1).result);
  EXPECT_EQ(-ECANCELED, finish(token).result);
  ::close(pair.theirs);
}

TEST_F(RingSockets, CloseInTheRoundOfTheReceive) {
  Pair pair = connected_pair();
  std::array<char, 64> memory{};
  port_->provide(0, memory);
  port_->receive(pair.ours, 1);
  port_->close(pair.ours);
  EXPECT_EQ(-ECANCELED, finish(1).result);
  EXPECT_EQ("", get(pair.theirs, 1));
  ::close(pair.theirs);
}

TEST_F(RingSockets, ConnectsNumericAddressesWithCubicOnLoopback) {
  auto listener = listen();
  port_->connect(listener->endpoint(), 1);
  const Completion made = finish(1);
  ASSERT_GE(made.result, 0);
  EXPECT_EQ("cubic", congestion_of(static_cast<int>(made.result)));
  int no_delay = 0;
  socklen_t length = sizeof(no_delay);
  getsockopt(static_cast<int>(made.result), IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
  EXPECT_NE(0, no_delay);
  port_->close(Handle(static_cast<std::int32_t>(made.result)));
}

TEST_F(RingSockets, HonoursTheCongestionControlAskedFor) {
  auto listener = listen();
  Endpoint endpoint = listener->endpoint();
  endpoint.congestion = "reno";
  port_->connect(endpoint, 1);
  const Completion made = finish(1);
  ASSERT_GE(made.result, 0);
  EXPECT_EQ("reno", congestion_of(static_cast<int>(made.result)));
  port_->close(Handle(static_cast<std::int32_t>(made.result)));
  endpoint.congestion = "no-such-thing";
  port_->connect(endpoint, 2);
  EXPECT_EQ(kCongestionUnknown, finish(2).result);
}

TEST_F(RingSockets, ConnectsByName) {
  auto listener = listen();
  Endpoint endpoint = listener->endpoint();
  endpoint.host = "localhost";  // may name ::1 first, where nobody listens
  port_->connect(endpoint, 1);
  const Completion made = finish(1);
  ASSERT_GE(made.result, 0) << error_text(made.result);
  EXPECT_EQ(port_->peer_name(Handle(static_cast<std::int32_t>(made.result))),
            "127.0.0.1:" + std::to_string(endpoint.port));
  port_->close(Handle(static_cast<std::int32_t>(made.result)));
}

TEST_F(RingSockets, UnknownNamesFailInWords) {
  port_->connect({Endpoint::Kind::tcp, "no-such-host.invalid", 1, ""}, 1);
  const std::int64_t result = finish(1).result;
  EXPECT_TRUE(result == kNameUnknown || result == kNameServerFailed) << result;
  EXPECT_NE(std::string::npos, error_text(result).find("name"));
}

TEST_F(RingSockets, RefusedConnectionsFail) {
  auto listener = listen();
  const Endpoint endpoint = listener->endpoint();
  listener.reset();
  port_->connect(endpoint, 1);
  EXPECT_EQ(-ECONNREFUSED, finish(1).result);
}

TEST_F(RingSockets, UnixSockets) {
  const TemporaryDirectory directory;
  const Endpoint endpoint{Endpoint::Kind::unix_socket, directory / "s", 0, ""};
  port_->connect(endpoint, 1);
  EXPECT_EQ(-ENOENT, finish(1).result);
  auto listener = Listener::open(endpoint);
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  port_->accept((*listener)->handle(), 2);
  port_->connect(endpoint, 3);
  const Handle client(static_cast<std::int32_t>(finish(3).result));
  const Handle server(static_cast<std::int32_t>(finish(2).result));
  ASSERT_GE(client.value, 0);
  ASSERT_GE(server.value, 0);
  EXPECT_EQ("unix socket", port_->peer_name(server));
  std::array<char, 16> memory{};
  port_->provide(1, memory);
  port_->receive(server, 4);
  port_->send(client, std::string_view("abc"), 5);
  EXPECT_EQ(3, finish(5).result);
  EXPECT_EQ(3, finish(4).result);
  port_->close(client);
  port_->close(server);
  port_->connect({Endpoint::Kind::unix_socket, std::string(200, 'x'), 0, ""}, 6);
  EXPECT_EQ(-ENAMETOOLONG, finish(6).result);
}

TEST_F(RingSockets, UnacknowledgedCountsWhatThePeerHasNotTaken) {
  auto listener = listen();
  port_->connect(listener->endpoint(), 1);
  const Handle handle(static_cast<std::int32_t>(finish(1).result));
  const int peer = ::accept(listener->handle().value, nullptr, nullptr);
  ASSERT_GE(peer, 0);
  port_->send(handle, std::string_view("hello"), 2);
  EXPECT_EQ(5, finish(2).result);
  EXPECT_EQ("hello", get(peer, 5));
  const MonotonicTime deadline = monotonic_now() + kPatience;
  while (port_->unacknowledged(handle) != 0 && monotonic_now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(0U, port_->unacknowledged(handle));
  // The end of the stream is no byte.
  port_->shutdown_send(handle);
  EXPECT_EQ(0U, port_->unacknowledged(handle));
  EXPECT_EQ("", get(peer, 1));
  ::close(peer);
  port_->close(handle);
}

TEST_F(RingSockets, UnacknowledgedAnswersAfterAReset) {
  auto listener = listen();
  port_->connect(listener->endpoint(), 1);
  const Handle handle(static_cast<std::int32_t>(finish(1).result));
  const int peer = ::accept(listener->handle().value, nullptr, nullptr);
  const int tiny = 4096;
  setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny));
  const std::string block(1 << 20, 'x');
  std::uint64_t sent = 0;
  Token token = 10;
  for (;; ++token) {
    port_->send(handle, block, token);
    for (int round = 0; round < 20 && !done_.contains(token); ++round) {
      ring_->submit_and_wait(monotonic_now() + 10ms);
      collect();
    }
    if (!done_.contains(token)) break;
    ASSERT_GT(done_[token].result, 0);
    sent += static_cast<std::uint64_t>(done_[token].result);
  }
  EXPECT_GT(port_->unacknowledged(handle), 0U);
  reset(peer);
  EXPECT_LT(finish(token).result, 0);
  const std::uint64_t left = port_->unacknowledged(handle);
  EXPECT_GT(left, 0U);
  EXPECT_LE(left, sent);
  port_->close(handle);
}

TEST_F(RingSockets, NoMoreInputBringsWhatHasComeAndThenTheEnd) {
  Pair pair = connected_pair();
  std::array<char, 64> first{};
  std::array<char, 64> second{};
  port_->provide(0, first);
  port_->provide(1, second);
  put(pair.theirs, "before");
  port_->shutdown_receive(pair.ours);
  port_->receive(pair.ours, 1);
  EXPECT_EQ(6, finish(1).result);
  port_->receive(pair.ours, 2);
  EXPECT_EQ(0, finish(2).result);
  // Also for a receive that waits already.
  Pair waiting = connected_pair();
  port_->receive(waiting.ours, 3);
  ring_->poll();
  port_->shutdown_receive(waiting.ours);
  EXPECT_EQ(0, finish(3).result);
  for (const Pair* each : {&pair, &waiting}) {
    port_->close(each->ours);
    ::close(each->theirs);
  }
}

TEST_F(RingSockets, AResetAfterTheEndIsKnownByAsking) {
  Pair pair = connected_pair();
  std::array<char, 8> memory{};
  port_->provide(0, memory);
  EXPECT_FALSE(port_->broken(pair.ours));
  ::shutdown(pair.theirs, SHUT_WR);
  port_->receive(pair.ours, 1);
  EXPECT_EQ(0, finish(1).result);
  EXPECT_FALSE(port_->broken(pair.ours));
  reset(pair.theirs);
  const MonotonicTime deadline = monotonic_now() + kPatience;
  while (!port_->broken(pair.ours) && monotonic_now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(port_->broken(pair.ours));
  port_->close(pair.ours);
}

TEST_F(RingSockets, ShutdownComesAfterWhatWasSent) {
  Pair pair = connected_pair();
  port_->send(pair.ours, std::string_view("last words"), 1);
  port_->shutdown_send(pair.ours);
  EXPECT_EQ("last words", get(pair.theirs, 100));
  EXPECT_EQ(10, finish(1).result);
  port_->close(pair.ours);
  ::close(pair.theirs);
}

TEST_F(RingSockets, WorkWithoutTheFlagsOfNewKernels) {
  RingOptions options;
  options.plain = true;
  start(options);
  Pair pair = connected_pair();
  std::array<char, 64> memory{};
  for (Token round = 0; round < 100; ++round) {
    port_->provide(7, memory);
    port_->receive(pair.ours, round);
    ring_->poll();
    put(pair.theirs, "hello\n");
    EXPECT_EQ(6, finish(round).result);
    ring_->wake();
    ring_->submit_and_wait(MonotonicTime::never());
  }
  port_->receive(pair.ours, 200);
  port_->close(pair.ours);
  const std::int64_t result = finish(200).result;
  EXPECT_TRUE(result == -ECANCELED || result == -ENOBUFS) << result;
  ::close(pair.theirs);
}

TEST_F(RingSockets, AcceptWithoutDescriptorsFailsAndRecovers) {
  const Pair first = connected_pair();
  auto listener = listen();
  const int client = dial(*listener);
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  const int probe = ::dup(0);
  ::close(probe);
  rlimit none = old;
  none.rlim_cur = static_cast<rlim_t>(probe);
  port_->accept(listener->handle(), 1);
  // Only the submission runs without descriptors: the sanitizers want some for themselves.
  setrlimit(RLIMIT_NOFILE, &none);
  ring_->poll();
  setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(-EMFILE, finish(1).result);
  port_->accept(listener->handle(), 2);
  const Completion made = finish(2);
  EXPECT_GE(made.result, 0);
  port_->close(Handle(static_cast<std::int32_t>(made.result)));
  ::close(client);
  ::close(first.theirs);
}

TEST_F(RingSockets, AThousandConnectionsInOneRound) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 2100) GTEST_SKIP() << "too few descriptors";
  constexpr Token kCount = 1000;
  auto listener = listen();
  std::vector<int> clients;
  std::vector<Handle> servers;
  for (Token i = 0; i < kCount; ++i) {
    port_->accept(listener->handle(), i);
    clients.push_back(dial(*listener));
    servers.emplace_back(static_cast<std::int32_t>(finish(i).result));
    ASSERT_GE(servers.back().value, 0);
  }
  std::vector<std::array<char, 8>> memory(kCount);
  for (std::uint32_t i = 0; i < kCount; ++i) port_->provide(i, memory[i]);
  // More operations than the submission queue has places.
  for (Token i = 0; i < kCount; ++i) port_->receive(servers[i], i);
  ring_->poll();
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    put(clients[i], std::string_view(reinterpret_cast<const char*>(&number), 4));
  }
  for (Token i = 0; i < kCount; ++i) {
    const Completion got = finish(i);
    ASSERT_EQ(4, got.result);
    std::uint32_t number = 0;
    std::memcpy(&number, memory[got.buffer].data(), 4);
    EXPECT_EQ(i, number);
  }
  for (Token i = 0; i < kCount; ++i) port_->receive(servers[i], i);
  for (const Handle server : servers) port_->close(server);
  for (Token i = 0; i < kCount; ++i) {
    const auto result = finish(i).result;
    EXPECT_TRUE(result == -ECANCELED || result == -ENOBUFS) << result;
  }
  for (const int client : clients) ::close(client);
}

}  // namespace
}  // namespace weir
