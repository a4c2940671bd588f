#include "tools/gen/generator.h"

#include <array>

#include "core/wire/flow_log.h"
#include "tools/gen/flow_generator.h"
#include "tools/gen/order_generator.h"
#include "tools/gen/trail_generator.h"

namespace weir {

namespace {

constexpr auto kKinds =
    std::to_array<std::string_view>({"flow-logs", "flow-logs-json", "cloudtrail", "orders"});

// Text as AWS writes it by default. JSON with two fields more, as users who go to the length of
// making JSON do: a record then has about 337 bytes, the size that other routers were measured
// with.
FlowLogLayout default_layout(FlowForm form) {
  if (form == FlowForm::text) return FlowLogLayout::default_v2();
  const std::string names = FlowLogLayout::default_v2().header() + " vpc-id flow-direction";
  return FlowLogLayout::from_names(names).value();
}

Result<std::unique_ptr<Generator>> make_flow_generator(const GeneratorOptions& options,
                                                       FlowForm form) {
  Result<FlowLogLayout> layout =
      options.fields.empty() ? default_layout(form) : FlowLogLayout::from_names(options.fields);
  if (!layout) return layout.error();
  return make_flow_log_generator(options.seed, *layout, form);
}

}  // namespace

std::span<const std::string_view> generator_kinds() {
  return kKinds;
}

Result<std::unique_ptr<Generator>> make_generator(std::string_view kind,
                                                  const GeneratorOptions& options) {
  if (kind == "flow-logs") return make_flow_generator(options, FlowForm::text);
  if (kind == "flow-logs-json") return make_flow_generator(options, FlowForm::json);
  if (!options.fields.empty()) {
    return Error{"'" + std::string(kind) + "' has no choice of fields; flow-logs has"};
  }
  if (kind == "cloudtrail") return make_trail_generator(options.seed);
  if (kind == "orders") return make_order_generator(options.seed);
  std::string known;
  for (const std::string_view name : kKinds)
    known += (known.empty() ? "" : ", ") + std::string(name);
  return Error{"'" + std::string(kind) + "' is no kind of record; known are: " + known};
}

}  // namespace weir
