#include "core/log/checksum.h"

// Inlined, so that it uses the vector instructions this build is made for.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir {
namespace {

XXH3_state_t* state(unsigned char* memory) {
  return reinterpret_cast<XXH3_state_t*>(memory);
}

}  // namespace

Checksum::Checksum() {
  static_assert(sizeof(XXH3_state_t) <= kStateBytes && alignof(XXH3_state_t) <= 64);
  XXH3_INITSTATE(state(state_));
  XXH3_64bits_reset(state(state_));
}

void Checksum::add(std::span<const char> bytes) {
  if (!bytes.empty()) XXH3_64bits_update(state(state_), bytes.data(), bytes.size());
}

std::uint64_t Checksum::value() const {
  return XXH3_64bits_digest(reinterpret_cast<const XXH3_state_t*>(state_));
}

std::uint64_t Checksum::of(std::span<const char> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace weir
