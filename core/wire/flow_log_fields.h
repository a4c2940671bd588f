// The published fields of VPC and transit gateway flow logs and their types.
#pragma once

#include <optional>
#include <string_view>

#include "core/wire/flow_log.h"

namespace weir {

inline constexpr std::string_view kFlowLogDefaultV2 =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status";

// Nothing for a name that no version publishes.
std::optional<FlowLogType> published_flow_log_type(std::string_view name);

}  // namespace weir
