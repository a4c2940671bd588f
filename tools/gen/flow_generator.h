// Flow logs as AWS writes them (text) or as flat JSON objects of the same fields.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/wire/flow_log.h"
#include "tools/gen/generator.h"

namespace weir {

enum class FlowForm : std::uint8_t {
  text,  // with 2 % of NODATA and SKIPDATA
  json   // records with data only, every field there unless it does not apply
};

// Refuses a field that no version of the format publishes.
Result<std::unique_ptr<Generator>> make_flow_log_generator(std::uint64_t seed,
                                                           const FlowLogLayout& layout,
                                                           FlowForm form);

}  // namespace weir
