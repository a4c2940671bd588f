// Keys that are understood and whose work is not done yet: using one is a fault, so that nothing is
// promised by silence. A key leaves its list when what it asks for runs.
#pragma once

#include <array>
#include <string_view>

namespace weir {

inline constexpr std::array<std::string_view, 0> kUnfinishedRootKeys = {};
inline constexpr std::array<std::string_view, 1> kUnfinishedHttpSourceKeys = {"tls"};

}  // namespace weir
