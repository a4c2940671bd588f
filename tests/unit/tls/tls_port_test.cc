// TLS over a real ring and real sockets, against a server made of the same TlsSession.
#include "io/tls/tls_port.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <map>
#include <thread>

#include "io/ring/clock.h"
#include "io/ring/ring.h"
#include "tests/unit/tls/certificates.h"

namespace weir {
namespace {

constexpr Nanoseconds kWait = 20s;

TlsSpec trusting(const std::string& ca_file, const std::string& server_name = "") {
  TlsSpec spec;
  spec.ca_file = ca_file;
  spec.server_name = server_name;
  return spec;
}

// Takes connections one after the other and sends back what it gets, in upper case.
class EchoServer {
 public:
  explicit EchoServer(const CertificateFiles& files)
      : context_(std::move(make_server_context(files.cert_file, files.key_file)).value()),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, any, length), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    EXPECT_EQ(getsockname(listener_, any, &length), 0);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~EchoServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    ::shutdown(peer_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port = 0;
  std::atomic<int> resumed{0};      // sessions taken up again
  std::atomic<bool> silent{false};  // takes connections and says nothing

 private:
  void serve() {
    for (;;) {
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) return;
      peer_ = peer;
      if (stopping_) ::shutdown(peer, SHUT_RDWR);
      if (!silent) converse(peer);
      peer_ = -1;
      ::close(peer);
    }
  }
  void converse(int peer) {
    TlsSession session(context_.get());
    std::array<char, 5000> buffer;
    bool open = false;
    for (;;) {
      const ssize_t got = recv(peer, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      session.feed(std::span(buffer).first(static_cast<std::size_t>(got)));
      if (!open) {
        const std::int64_t result = session.handshake();
        if (result < 0) return;
        open = result == 1;
        if (open && session.resumed()) ++resumed;
      }
      std::int64_t count = 0;
      while (open && (count = session.read(buffer)) > 0) {
        for (char& c : buffer) c = static_cast<char>(std::toupper(c));
        session.write(std::span(buffer).first(static_cast<std::size_t>(count)));
      }
      std::string out;
      session.drain(out);
      for (std::size_t sent = 0; sent < out.size();) {
        const ssize_t took = send(peer, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (took <= 0) return;
        sent += static_cast<std::size_t>(took);
      }
    }
  }
  SslContext context_;
  int listener_;
  std::atomic<int> peer_{-1};  // whom the thread talks with
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class TlsPorts : public testing::Test {
 protected:
  TlsPorts() {
    folder_ = testing::TempDir() + "tls" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    auto ring = Ring::create({});
    EXPECT_TRUE(ring.ok()) << ring.error().message;
    ring_ = std::move(ring).value();
    port_ = std::make_unique<TlsPort>(ring_->make_port(), handshaker_, *ring_);
    EXPECT_TRUE(ring_->enable().ok());
    for (std::uint32_t i = 0; i < memory_.size(); ++i) port_->provide(i, memory_[i]);
  }
  ~TlsPorts() override {
    EXPECT_TRUE(ring_->drain(monotonic_now() + kWait));
    port_.reset();
    std::filesystem::remove_all(folder_);
  }

  Completion finish(Token token) {
    const MonotonicTime deadline = monotonic_now() + kWait;
    while (!done_.contains(token) && monotonic_now() < deadline) {
      std::array<Completion, 8> batch;
      const std::size_t count = port_->reap(batch);
      for (std::size_t i = 0; i < count; ++i) done_[batch[i].token] = batch[i];
      if (count == 0) ring_->submit_and_wait(deadline);
    }
    EXPECT_TRUE(done_.contains(token)) << "no completion for " << token;
    const Completion completion = done_[token];
    done_.erase(token);
    return completion;
  }
  Endpoint endpoint(std::uint16_t port, const TlsSpec& spec) {
    return {.host = "127.0.0.1", .port = port, .congestion = {}, .tls = spec};
  }
  std::int64_t connect(std::uint16_t port, const TlsSpec& spec) {
    port_->connect(endpoint(port, spec), ++token_);
    return finish(token_).result;
  }
  bool connects(std::uint16_t port, const TlsSpec& spec) {
    const std::int64_t handle = connect(port, spec);
    if (handle < 0) return false;
    port_->close(Handle{static_cast<std::int32_t>(handle)});
    ring_->submit_and_wait(monotonic_now());
    return true;
  }
  void send_all(Handle handle, std::string_view text) {
    while (!text.empty()) {
      port_->send(handle, std::span(text.data(), text.size()), ++token_);
      const std::int64_t took = finish(token_).result;
      ASSERT_GT(took, 0);
      text.remove_prefix(static_cast<std::size_t>(took));
    }
  }
  std::string receive(Handle handle, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
      port_->receive(handle, ++token_);
      const Completion done = finish(token_);
      if (done.result == -ENOBUFS) continue;
      if (done.result <= 0) break;
      text.append(memory_[done.buffer].data(), static_cast<std::size_t>(done.result));
      port_->provide(done.buffer, memory_[done.buffer]);
    }
    return text;
  }

  std::string folder_;
  Handshaker handshaker_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<TlsPort> port_;
  std::array<std::array<char, 4096>, 4> memory_{};
  std::map<Token, Completion> done_;
  Token token_ = 0;
};

TEST_F(TlsPorts, CarriesBytesBothWays) {
  const CertificateFiles files = make_certificates(folder_);
  EchoServer server(files);
  const std::int64_t handle = connect(server.port, trusting(files.ca_file));
  ASSERT_GT(handle, 0) << error_text(handle);
  const Handle h{static_cast<std::int32_t>(handle)};
  send_all(h, "hello");
  EXPECT_EQ(receive(h, 5), "HELLO");
  port_->close(h);
}

TEST_F(TlsPorts, CarriesWhatIsLargerThanARecordAndABuffer) {
  const CertificateFiles files = make_certificates(folder_);
  EchoServer server(files);
  const std::int64_t handle = connect(server.port, trusting(files.ca_file));
  ASSERT_GT(handle, 0) << error_text(handle);
  const Handle h{static_cast<std::int32_t>(handle)};
  for (const std::size_t size : {16'384U, 16'385U, 60'000U}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
    send_all(h, text);
    std::string upper = text;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(receive(h, size), upper);
  }
  port_->close(h);
}

TEST_F(TlsPorts, TellsWhyAPeerIsNotTrusted) {
  const CertificateFiles files = make_certificates(folder_);
  EchoServer server(files);
  EXPECT_EQ(connect(server.port, {}), kTlsUntrusted);
  EXPECT_EQ(connect(server.port, trusting(files.ca_file, "elsewhere.example")), kTlsWrongName);
  EXPECT_EQ(connect(server.port, trusting(folder_ + "/none")), kTlsBadFiles);
  EXPECT_TRUE(connects(server.port, trusting(files.ca_file, "localhost")));
  TlsSpec unverified;
  unverified.verify = false;
  EXPECT_TRUE(connects(server.port, unverified));
}

TEST_F(TlsPorts, TakesUpASessionAgain) {
  const CertificateFiles files = make_certificates(folder_);
  EchoServer server(files);
  for (int i = 0; i < 3; ++i) {
    const std::int64_t handle = connect(server.port, trusting(files.ca_file));
    ASSERT_GT(handle, 0) << error_text(handle);
    const Handle h{static_cast<std::int32_t>(handle)};
    send_all(h, "hello");
    EXPECT_EQ(receive(h, 5), "HELLO");  // and the ticket before it
    port_->close(h);
    ring_->submit_and_wait(monotonic_now());
  }
  EXPECT_EQ(server.resumed, 2);
}

TEST_F(TlsPorts, RefusesAnExpiredCertificate) {
  const CertificateFiles files = make_certificates(folder_, {.expired = true});
  EchoServer server(files);
  EXPECT_EQ(connect(server.port, trusting(files.ca_file)), kTlsExpired);
}

TEST_F(TlsPorts, APeerThatClosesInTheMiddleFails) {
  const CertificateFiles files = make_certificates(folder_);
  EchoServer server(files);
  server.silent = true;
  EXPECT_LT(connect(server.port, trusting(files.ca_file)), 0);
}

TEST_F(TlsPorts, PlainConnectionsPassThrough) {
  const CertificateFiles files = make_certificates(folder_);
  EchoServer server(files);
  Endpoint plain = endpoint(server.port, {});
  plain.tls.reset();
  port_->connect(plain, ++token_);
  const std::int64_t handle = finish(token_).result;
  ASSERT_GT(handle, 0);
  const Handle h{static_cast<std::int32_t>(handle)};
  send_all(h, "no TLS");
  EXPECT_EQ(receive(h, 1000).substr(0, 1), "");  // the server gives up
  port_->close(h);
}

}  // namespace
}  // namespace weir
