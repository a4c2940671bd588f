// MatchWork: what one matching thread does with blocks: match, tally, and write the lines to print.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/match/matcher.h"
#include "tools/match/busy_time.h"
#include "tools/match/named_rules.h"
#include "tools/match/text_block.h"

namespace weir {

struct MatchTally {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;
  std::uint64_t matches = 0;
  double cpu_s = 0;
  void add(const MatchTally& other);
};

class MatchWork {
 public:
  // `counts`: keep a count for each rule instead of writing lines.
  MatchWork(const NamedRules& rules, BusyTime& busy, bool counts);

  // Matches the block, and writes its output (or counts).
  void match(TextBlock& block);
  // Matches `times` blocks again, starting with the `first`th of the endless repetition of them.
  void match_again(const std::vector<std::unique_ptr<TextBlock>>& blocks, std::uint64_t first,
                   std::uint64_t times);

  const MatchTally& tally() const { return tally_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }  // by RuleIndex

 private:
  void tally_results(std::size_t bytes);
  void count_matches();
  void write_lines(TextBlock& block, std::string_view text, std::uint64_t lines_before);

  const NamedRules& rules_;
  BusyTime& busy_;
  Matcher matcher_;
  LineResults results_;
  MatchTally tally_;
  bool keeps_counts_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace weir
