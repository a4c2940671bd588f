#include "tests/sim/sim_peer.h"

#include <algorithm>

namespace weir::sim {

void SimPeer::reset(std::uint64_t arrived_bytes) {
  if (reset_) return;
  reset_ = true;
  received += kernel_;  // the application had it already; a crash that loses it is another test
  kernel_.clear();
  received.append(in_flight_, 0, std::min<std::uint64_t>(arrived_bytes, in_flight_.size()));
}

void SimPeer::read(std::uint64_t bytes_max) {
  const std::uint64_t count = std::min<std::uint64_t>(bytes_max, kernel_.size());
  received.append(kernel_, 0, count);
  kernel_.erase(0, count);
}

void SimPeer::step(Random* random) {
  if (reset_) return;
  if (!corked_) read(kernel_.size());
  if (held_ || in_flight_.empty() || kernel_.size() >= kernel_bytes_max) return;
  std::uint64_t count =
      std::min<std::uint64_t>(in_flight_.size(), kernel_bytes_max - kernel_.size());
  if (random != nullptr) count = random->below(count + 1);
  kernel_.append(in_flight_, 0, count);
  in_flight_.erase(0, count);
  if (!corked_) read(kernel_.size());
}

}  // namespace weir::sim
