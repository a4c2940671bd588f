// RingPort: the Port of one stage over the Ring of its thread. Private to io/ring.
#pragma once

#include <vector>

#include "io/ring/ring_core.h"

namespace weir {

class RingPort final : public Port {
 public:
  explicit RingPort(Ring::Core& core) : core_(core), number_(core.add_port(*this)) {}
  ~RingPort() override { core_.remove_port(*this); }
  RingPort(const RingPort&) = delete;
  RingPort& operator=(const RingPort&) = delete;

  void accept(Handle listener, Token token) override;
  void connect(const Endpoint& endpoint, Token token) override;
  void provide(std::uint32_t buffer, std::span<char> memory) override;
  void receive(Handle handle, Token token) override;
  void send(Handle handle, std::span<const char> bytes, Token token) override;
  std::uint64_t unacknowledged(Handle handle) override;
  bool broken(Handle handle) override;
  void shutdown_receive(Handle handle) override;
  void shutdown_send(Handle handle) override;
  std::string peer_name(Handle handle) override;

  void open(const std::string& path, OpenMode mode, Token token) override;
  std::uint64_t file_size(Handle handle) override;
  void write(Handle handle, std::span<const char> bytes, std::uint64_t offset,
             Token token) override;
  void read(Handle handle, std::span<char> bytes, std::uint64_t offset, Token token) override;
  void sync(Handle handle, Token token) override;
  void sync_directory(Handle handle, Token token) override;
  void allocate(Handle handle, std::uint64_t bytes, Token token) override;
  void truncate(Handle handle, std::uint64_t bytes, Token token) override;
  void rename(const std::string& from, const std::string& to, Token token) override;
  void remove(const std::string& path, Token token) override;
  void close(Handle handle) override;
  std::size_t reap(std::span<Completion> out) override;

  // For the Core.
  std::uint8_t number() const { return number_; }
  void finish(Token token, std::int64_t result);
  void complete(const io_uring_cqe& cqe);
  std::size_t unreaped() const { return ready_.size() - ready_first_; }

 private:
  struct Provided {
    char* memory = nullptr;
    std::uint32_t length = 0;
  };

  std::uint64_t user_data(Token token) const {
    return token | std::uint64_t{number_} << Ring::Core::kTagShift;
  }
  bool buffers_usable();
  void push_buffer(std::uint16_t id);

  Ring::Core& core_;
  std::uint8_t number_;
  std::vector<Completion> ready_;  // [ready_first_, size) not reaped yet
  std::size_t ready_first_ = 0;

  io_uring_buf_ring* buffers_ = nullptr;
  bool buffers_failed_ = false;
  std::uint32_t buffers_held_ = 0;           // by the kernel
  std::vector<Provided> provided_;           // by buffer id
  std::vector<std::uint16_t> buffers_late_;  // beyond the ring's capacity: given as others return
};

}  // namespace weir
