// The letter-case rule of the pattern language: a letter of a pattern may stand in the event as its
// lower-case or its upper-case form (root locale; each possibly several letters). One-way, and not
// Unicode case folding. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// The forms one character of a pattern may take in an event; equal for what has no case.
struct CaseForms {
  std::string lower;
  std::string upper;
};
CaseForms case_forms(std::uint32_t code_point);

// A pattern text, character by character.
std::vector<CaseForms> case_forms_of(std::string_view text);

}  // namespace weir
