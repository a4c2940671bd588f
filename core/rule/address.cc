#include "core/rule/address.h"

#include <array>
#include <cstddef>

#include "core/rule/json_text.h"

namespace weir {
namespace {

std::optional<Address> parse_v4(std::string_view text) {
  if (text.size() > 15) return std::nullopt;
  std::uint64_t value = 0;
  unsigned parts = 0;
  std::size_t at = 0;
  for (;;) {
    unsigned part = 0;
    const std::size_t begin = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      part = part * 10 + static_cast<unsigned>(text[at] - '0');
      if (part > 255) return std::nullopt;
    }
    if (at == begin) return std::nullopt;
    value = (value << 8U) | part;
    ++parts;
    if (at == text.size()) break;
    if (text[at] != '.' || parts == 4) return std::nullopt;
    ++at;
  }
  if (parts != 4) return std::nullopt;
  return Address{false, 0, value};
}

std::optional<Address> parse_v6(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::array<std::uint16_t, 8> groups{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;
  std::size_t at = 0;
  if (text[0] == ':') {
    if (text[1] != ':') return std::nullopt;
    at = 1;
  }
  bool digits = false;
  unsigned value = 0;
  while (at < text.size()) {
    const char c = text[at++];
    if (c != ':') {
      const int nibble = hex_value(c);
      if (nibble < 0) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(nibble);
      if (value > 0xFFFF) return std::nullopt;
      digits = true;
      continue;
    }
    if (!digits) {
      if (gap) return std::nullopt;
      gap = count;
      continue;
    }
    if (at == text.size() || count == 8) return std::nullopt;
    groups[count++] = static_cast<std::uint16_t>(value);
    digits = false;
    value = 0;
  }
  if (digits) {
    if (count == 8) return std::nullopt;
    groups[count++] = static_cast<std::uint16_t>(value);
  }
  if (gap ? count == 8 : count != 8) return std::nullopt;
  std::array<std::uint16_t, 8> all{};
  const std::size_t before = gap.value_or(8);
  for (std::size_t i = 0; i < before && i < count; ++i) all[i] = groups[i];
  for (std::size_t i = before; i < count; ++i) all[8 - count + i] = groups[i];
  Address out{true, 0, 0};
  for (std::size_t i = 0; i < 4; ++i) out.high = (out.high << 16U) | all[i];
  for (std::size_t i = 4; i < 8; ++i) out.low = (out.low << 16U) | all[i];
  if (out.high == 0 && (out.low >> 32U) == 0xFFFF) return Address{false, 0, out.low & 0xFFFFFFFFU};
  return out;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  // The fifth byte at the latest tells the family; most strings are neither.
  for (std::size_t i = 0; i < text.size() && i < 16; ++i) {
    if (text[i] == '.') return parse_v4(text);
    if (text[i] == ':') return parse_v6(text);
    if (hex_value(text[i]) < 0) return std::nullopt;
  }
  return text.size() > 16 ? parse_v6(text) : std::nullopt;
}

AddressRange address_block(const Address& address, unsigned bits) {
  const auto mask = [](unsigned width, unsigned kept) -> std::uint64_t {
    // Ones at the variable low end of a word of `width` bits.
    if (kept >= width) return 0;
    const unsigned variable = width - kept;
    return variable >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << variable) - 1;
  };
  AddressRange out{address, address};
  if (!address.v6) {
    const std::uint64_t low = mask(32, bits);
    out.first.low &= ~low;
    out.last.low |= low;
    return out;
  }
  const std::uint64_t high = mask(64, bits);
  const std::uint64_t low = bits <= 64 ? ~std::uint64_t{0} : mask(64, bits - 64);
  out.first.high &= ~high;
  out.last.high |= high;
  out.first.low &= ~low;
  out.last.low |= low;
  return out;
}

}  // namespace weir
