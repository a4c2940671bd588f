// Strong ids: small dense indexes that cannot be mixed up. Each is an index into a table named at
// its declaration; `value` is that index.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace weir {

template <typename Tag, typename Rep = std::uint32_t>
struct StrongId {
  Rep value = std::numeric_limits<Rep>::max();  // the maximum means "none"

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  constexpr bool valid() const { return value != std::numeric_limits<Rep>::max(); }
  auto operator<=>(const StrongId&) const = default;
};

using BusId = StrongId<struct BusTag, std::uint16_t>;        // Catalog::buses
using SourceId = StrongId<struct SourceTag, std::uint16_t>;  // Catalog::sources
using TargetId =
    StrongId<struct TargetTag, std::uint16_t>;  // slot of a target, stable over reloads
using RuleIndex = std::uint32_t;  // position of a rule in the list a RuleSet was compiled from

}  // namespace weir
