// Stage: one passive worker of the pipeline. It does nothing until polled; a plan puts stages on
// threads, and tests poll them in any order. (The agent of Aeron's driver is the model.)
#pragma once

#include <cstddef>

#include "core/base/units.h"

namespace weir {

class Stage {
 public:
  virtual ~Stage() = default;

  // Does a bounded piece of what there is to do and returns how much it was; 0 means that nothing
  // will happen until new input, a completion, or next_deadline(). Never blocks.
  virtual std::size_t poll(const Now& now) = 0;
  // When it wants to be polled again even if nothing arrives.
  virtual MonotonicTime next_deadline() const = 0;
};

}  // namespace weir
