// Numbers for people: "1,234,567", "337.4 MB", "1.2 ms".
#pragma once

#include <cstdint>
#include <string>

namespace weir {

std::string with_commas(std::uint64_t number);
// Decimal units, as network rates have them: "812 B", "337.4 MB".
std::string human_bytes(double bytes);
// "812 ns", "1.2 ms", "3.4 s".
std::string human_duration(std::uint64_t duration_ns);

}  // namespace weir
