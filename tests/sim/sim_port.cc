#include "tests/sim/sim_port.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"

namespace weir::sim {

void World::advance(Nanoseconds by) {
  now_.monotonic = now_.monotonic + by;
  now_.wall.since_epoch += by;
  step();
}

void World::step() {
  for (const SimPeerPtr& peer : peers_) {
    peer->step(chance(faults.slow_acknowledge) ? &random : nullptr);
  }
  // Broken or closed connections with nothing left to move are only the test's concern.
  std::erase_if(peers_, [](const SimPeerPtr& peer) {
    return peer->reset_ || (peer->stage_closed_ && peer->at_end());
  });
}

Handle World::add(Slot slot) {
  if (slot.kind != Slot::Kind::listener) ++open_handles_;
  slots_.push_back(std::move(slot));
  return Handle{static_cast<std::int32_t>(slots_.size() - 1)};
}

World::Slot& World::slot(Handle handle) {
  WEIR_CHECK(handle.value >= 0 && static_cast<std::size_t>(handle.value) < slots_.size());
  return slots_[static_cast<std::size_t>(handle.value)];
}

SimPeerPtr World::make_peer() {
  auto peer = std::make_shared<SimPeer>();
  peer->corked_ = peer_defaults.corked;
  peer->held_ = peer_defaults.hold_acknowledgements;
  peer->kernel_bytes_max = peer_defaults.kernel_bytes_max;
  peer->send_bytes_max = peer_defaults.send_bytes_max;
  peers_.push_back(peer);
  return peer;
}

Handle World::open_listener() {
  return add({.kind = Slot::Kind::listener});
}

SimPeerPtr World::connect_to(Handle listener, const std::string& name) {
  SimPeerPtr peer = make_peer();
  slot(listener).backlog.push_back(peer);
  slot(listener).backlog_names.push_back(name);
  return peer;
}

void World::fail_next_accept(Handle listener, int error) {
  slot(listener).accept_error = error;
}

void SimPort::submit(Operation operation) {
  operation.due = world_.now().monotonic;
  if (world_.faults.delay_max > 0ns) {
    const auto span = static_cast<std::uint64_t>(world_.faults.delay_max.count()) + 1;
    operation.due =
        operation.due + Nanoseconds{static_cast<std::int64_t>(world_.random.below(span))};
  }
  operations_.push_back(std::move(operation));
}

void SimPort::accept(Handle listener, Token token) {
  WEIR_CHECK(world_.slot(listener).kind == World::Slot::Kind::listener);
  submit({.kind = Kind::accept, .token = token, .handle = listener});
}

void SimPort::connect(const Endpoint& endpoint, Token token) {
  submit({.kind = Kind::connect, .token = token, .path = to_string(endpoint)});
}

void SimPort::provide(std::uint32_t buffer, std::span<char> memory) {
  WEIR_CHECK(!memory.empty());
  for (const Buffer& other : buffers_) WEIR_CHECK(other.id != buffer);
  buffers_.push_back({buffer, memory});
}

void SimPort::receive(Handle handle, Token token) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.peer && !slot.peer->receive_under_way_);
  slot.peer->receive_under_way_ = true;
  submit({.kind = Kind::receive, .token = token, .handle = handle});
}

void SimPort::send(Handle handle, std::span<const char> bytes, Token token) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.peer && !slot.peer->send_under_way_ && !bytes.empty());
  WEIR_CHECK(!slot.peer->stage_ended_);
  slot.peer->send_under_way_ = true;
  submit({.kind = Kind::send,
          .token = token,
          .handle = handle,
          .bytes = bytes,
          .copy = std::string(bytes.data(), bytes.size())});
}

std::uint64_t SimPort::unacknowledged(Handle handle) {
  ++calls_;
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.peer);
  return slot.peer->in_flight_.size();
}

bool SimPort::broken(Handle handle) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.peer);
  return slot.peer->reset_;
}

void SimPort::shutdown_receive(Handle handle) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.peer);
  slot.peer->finished_ = true;
}

void SimPort::shutdown_send(Handle handle) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open && slot.peer);
  slot.peer->stage_ended_ = true;
}

std::string SimPort::peer_name(Handle handle) {
  return world_.slot(handle).name;
}

void SimPort::close(Handle handle) {
  World::Slot& slot = world_.slot(handle);
  WEIR_CHECK(slot.open);
  slot.open = false;
  if (slot.kind != World::Slot::Kind::listener) --world_.open_handles_;
  if (slot.peer) {
    slot.peer->stage_ended_ = true;
    slot.peer->stage_closed_ = true;
  }
}

