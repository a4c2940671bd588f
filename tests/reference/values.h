// How the reference matcher reads numbers, addresses and texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/reference/reference.h"

namespace weir::reference {

double to_double(const std::string& number);
// Whether its shortest decimal form as a double is the same number.
bool comparable(const std::string& number);
bool same_number(const std::string& a, const std::string& b);  // both comparable

// 32 or 128 bits, first bit first.
std::optional<std::vector<bool>> parse_address(const std::string& text);
// The bits all addresses of the block begin with, and the width of the family.
struct Block {
  std::vector<bool> bits;
  std::size_t width = 0;
};
std::optional<Block> parse_cidr(const std::string& text);

bool wildcard_matches(const std::string& wildcard, const std::string& text);
bool ignore_case_matches(const std::string& pattern, const std::string& text);
bool ignore_case_prefix(const std::string& pattern, const std::string& text);
bool ignore_case_suffix(const std::string& pattern, const std::string& text);

}  // namespace weir::reference
