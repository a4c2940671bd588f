// A Ring that runs on the test's own thread, a Port of it, and plain blocking sockets as peers.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/ring/clock.h"
#include "io/ring/ring.h"
#include "io/run/listener.h"

namespace weir {

inline constexpr Nanoseconds kPatience = 20s;

class RingFixture : public ::testing::Test {
 protected:
  RingFixture() { start({}); }
  ~RingFixture() override {
    if (ring_ != nullptr) {
      EXPECT_TRUE(ring_->drain(monotonic_now() + kPatience));
    }
    port_.reset();
  }

  void start(const RingOptions& options) {
    port_.reset();
    ring_.reset();
    Result<std::unique_ptr<Ring>> ring = Ring::create(options);
    ASSERT_TRUE(ring.ok()) << ring.error().message;
    ring_ = std::move(ring).value();
    port_ = ring_->make_port();
    ASSERT_TRUE(ring_->enable().ok());
  }

  // Runs the ring until the operation with this token has ended.
  Completion finish(Token token) {
    const MonotonicTime deadline = monotonic_now() + kPatience;
    while (!done_.contains(token) && monotonic_now() < deadline) {
      ring_->submit_and_wait(deadline);
      collect();
    }
    EXPECT_TRUE(done_.contains(token)) << "no completion for " << token;
    const Completion completion = done_[token];
    done_.erase(token);
    return completion;
  }

  void collect() {
    std::vector<Completion> batch(64);
    for (;;) {
      const std::size_t count = port_->reap(batch);
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_FALSE(done_.contains(batch[i].token)) << "two completions for one operation";
        done_[batch[i].token] = batch[i];
      }
      if (count < batch.size()) return;
    }
  }

  std::unique_ptr<Listener> listen(const std::string& host = "127.0.0.1") {
    auto listener = Listener::open({Endpoint::Kind::tcp, host, 0, ""});
    EXPECT_TRUE(listener.ok());
    return std::move(listener).value();
  }

  // A blocking client connection to a listener.
  static int dial(const Listener& listener) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listener.endpoint().port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(0, ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
    return client;
  }

  static void put(int socket, std::string_view bytes) {
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()),
              ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

  static std::string get(int socket, std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const ssize_t n = ::recv(socket, text.data() + have, bytes - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    text.resize(have);
    return text;
  }

  // Closes with a reset instead of an end of stream.
  static void reset(int socket) {
    const linger now{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    ::close(socket);
  }

  struct Pair {
    std::unique_ptr<Listener> listener;
    Handle ours;
    int theirs = -1;
  };
  Pair connected_pair() {
    Pair pair;
    pair.listener = listen();
    port_->accept(pair.listener->handle(), 901);
    pair.theirs = dial(*pair.listener);
    pair.ours = Handle(static_cast<std::int32_t>(finish(901).result));
    EXPECT_GE(pair.ours.value, 0);
    return pair;
  }

  std::unique_ptr<Ring> ring_;
  std::unique_ptr<Port> port_;
  std::map<Token, Completion> done_;
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace weir