std::size_t SimPort::reap(std::span<Completion> out) {
  world_.step();
  if (world_.chance(world_.faults.shuffle) && operations_.size() > 1) {
    const std::size_t shift = world_.random.below(operations_.size());
    std::rotate(operations_.begin(), operations_.begin() + static_cast<std::ptrdiff_t>(shift),
                operations_.end());
  }
  std::size_t count = 0;
  std::size_t i = 0;
  while (i < operations_.size() && count < out.size()) {
    std::optional<Completion>& done = operations_[i].done;
    if (!done) done = attempt(operations_[i]);
    if (done && !world_.chance(world_.faults.late_completion)) {
      out[count++] = *done;
      operations_.erase(operations_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  world_.step();
  return count;
}

std::optional<Completion> SimPort::attempt(Operation& operation) {
  if (operation.due > world_.now().monotonic) return std::nullopt;
  std::optional<std::int64_t> result;
  switch (operation.kind) {
    case Kind::accept:
      result = try_accept(operation);
      break;
    case Kind::receive:
      return try_receive(operation);
    case Kind::send:
      WEIR_CHECK(
          std::memcmp(operation.bytes.data(), operation.copy.data(), operation.copy.size()) == 0);
      result = try_send(operation);
      if (result) world_.slot(operation.handle).peer->send_under_way_ = false;
      break;
    case Kind::connect:
      result = do_connect(operation);
      break;
    default:
      result = do_file(operation);
      if (*result >= 0 && operation.kind != Kind::read && world_.on_disk_effect) {
        world_.on_disk_effect();
      }
  }
  if (!result) return std::nullopt;
  return Completion{.token = operation.token, .result = *result};
}

// How many of `bytes` an operation takes under the faults; at least one.
std::uint64_t SimPort::cut(std::uint64_t bytes, double chance, std::uint32_t bytes_max) {
  if (bytes_max != 0) bytes = std::min<std::uint64_t>(bytes, bytes_max);
  if (bytes > 1 && world_.chance(chance)) bytes = 1 + world_.random.below(bytes - 1);
  return bytes;
}

std::optional<std::int64_t> SimPort::try_accept(const Operation& operation) {
  World::Slot& listener = world_.slot(operation.handle);
  if (!listener.open) return -ECANCELED;
  if (listener.accept_error != 0) return std::exchange(listener.accept_error, 0);
  if (listener.backlog.empty()) return std::nullopt;
  World::Slot slot{.kind = World::Slot::Kind::socket};
  slot.peer = std::move(listener.backlog.front());
  slot.name = std::move(listener.backlog_names.front());
  listener.backlog.pop_front();
  listener.backlog_names.pop_front();
  return world_.add(std::move(slot)).value;
}

std::optional<Completion> SimPort::try_receive(const Operation& operation) {
  World::Slot& slot = world_.slot(operation.handle);
  SimPeer& peer = *slot.peer;
  const auto finish = [&](std::int64_t result, std::uint32_t buffer = 0) {
    peer.receive_under_way_ = false;
    return Completion{.token = operation.token, .result = result, .buffer = buffer};
  };
  if (!slot.open) return finish(-ECANCELED);
  if (peer.to_stage_.empty()) {
    // As in the kernel: behind the end of the stream a reset is not told.
    if (peer.finished_) return finish(0);
    if (peer.reset_) {
      // The error is told once; after it the stream is at its end.
      return finish(std::exchange(peer.reset_seen_, true) ? 0 : -ECONNRESET);
    }
    return std::nullopt;
  }
  if (buffers_.empty() || world_.chance(world_.faults.no_buffer)) return finish(-ENOBUFS);
  const Buffer buffer = buffers_.front();
  buffers_.pop_front();
  std::uint64_t count = std::min<std::uint64_t>(buffer.memory.size(), peer.to_stage_.size());
  count = cut(count, world_.faults.short_receive, world_.faults.receive_bytes_max);
  std::memcpy(buffer.memory.data(), peer.to_stage_.data(), count);
  peer.to_stage_.erase(0, count);
  return finish(static_cast<std::int64_t>(count), buffer.id);
}

std::optional<std::int64_t> SimPort::try_send(const Operation& operation) {
  World::Slot& slot = world_.slot(operation.handle);
  SimPeer& peer = *slot.peer;
  if (!slot.open) return -ECANCELED;
  if (!peer.reset_ && world_.chance(world_.faults.reset)) {
    peer.reset(world_.random.below(peer.in_flight_.size() + 1));
  }
  if (peer.reset_) return std::exchange(peer.reset_seen_, true) ? -EPIPE : -ECONNRESET;
  if (peer.in_flight_.size() >= peer.send_bytes_max) return std::nullopt;
  std::uint64_t count =
      std::min<std::uint64_t>(operation.bytes.size(), peer.send_bytes_max - peer.in_flight_.size());
  count = cut(count, world_.faults.short_send, world_.faults.send_bytes_max);
  peer.in_flight_.append(operation.bytes.data(), count);
  return static_cast<std::int64_t>(count);
}

std::int64_t SimPort::do_connect(const Operation& operation) {
  World::Server& server = world_.servers_[operation.path];
  if (!server.open || world_.chance(world_.faults.connect_refused)) return -ECONNREFUSED;
  World::Slot slot{.kind = World::Slot::Kind::socket};
  slot.peer = world_.make_peer();
  slot.name = operation.path;
  server.peers.push_back(slot.peer);
  return world_.add(std::move(slot)).value;
}

}  // namespace weir::sim
