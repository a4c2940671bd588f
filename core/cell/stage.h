// Stage: one passive part of the pipeline (an Ingest, a Router, the Sequencer, a Writer).
//
// A stage does a bounded amount of work each time it is polled and never waits. Which thread polls
// it, and what that thread does when all its stages are idle, is decided outside (io/run/loop.h).
// The calls are virtual once per round, never per event.
//
// Threads: poll() and next_deadline() come from one thread at a time.
#pragma once

#include <cstddef>

#include "core/base/units.h"

namespace weir {

class Stage {
 public:
  virtual ~Stage() = default;

  // Does what can be done now and returns how much that was (blocks, completions, sends ...); 0
  // means: nothing to do until a completion, a hand-off or next_deadline().
  virtual std::size_t poll(const Now& now) = 0;

  // When poll() must be called again even if nothing arrives; MonotonicTime::never() for no need.
  virtual MonotonicTime next_deadline() const = 0;
};

}  // namespace weir
