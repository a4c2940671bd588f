// Cases of patterns and events, one a line: {"id":…,"pattern":"…","event":"…"} in, its answer out.
//
// Threads: one. Memory: that of the longest line, and the patterns that PatternTrial keeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/rule/json_tree.h"
#include "tools/test_pattern/pattern_trial.h"

namespace weir {

class PatternCases {
 public:
  // Appends the answer to one line, with its line end. `number`: of the line, from 1. False when
  // the line is no case.
  bool answer(std::string_view line, std::uint64_t number, std::string& out);

 private:
  struct Case {
    std::string_view id;  // JSON text; null when the line has none
    std::string pattern;
    std::string event;
    std::string fault;  // why the line is no case
  };
  Case read(std::string_view line);

  JsonTree tree_;
  PatternTrial trial_;
};

}  // namespace weir
