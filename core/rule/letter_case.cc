#include "core/rule/letter_case.h"

#include <algorithm>
#include <array>

#include "core/rule/json_text.h"

namespace weir {
namespace {

struct CaseRun {
  std::uint32_t first;
  std::uint32_t count;
  std::uint32_t step;
  std::int32_t to_lower;
  std::int32_t to_upper;
};
struct CaseSpecial {
  std::uint32_t letter;
  std::string_view lower;
  std::string_view upper;
};

#include "core/rule/letter_case_table.inc"

}  // namespace

CaseForms case_forms(std::uint32_t code_point) {
  CaseForms forms;
  const auto special = std::ranges::find(kCaseSpecials, code_point, &CaseSpecial::letter);
  if (special != kCaseSpecials.end()) {
    forms.lower = special->lower;
    forms.upper = special->upper;
    return forms;
  }
  std::int64_t lower = code_point;
  std::int64_t upper = code_point;
  for (const CaseRun& run : kCaseRuns) {
    if (code_point < run.first) break;  // ascending
    const std::uint32_t distance = code_point - run.first;
    if (distance % run.step != 0 || distance / run.step >= run.count) continue;
    lower += run.to_lower;
    upper += run.to_upper;
    break;
  }
  append_code_point(static_cast<std::uint32_t>(lower), forms.lower);
  append_code_point(static_cast<std::uint32_t>(upper), forms.upper);
  return forms;
}

std::vector<CaseForms> case_forms_of(std::string_view text) {
  std::vector<CaseForms> out;
  for (std::size_t at = 0; at < text.size();) out.push_back(case_forms(next_code_point(text, at)));
  return out;
}

}  // namespace weir
