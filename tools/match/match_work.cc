#include "tools/match/match_work.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <iterator>
#include <string_view>

#include "tools/match/event_words.h"

namespace weir {
namespace {

double thread_cpu_s() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// Notes the CPU and the wall time from here to the end of the scope.
class Timed {
 public:
  Timed(BusyTime& busy, MatchTally& tally) : busy_(busy), tally_(tally) {
    busy_.begin();
    begin_s_ = thread_cpu_s();
  }
  ~Timed() {
    tally_.cpu_s += thread_cpu_s() - begin_s_;
    busy_.end();
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  BusyTime& busy_;
  MatchTally& tally_;
  double begin_s_ = 0;
};

}  // namespace

void MatchTally::add(const MatchTally& other) {
  events += other.events;
  bytes += other.bytes;
  errors += other.errors;
  matches += other.matches;
  cpu_s += other.cpu_s;
}

MatchWork::MatchWork(const NamedRules& rules, BusyTime& busy, bool counts)
    : rules_(rules), busy_(busy), keeps_counts_(counts) {
  if (counts) counts_.resize(rules.names.size());
}

void MatchWork::match(TextBlock& block) {
  // In parts: rules that nearly all match make many times the block of it.
  std::uint64_t before = 0;  // lines
  for (std::size_t done = 0; done < block.size();) {
    const std::string_view rest = block.text().substr(done);
    results_.clear();
    std::size_t taken = 0;
    {
      const Timed timed(busy_, tally_);
      taken = matcher_.match_some_lines(*rules_.rules, rest, results_);
    }
    tally_results(taken);
    if (keeps_counts_) {
      count_matches();
    } else {
      write_lines(block, rest, before);
    }
    before += results_.physical_lines;
    done += taken;
  }
}

void MatchWork::match_again(const std::vector<std::unique_ptr<TextBlock>>& blocks,
                            std::uint64_t first, std::uint64_t times) {
  const Timed timed(busy_, tally_);
  for (std::uint64_t i = first; i < first + times; ++i) {
    const TextBlock& block = *blocks[i % blocks.size()];
    for (std::size_t done = 0; done < block.size();) {
      results_.clear();
      const std::size_t taken =
          matcher_.match_some_lines(*rules_.rules, block.text().substr(done), results_);
      tally_results(taken);
      done += taken;
    }
  }
}

void MatchWork::tally_results(std::size_t bytes) {
  tally_.events += results_.lines.size();
  tally_.bytes += bytes;
  tally_.matches += results_.matches.size();
  for (const LineResult& line : results_.lines) {
    tally_.errors += line.error == EventError::none ? 0U : 1U;
  }
}

void MatchWork::count_matches() {
  for (const RuleIndex rule : results_.matches) ++counts_[rule];
}

// Of the results of `text`, before which `lines_before` lines of the block are.
void MatchWork::write_lines(TextBlock& block, std::string_view text, std::uint64_t lines_before) {
  for (const LineResult& line : results_.lines) {
    const std::uint64_t number = block.first_line + lines_before + line.line - 1;
    if (line.error != EventError::none) {
      fmt::format_to(
          std::back_inserter(block.output), "{{\"line\":{},\"error\":\"{} at byte {}\"}}\n", number,
          in_words(line.error, text.substr(line.offset, line.length)), line.error_offset + 1);
      continue;
    }
    // Without fmt: this is what a run that prints does most.
    block.output += "{\"line\":";
    append_number(number, block.output);
    block.output += ",\"rules\":[";
    bool first = true;
    for (const RuleIndex rule : results_.matches_of(line)) {
      if (!first) block.output += ',';
      first = false;
      block.output += rules_.quoted_names[rule];
    }
    block.output += "]}\n";
  }
}

}  // namespace weir
