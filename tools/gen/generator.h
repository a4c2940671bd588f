// Generators of realistic event streams: the same seed gives the same bytes on every machine, so
// that a count of what must match can be made once and kept.
//
// Everything is drawn with whole numbers (see draws.h): floating point differs by compiler and
// processor in its last bits.
//
// Threads: one at a time. Errors: an unknown kind or field is an Error for people.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace weir {

class Generator {
 public:
  virtual ~Generator() = default;
  // Appends the next record, a line with its line end.
  virtual void append_next(std::string& out) = 0;
  // The line that may stand before the first record; empty if the kind has none.
  virtual std::string header() const { return {}; }
};

struct GeneratorOptions {
  std::uint64_t seed = 1;
  // flow-logs, flow-logs-json: the fields, as FlowLogLayout::from_names() reads them; empty: the
  // default of version 2, in JSON with vpc-id and flow-direction too.
  std::string fields = "";
};

// "flow-logs", "flow-logs-json", "cloudtrail", "orders".
std::span<const std::string_view> generator_kinds();

Result<std::unique_ptr<Generator>> make_generator(std::string_view kind,
                                                  const GeneratorOptions& options);

}  // namespace weir
