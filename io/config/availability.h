// Keys that are understood and whose work is not done yet: using one is a fault, so that nothing is
// promised by silence. A key leaves its list when what it asks for runs.
#pragma once

#include <array>
#include <string_view>

namespace weir {

inline constexpr std::array<std::string_view, 2> kUnfinishedRootKeys = {"data_dir", "disk"};
inline constexpr std::array<std::string_view, 1> kUnfinishedSourceKeys = {"acks"};
inline constexpr std::array<std::string_view, 8> kUnfinishedTargetKeys = {
    "url", "bus", "acks", "retries", "max_age", "dead_letter", "order_by", "partition_key"};

}  // namespace weir
