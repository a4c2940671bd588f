// Checksum: XXH3 (64 bits) over bytes that lie in several pieces. What is checked with it are whole
// records, so that a page that is stale, torn, moved or of another file never passes for one.
//
// Source: xxhash.h 0.8.1, https://xxhash.com; the result does not depend on how the bytes are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir {

class Checksum {
 public:
  Checksum();
  void add(std::span<const char> bytes);
  std::uint64_t value() const;

  static std::uint64_t of(std::span<const char> bytes);

 private:
  static constexpr std::size_t kStateBytes = 576;
  alignas(64) unsigned char state_[kStateBytes];
};

}  // namespace weir
