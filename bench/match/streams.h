// Seeded blocks of events for the benchmarks: the shapes and sizes of the streams that the figures
// in bench/README.md are about.
#pragma once

#include <cstdint>
#include <string>

namespace weir::bench {

// Each: one event a line, `bytes` or a little less, with padding behind `size`.
struct Stream {
  std::string text;
  std::size_t size = 0;
  std::size_t events = 0;
};
Stream flow_logs(std::size_t bytes, std::uint64_t seed);    // flat, 16 fields, about 326 B
Stream cloud_trail(std::size_t bytes, std::uint64_t seed);  // EventBridge envelope, about 1.3 KB
Stream city_lots(std::size_t bytes, std::uint64_t seed);    // features, about 900 B
Stream geojson_city_lots(std::size_t bytes, std::uint64_t seed);
Stream large_arrays(std::size_t bytes, std::uint64_t seed);  // 2,000 objects in an array, 137 KB

}  // namespace weir::bench
