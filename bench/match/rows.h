// The rows of the table of matching speed: a stream, the rules on it, and what is aimed for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/match/streams.h"

namespace weir::bench {

using Patterns = std::vector<std::string>;

// Thousands of events for each second of CPU; 0 where no figure is known.
struct Aims {
  double best_peer = 0;
  double reach = 0;
  double go_for = 0;
};

struct Row {
  std::string stream;
  std::string name;
  std::function<Patterns()> rules;
  Aims aims;
};
std::vector<Row> all_rows();

// The rules whose build is measured, in time and memory.
inline constexpr std::size_t kBuiltRules = 100'000;

struct StreamKind {
  std::string_view name;
  Stream (*make)(std::size_t bytes, std::uint64_t seed);
  std::size_t block_bytes;
};
const StreamKind& stream_kind(std::string_view name);
std::vector<std::string_view> stream_names();

}  // namespace weir::bench
