// TlsPort: a Port that encrypts the connections whose endpoint asks for it and passes all else to
// the port below. A connect completes when the peer is known to be who it should be; from then on
// bytes are encrypted and decrypted on the thread of the stage, and nothing else of TLS happens
// there.
//
// Tokens: bit 55 is the TlsPort's own; callers leave it clear.
// Of the buffers that are provided, one is kept back for plaintext that is left over.
//
// Threads: as Port. Lifetime: the Handshaker and the Waker outlive it.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/port/port.h"
#include "io/tls/handshaker.h"

namespace weir {

class TlsPort final : public Port {
 public:
  TlsPort(std::unique_ptr<Port> below, Handshaker& handshaker, Waker& waker);
  ~TlsPort() override;

  void accept(Handle listener, Token token) override { below_->accept(listener, token); }
  void connect(const Endpoint& endpoint, Token token) override;
  void provide(std::uint32_t buffer, std::span<char> memory) override;
  void receive(Handle handle, Token token) override;
  void send(Handle handle, std::span<const char> bytes, Token token) override;
  std::uint64_t unacknowledged(Handle handle) override { return below_->unacknowledged(handle); }
  bool broken(Handle handle) override { return below_->broken(handle); }
  void shutdown_receive(Handle handle) override { below_->shutdown_receive(handle); }
  void shutdown_send(Handle handle) override { below_->shutdown_send(handle); }
  std::string peer_name(Handle handle) override { return below_->peer_name(handle); }
  void open(const std::string& path, OpenMode mode, Token token) override {
    below_->open(path, mode, token);
  }
  std::uint64_t file_size(Handle handle) override { return below_->file_size(handle); }
  void write(Handle handle, std::span<const char> bytes, std::uint64_t offset,
             Token token) override {
    below_->write(handle, bytes, offset, token);
  }
  void read(Handle handle, std::span<char> bytes, std::uint64_t offset, Token token) override {
    below_->read(handle, bytes, offset, token);
  }
  void sync(Handle handle, Token token) override { below_->sync(handle, token); }
  void sync_directory(Handle handle, Token token) override {
    below_->sync_directory(handle, token);
  }
  void allocate(Handle handle, std::uint64_t bytes, Token token) override {
    below_->allocate(handle, bytes, token);
  }
  void truncate(Handle handle, std::uint64_t bytes, Token token) override {
    below_->truncate(handle, bytes, token);
  }
  void rename(const std::string& from, const std::string& to, Token token) override {
    below_->rename(from, to, token);
  }
  void remove(const std::string& path, Token token) override { below_->remove(path, token); }
  void close(Handle handle) override;
  std::size_t reap(std::span<Completion> out) override;

 private:
  enum class Op : std::uint8_t { connect, receive, send };
  // One encrypted connection, from connect() until it is closed and nothing of it is under way.
  struct Connection {
    bool used = false;
    bool closed = false;
    Endpoint endpoint;
    Handle handle;
    std::unique_ptr<TlsSession> session;
    Token connect_token = 0;
    Token receive_token = 0;
    Token send_token = 0;
    bool receiving = false;   // below
    bool sending = false;     // below
    bool send_asked = false;  // by the caller, whose bytes are in `out`
    std::size_t send_bytes = 0;
    std::string out;  // ciphertext
    std::size_t out_sent = 0;
  };
  static constexpr std::uint64_t kOwn = std::uint64_t{1} << 55U;
  static constexpr std::uint32_t kNoBuffer = ~std::uint32_t{0};
  static constexpr std::size_t kSendBytesMax = 256 * 1024;

  static Token own(std::size_t connection, Op op) {
    return kOwn | connection << 8U | static_cast<std::uint64_t>(op);
  }
  std::size_t new_connection();
  void release(std::size_t index);
  void finish(Token token, std::int64_t result, std::uint32_t buffer = 0);
  void take_answers();
  void complete(const Completion& completion);
  void connected(std::size_t index, std::int64_t result);
  void received(std::size_t index, std::int64_t result, std::uint32_t buffer);
  void sent(std::size_t index, std::int64_t result);
  void send_out(std::size_t index);
  void receive_below(std::size_t index);
  void give(std::uint32_t buffer);
  Connection* find(Handle handle, std::size_t& index);

  std::unique_ptr<Port> below_;
  Handshaker& handshaker_;
  Waker& waker_;
  std::shared_ptr<Handshaker::Client> client_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unordered_map<std::int32_t, std::size_t> by_handle_;
  std::vector<std::span<char>> buffers_;  // by id
  std::uint32_t reserve_ = kNoBuffer;     // kept back, and in our hands
  std::uint32_t reserve_id_ = kNoBuffer;
  std::deque<Completion> ready_;
};

}  // namespace weir
