// AlignedMemory: a piece of memory as O_DIRECT wants it, whole pages at a page's boundary. Not
// touched before it is used, so that what is never used costs nothing.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "core/base/check.h"
#include "core/port/port.h"

namespace weir {

class AlignedMemory {
 public:
  AlignedMemory() = default;
  explicit AlignedMemory(std::size_t bytes)
      : memory_(static_cast<char*>(std::aligned_alloc(kDirectBytes, bytes))), bytes_(bytes) {
    WEIR_CHECK(memory_ != nullptr && bytes % kDirectBytes == 0);
  }
  char* data() const { return memory_.get(); }
  std::size_t size() const { return bytes_; }
  std::span<char> span() const { return {memory_.get(), bytes_}; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> memory_;
  std::size_t bytes_ = 0;
};

}  // namespace weir
