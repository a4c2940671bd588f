// Tokens of the Ingest's port: which operation, of which connection or listener.
#pragma once

#include <cstdint>

#include "core/port/port.h"

namespace weir {

struct IngestToken {
  static constexpr std::uint64_t kIndexMask = (1U << 24U) - 1;
  enum class Kind : std::uint8_t { accept = 1, receive = 2, send = 3 };

  Kind kind = Kind::accept;
  std::uint32_t generation = 0;  // of the connection; 24 bits of it
  std::size_t index = 0;         // slot or listener

  Token pack() const {
    return (static_cast<Token>(kind) << 48U) | ((generation & kIndexMask) << 24U) | index;
  }
  static IngestToken unpack(Token token) {
    return {.kind = static_cast<Kind>(token >> 48U),
            .generation = static_cast<std::uint32_t>((token >> 24U) & kIndexMask),
            .index = static_cast<std::size_t>(token & kIndexMask)};
  }
  bool is_of(std::uint32_t other) const { return generation == (other & kIndexMask); }
};

}  // namespace weir
