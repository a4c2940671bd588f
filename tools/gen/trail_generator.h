// CloudTrail records in EventBridge envelopes.
#pragma once

#include <cstdint>
#include <memory>

#include "tools/gen/generator.h"

namespace weir {

std::unique_ptr<Generator> make_trail_generator(std::uint64_t seed);

}  // namespace weir
