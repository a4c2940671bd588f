#include "core/log/staging.h"

#include "core/base/check.h"

namespace weir {

Staging::Staging(std::size_t buffers, std::size_t bytes) : bytes_(bytes), buffers_(buffers) {
  WEIR_CHECK(buffers > 0 && bytes > 0 && bytes % kDirectBytes == 0);
  for (std::size_t i = buffers; i-- > 0;) free_.push_back(i);
}

std::span<char> Staging::room(std::uint64_t segment, std::uint64_t offset) {
  if (!order_.empty()) {
    Buffer& last = buffers_[order_.back()];
    if (!last.submitted && last.segment == segment && last.used < bytes_) {
      WEIR_CHECK(last.offset + last.used == offset);
      return last.memory.span().subspan(last.used);
    }
  }
  if (free_.empty()) return {};
  const std::size_t index = free_.back();
  free_.pop_back();
  order_.push_back(index);
  Buffer& buffer = buffers_[index];
  if (buffer.memory.size() == 0) buffer.memory = AlignedMemory(bytes_);
  buffer.segment = segment;
  buffer.offset = offset;
  return buffer.memory.span();
}

int Staging::next_to_write(std::uint64_t segment, bool partial) const {
  for (const std::size_t index : order_) {
    const Buffer& buffer = buffers_[index];
    if (buffer.submitted) continue;
    const bool open = index == order_.back() && buffer.used < bytes_;
    if (buffer.segment != segment || buffer.used == 0 || (open && !partial)) return -1;
    return static_cast<int>(index);
  }
  return -1;
}

void Staging::done(std::size_t index) {
  buffers_[index].done = true;
  while (!order_.empty() && buffers_[order_.front()].done) {
    release(order_.front());
    order_.pop_front();
  }
}

std::uint64_t Staging::written_to(std::uint64_t segment, std::uint64_t none) const {
  for (const std::size_t index : order_) {
    if (buffers_[index].segment == segment) return buffers_[index].offset;
  }
  return none;
}

void Staging::clear() {
  while (!order_.empty()) {
    release(order_.back());
    order_.pop_back();
  }
}

void Staging::release(std::size_t index) {
  Buffer& buffer = buffers_[index];
  WEIR_CHECK(!buffer.submitted || buffer.done);
  buffer.used = 0;
  buffer.written = 0;
  buffer.submitted = false;
  buffer.done = false;
  free_.push_back(index);
}

}  // namespace weir
