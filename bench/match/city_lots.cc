#include "bench/match/city_lots.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "core/base/random.h"

namespace weir::bench {
namespace {

constexpr std::array kStreets = {
    "ACTON",    "ALABAMA",    "ANZA",     "BALBOA",   "BEACH",     "BLAKE",        "BLANKEN",
    "BRYANT",   "BUSH",       "CABRILLO", "CHESTNUT", "CLAY",      "CLEMENT",      "CRANLEIGH",
    "DIAMOND",  "DRUMM",      "DRAKE",    "EDDY",     "EUREKA",    "FILBERT",      "FOLSOM",
    "FULTON",   "FUNSTON",    "GEARY",    "GOUGH",    "GREEN",     "HAMPSHIRE",    "HARRISON",
    "HOWARD",   "HYDE",       "IRVING",   "JACKSON",  "JEFFERSON", "JONES",        "JUDAH",
    "KEARNY",   "KIRKHAM",    "LAKE",     "LARKIN",   "LAWTON",    "LEAVENWORTH",  "LOMBARD",
    "LYON",     "MARKET",     "MASON",    "MISSION",  "MORAGA",    "NORIEGA",      "OAK",
    "OFARRELL", "PACIFIC",    "PINE",     "POST",     "QUINTARA",  "RHODE ISLAND", "RHINE",
    "SANTIAGO", "SUTTER",     "TARAVAL",  "TURK",     "ULLOA",     "UNKNOWN",      "VALENCIA",
    "VICENTE",  "WASHINGTON", "YORK",     "20TH",     "25TH",      "32ND",         "SAN DIEGO"};
constexpr std::array kTypes = {"ST", "ST", "ST", "ST", "ST", "AVE", "AVE", "DR", "WAY", "TER"};
// Lots that the published rules name, each in one event of 1,000.
constexpr std::array kNamed = {"1430022", "2607117", "2607218", "3745012", "VACSTWIL"};

std::string number(std::uint64_t value, int digits) {
  return fmt::format("{:0{}}", value, digits);
}

}  // namespace

CityLot city_lot(std::uint64_t index) {
  Random random(index * 2 + 1);
  CityLot lot;
  lot.block = number(1 + random.below(7400), 4);
  lot.lot = number(1 + random.below(120), 3);
  if (const std::uint64_t named = random.below(1000); named < kNamed.size()) {
    const std::string whole = kNamed[named];
    lot.block = whole.substr(0, 4);
    lot.lot = whole.substr(4);
  }
  const std::uint64_t house = random.below(2800);
  lot.from = std::to_string(house);
  lot.to = std::to_string(house + random.below(20));
  lot.street = kStreets[random.below(kStreets.size())];
  lot.street_type = kTypes[random.below(kTypes.size())];
  lot.odd_even = house % 2 == 0 ? "E" : "O";
  lot.geometry = random.below(1000) == 0 ? "MultiPolygon" : "Polygon";
  const double x = -122.515 + 0.157 * random.uniform();
  const double y = 37.708 + 0.124 * random.uniform();
  const std::uint64_t points = 9 + random.below(5);
  for (std::uint64_t i = 0; i < points; ++i) {
    lot.points.push_back({x + 0.0007 * random.uniform(), y + 0.0007 * random.uniform()});
  }
  return lot;
}

namespace {

void put_properties(const CityLot& lot, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"type":"Feature","properties":{{"MAPBLKLOT":"{0}{1}","BLKLOT":"{0}{1}",)"
                 R"("BLOCK_NUM":"{0}","LOT_NUM":"{1}","FROM_ST":"{2}","TO_ST":"{3}",)"
                 R"("STREET":"{4}","ST_TYPE":"{5}","ODD_EVEN":"{6}"}},"geometry":{{"type":"{7}",)",
                 lot.block, lot.lot, lot.from, lot.to, lot.street, lot.street_type, lot.odd_even,
                 lot.geometry);
}

// Doubles are written in their shortest form, which is what rules can compare.
std::string structured(const CityLot::Point& point) {
  return fmt::format(R"({{"x":{},"y":{},"z":0}})", point.x, point.y);
}

}  // namespace

std::string as_structured_feature(const CityLot& lot) {
  std::string out;
  put_properties(lot, out);
  out += "\"firstCoordinates\":" + structured(lot.points.front()) + ",\"coordinates\":[[";
  for (const CityLot::Point& point : lot.points) out += structured(point) + ',';
  out.back() = ']';
  return out + "]}}";
}

std::string as_geojson_feature(const CityLot& lot) {
  std::string out;
  put_properties(lot, out);
  out += "\"coordinates\":[[";
  for (const CityLot::Point& point : lot.points) {
    out += fmt::format("[{},{},0.0],", point.x, point.y);
  }
  out.back() = ']';
  return out + "]}}";
}

}  // namespace weir::bench
