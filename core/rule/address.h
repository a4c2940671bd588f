// IPv4 and IPv6 addresses as the pattern language reads them: decimal IPv4 parts may have leading
// zeros, IPv6 has no dotted part, no zone and no brackets, and an IPv4-mapped IPv6 address is the
// IPv4 address. Pure functions, any thread, no allocation.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

struct Address {
  bool v6 = false;  // the families never mix, so this orders first
  std::uint64_t high = 0;
  std::uint64_t low = 0;  // all of an IPv4 address
  auto operator<=>(const Address&) const = default;
};

std::optional<Address> parse_address(std::string_view text);

struct AddressRange {
  Address first;
  Address last;
};
// All addresses that share the first `bits` bits.
AddressRange address_block(const Address& address, unsigned bits);

}  // namespace weir
