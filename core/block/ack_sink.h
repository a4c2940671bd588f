// AckSink: who tells senders which of their lines are safe. The Ingest is one for its connections:
// it hears of each span of a block once that block is durable (on a memory bus: handed on), and of
// each refused line before that.
//
// Threads: all calls on one thread, the AckSink's own. Must not block.
#pragma once

#include <cstdint>

#include "core/block/block.h"

namespace weir {

class AckSink {
 public:
  virtual ~AckSink() = default;
  // Only for origins with an ack_slot. `line` counts from 1 on the connection; told before the
  // done() that covers it.
  virtual void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
                       std::uint32_t error_offset) = 0;
  // The next `lines` lines of this origin, refused and blank ones included, are safe: one call for
  // each span, in the order of sealing.
  virtual void done(const Origin& origin, std::uint32_t lines) = 0;
};

// Says done() for every span of the block that wants it. For whoever knows that the block is
// durable, while it still holds a reference to it.
inline void acknowledge(const Block& block, AckSink& acks) {
  for (const ProducerSpan& span : block.spans) {
    if (span.origin->ack_slot != Origin::kNoAcks) acks.done(*span.origin, span.lines);
  }
}

}  // namespace weir
