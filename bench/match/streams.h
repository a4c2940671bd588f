// Seeded blocks of events for the benchmarks: the shapes and sizes of the streams that the figures
// in bench/README.md are about.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::bench {

// Each: one event a line, `bytes` or a little less, with padding behind `size`.
struct Stream {
  std::string text;
  std::size_t size = 0;
  std::size_t events = 0;
};
Stream flow_logs(std::size_t bytes, std::uint64_t seed);     // flat, 14 fields, about 337 B
Stream cloud_trail(std::size_t bytes, std::uint64_t seed);   // EventBridge envelope, about 1.3 KB
Stream city_lots(std::size_t bytes, std::uint64_t seed);     // GeoJSON features, about 900 B
Stream large_arrays(std::size_t bytes, std::uint64_t seed);  // 2,000 objects in an array, 137 KB

// Patterns as JSON text.
std::vector<std::string> flow_log_rules();               // the four rules of workload A
std::vector<std::string> cloud_trail_rules();            // the four rules of workload B
std::vector<std::string> idle_rules(std::size_t count);  // for A, none of which ever matches

}  // namespace weir::bench
