// Measures one row: its answers are checked against the reference matcher, then blocks are matched,
// and beside them, in turn, walked with no rule work.
#pragma once

#include <benchmark/benchmark.h>

#include <vector>

#include "bench/match/rows.h"
#include "core/rule/rule_set.h"

namespace weir::bench {

std::shared_ptr<const RuleSet> compile(const Patterns& patterns);

// Counters: events/s, `of_wall` (time of the walk / time of the row, in the same run), matches for
// each event, bytes of the rule set. Times are CPU times of this thread.
void measure_row(benchmark::State& state, const Row& row, const std::vector<Stream>& blocks);
// The structural index alone, and the walk that checks all and wants nothing.
void measure_index(benchmark::State& state, const std::vector<Stream>& blocks);
void measure_check(benchmark::State& state, const std::vector<Stream>& blocks);
// Time and memory of a build, on this thread or on all processors.
void measure_build(benchmark::State& state, std::size_t rules, bool all_processors);
// One rule put into a set of so many, and one removed.
void measure_change(benchmark::State& state, std::size_t rules);

}  // namespace weir::bench
