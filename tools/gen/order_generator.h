// Events of a shop: orders placed, paid, shipped, delivered, cancelled.
#pragma once

#include <cstdint>
#include <memory>

#include "tools/gen/generator.h"

namespace weir {

std::unique_ptr<Generator> make_order_generator(std::uint64_t seed);

}  // namespace weir
