#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "tests/sim/sim_port.h"

namespace weir::sim {
namespace {

const Endpoint kServer{.host = "127.0.0.1", .port = 7001, .congestion = {}};

Completion one(SimPort& port) {
  std::array<Completion, 4> out{};
  EXPECT_EQ(port.reap(out), 1U);
  return out[0];
}
std::size_t none(SimPort& port) {
  std::array<Completion, 4> out{};
  return port.reap(out);
}

TEST(SimPort, CountsWhatThePeerHasNotAcknowledged) {
  World world(1);
  SimPort port(world);
  world.open_server(kServer);
  port.connect(kServer, 1);
  const Handle handle{static_cast<std::int32_t>(one(port).result)};
  SimPeer& peer = *world.connections(kServer).back();
  peer.cork();
  peer.kernel_bytes_max = 3;
  peer.send_bytes_max = 4;
  const std::string bytes = "abcdefghij";
  port.send(handle, bytes, 2);
  EXPECT_EQ(one(port).result, 4);  // then the kernel takes three of them
  EXPECT_EQ(port.unacknowledged(handle), 1U);
  port.send(handle, std::span(bytes).subspan(4), 3);
  EXPECT_EQ(one(port).result, 3);
  port.send(handle, std::span(bytes).subspan(7), 4);
  EXPECT_EQ(none(port), 0U);  // corked: nothing moves
  peer.reset(2);
  EXPECT_EQ(one(port).result, -ECONNRESET);
  EXPECT_EQ(port.unacknowledged(handle), 4U);
  EXPECT_EQ(peer.received, "abcde");
}

TEST(SimPort, ReceivesByteByByteAndSaysWhenNoBufferIsThere) {
  World world(1);
  world.faults.receive_bytes_max = 1;
  SimPort port(world);
  const Handle listener = world.open_listener();
  const SimPeerPtr peer = world.connect_to(listener, "client");
  port.accept(listener, 1);
  const Handle handle{static_cast<std::int32_t>(one(port).result)};
  EXPECT_EQ(port.peer_name(handle), "client");
  port.receive(handle, 2);
  EXPECT_EQ(none(port), 0U);
  peer->feed("ab");
  peer->finish();
  EXPECT_EQ(one(port).result, -ENOBUFS);
  std::array<char, 8> memory{};
  port.provide(5, memory);
  port.receive(handle, 3);
  const Completion got = one(port);
  EXPECT_EQ(got.result, 1);
  EXPECT_EQ(got.buffer, 5U);
  EXPECT_EQ(memory[0], 'a');
  port.provide(5, memory);
  port.receive(handle, 4);
  EXPECT_EQ(one(port).result, 1);
  port.receive(handle, 5);
  EXPECT_EQ(one(port).result, 0);
  port.receive(handle, 6);
  port.close(handle);
  EXPECT_EQ(one(port).result, -ECANCELED);
  EXPECT_EQ(world.open_handles(), 0U);
}

TEST(SimPort, FilesFillTheDiskAndKeepTheirContentOverARename) {
  World world(1);
  world.disk_bytes_left = 5;
  SimPort port(world);
  port.open("a", {}, 1);
  const Handle handle{static_cast<std::int32_t>(one(port).result)};
  const std::string bytes = "1234567";
  port.write(handle, bytes, 0, 2);
  EXPECT_EQ(one(port).result, 5);
  port.write(handle, std::span(bytes).subspan(5), 5, 3);
  EXPECT_EQ(one(port).result, -ENOSPC);
  port.rename("a", "b", 4);
  EXPECT_EQ(one(port).result, 0);
  EXPECT_EQ(world.files.at("b")->content, "12345");
  EXPECT_EQ(port.file_size(handle), 5U);
}

}  // namespace
}  // namespace weir::sim
