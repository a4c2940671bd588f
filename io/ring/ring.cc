#include "io/ring/ring.h"

#include "core/base/check.h"
#include "io/ring/ring_core.h"
#include "io/ring/ring_port.h"

namespace weir {

Ring::Ring(const RingOptions& options) : core_(std::make_unique<Core>(options, *this)) {}
Ring::~Ring() = default;

Result<std::unique_ptr<Ring>> Ring::create(const RingOptions& options) {
  std::unique_ptr<Ring> ring(new Ring(options));
  const Status opened = ring->core_->open();
  if (!opened) return opened.error();
  return ring;
}

std::unique_ptr<Port> Ring::make_port() {
  return std::make_unique<RingPort>(*core_);
}

Status Ring::enable() {
  return core_->enable();
}
std::size_t Ring::poll() {
  return core_->poll();
}
std::size_t Ring::submit_and_wait(MonotonicTime deadline) {
  return core_->submit_and_wait(deadline);
}
void Ring::wake() {
  core_->wake();
}
bool Ring::drain(MonotonicTime deadline) {
  return core_->drain(deadline);
}
const Status& Ring::status() const {
  return core_->status();
}
RingStats Ring::stats() const {
  return core_->stats();
}

}  // namespace weir
