// City lots: features like those of the city-lots file that the benchmark published with
// event-ruler reads, drawn from a seed. The fields, the shape, the share of frequent values and the
// length (900 B, some 22 coordinates) are alike; no lot is real.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::bench {

struct CityLot {
  std::string block, lot;  // MAPBLKLOT and BLKLOT are both, joined
  std::string from, to;    // house numbers, as strings
  std::string street, street_type;
  std::string odd_even;
  std::string geometry;  // "Polygon", seldom "MultiPolygon"
  struct Point {
    double x, y;
  };
  std::vector<Point> points;
  std::string block_lot() const { return block + lot; }
};

// The lots make an endless sequence; rules take their values from members of it.
inline constexpr std::uint64_t kCityLots = 200'000;  // as many as the published file has
CityLot city_lot(std::uint64_t index);

// Coordinates as objects {"x","y","z"}, behind "firstCoordinates": what rules can tell apart.
std::string as_structured_feature(const CityLot& lot);
// Coordinates as GeoJSON has them, arrays of numbers.
std::string as_geojson_feature(const CityLot& lot);

}  // namespace weir::bench
