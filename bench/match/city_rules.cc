#include "bench/match/city_rules.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "bench/match/city_lots.h"
#include "core/base/random.h"

namespace weir::bench {
namespace {

std::string property(std::string_view name, std::string_view entry) {
  return fmt::format(R"({{"properties":{{"{}":[{}]}}}})", name, entry);
}

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", text);
}

// One rule on the field for each argument of the operator that `before` and `after` write.
template <std::size_t N>
Patterns on(std::string_view name, std::string_view before, std::string_view after,
            const std::array<const char*, N>& arguments) {
  Patterns out;
  for (const char* argument : arguments) {
    out.push_back(property(name, fmt::format("{}\"{}\"{}", before, argument, after)));
  }
  return out;
}

std::string geometry(std::string_view type, std::string_view points, char axis,
                     std::string_view test) {
  const std::string kind = type.empty() ? "" : fmt::format(R"("type":["{}"],)", type);
  return fmt::format(R"({{"geometry":{{{}"{}":{{"{}":[{{"numeric":[{}]}}]}}}}}})", kind, points,
                     axis, test);
}

Patterns joined(std::initializer_list<Patterns> parts) {
  Patterns out;
  for (const Patterns& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace

Patterns exact_rules() {
  return on("MAPBLKLOT", "", "",
            std::array{"1430022", "2607117", "2607218", "3745012", "VACSTWIL"});
}
Patterns prefix_rules() {
  return on("STREET", R"({"prefix":)", "}", std::array{"AC", "BL", "DR", "FU", "RH"});
}
Patterns prefix_ignore_case_rules() {
  return on("STREET", R"({"prefix":{"equals-ignore-case":)", "}}",
            std::array{"ac", "bL", "dr", "Fu", "rH"});
}
Patterns suffix_rules() {
  return on("STREET", R"({"suffix":)", "}", std::array{"ON", "KE", "MM", "ING", "GO"});
}
Patterns suffix_ignore_case_rules() {
  return on("STREET", R"({"suffix":{"equals-ignore-case":)", "}}",
            std::array{"on", "kE", "mM", "Ing", "go"});
}
Patterns wildcard_rules() {
  return on("MAPBLKLOT", R"({"wildcard":)", "}",
            std::array{"143*", "2*0*1*7", "*218", "3*5*2", "VA*IL"});
}
Patterns ignore_case_rules() {
  Patterns out = on("STREET", R"({"equals-ignore-case":)", "}",
                    std::array{"jefferson", "bEaCh", "HyDe", "CHESTNUT"});
  out.push_back(property("ST_TYPE", R"({"equals-ignore-case":"st"})"));
  return out;
}

namespace {

Patterns coordinate_rules(std::string_view points) {
  const CityLot lot = city_lot(3);
  return {geometry("Polygon", points, 'x', fmt::format(R"("=",{})", lot.points[0].x)),
          geometry("MultiPolygon", points, 'y', R"(">",37.7)"),
          geometry("", points, 'x', R"("<",-122.41600944012424)"),
          geometry("", points, 'x', R"(">",-122.41600944012424)"),
          geometry("", points, 'x', R"(">",-122.46471267081272,"<",-122.4063085128395)")};
}

}  // namespace

Patterns numeric_rules() {
  return coordinate_rules("firstCoordinates");
}
Patterns array_rules() {
  return coordinate_rules("coordinates");
}
Patterns geojson_array_rules() {
  Patterns out;
  for (int i = 0; i < 5; ++i) {
    out.push_back(fmt::format(R"({{"geometry":{{"coordinates":[{{"numeric":[">",{},"<",{}]}}]}}}})",
                              i % 2 == 0 ? -122.51 + 0.02 * i : 37.71 + 0.01 * i,
                              i % 2 == 0 ? -122.505 + 0.02 * i : 37.715 + 0.01 * i));
  }
  return out;
}

Patterns anything_but_rules() {
  return {property("STREET", R"({"anything-but":["FULTON"]})"),
          property("STREET", R"({"anything-but":["MASON"]})"),
          property("ST_TYPE", R"({"anything-but":["ST"]})"),
          R"({"geometry":{"type":[{"anything-but":["Polygon"]}]}})",
          property("FROM_ST", R"({"anything-but":["441"]})")};
}

namespace {

Patterns anything_but(std::string_view inner, const std::array<const char*, 5>& arguments) {
  constexpr std::array kFields = {"STREET", "STREET", "ST_TYPE", "MAPBLKLOT", "FROM_ST"};
  Patterns out;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    out.push_back(property(
        kFields[i], fmt::format(R"({{"anything-but":{{"{}":"{}"}}}})", inner, arguments[i])));
  }
  return out;
}

}  // namespace

Patterns anything_but_ignore_case_rules() {
  return anything_but("equals-ignore-case", {"Fulton", "Mason", "st", "1430022", "441"});
}
Patterns anything_but_prefix_rules() {
  return anything_but("prefix", {"FU", "MA", "S", "14", "4"});
}
Patterns anything_but_suffix_rules() {
  return anything_but("suffix", {"ON", "TON", "T", "22", "1"});
}
Patterns anything_but_wildcard_rules() {
  return anything_but("wildcard", {"*LTO*", "M*N", "*T", "1*0*2", "*4*"});
}

Patterns partial_combo() {
  const Patterns forms = {anything_but_ignore_case_rules()[0], anything_but_prefix_rules()[1],
                          anything_but_suffix_rules()[2], anything_but_wildcard_rules()[3],
                          property("FROM_ST", R"({"anything-but":["441","442"]})")};
  return joined({exact_rules(), wildcard_rules(), prefix_rules(), suffix_rules(),
                 ignore_case_rules(), numeric_rules(), anything_but_rules(), forms});
}
Patterns full_combo() {
  return joined({partial_combo(), array_rules()});
}

Patterns two_field_rules(std::size_t count) {
  Random random(11);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    const CityLot lot = city_lot(random.below(kCityLots));
    // No lot has this number.
    const std::string block_lot = i % 2 == 0 ? lot.block_lot() : lot.block + "9" + lot.lot;
    out.push_back(fmt::format(R"({{"properties":{{"MAPBLKLOT":["{}"],"STREET":["{}"]}}}})",
                              block_lot, lot.street));
  }
  return out;
}

Patterns mixed_rules(std::size_t count) {
  Random random(12);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    const CityLot lot = city_lot(random.below(kCityLots));
    const std::string number = lot.block_lot();
    const auto lot_test = [&](std::string_view form, const std::string& text) {
      out.push_back(property("MAPBLKLOT", fmt::format(R"({{"{}":"{}"}})", form, text)));
    };
    switch (i % 10) {
      case 0:
        out.push_back(property("MAPBLKLOT", quoted(number)));
        break;
      case 1:
        lot_test("prefix", number.substr(0, 5));
        break;
      case 2:
        lot_test("suffix", number.substr(2));
        break;
      case 3:
        lot_test("equals-ignore-case", number);
        break;
      case 4:
        lot_test("wildcard", fmt::format("{}*{}", number[0], number.substr(3)));
        break;
      case 5:
        out.push_back(
            geometry("", "firstCoordinates", 'x',
                     fmt::format(R"(">",{},"<",{})", lot.points[0].x, lot.points[0].x + 0.0005)));
        break;
      case 6:
        out.push_back(
            fmt::format(R"({{"properties":{{"STREET":["{}"],"ST_TYPE":[{{"anything-but":"ST"}}],)"
                        R"("FROM_ST":["{}"]}}}})",
                        lot.street, lot.from));
        break;
      case 7:
        out.push_back(
            fmt::format(R"({{"properties":{{"LOT_NUM":["{}"],"BLOCK_NUM":[{{"anything-but":)"
                        R"({{"prefix":"{}"}}}}],)"
                        R"("TO_ST":["{}"]}}}})",
                        lot.lot, lot.block[0], lot.to));
        break;
      case 8:
        out.push_back(
            fmt::format(R"({{"properties":{{"BLOCK_NUM":["{}"],"OWNER":[{{"exists":false}}],)"
                        R"("LOT_NUM":["{}"]}}}})",
                        lot.block, lot.lot));
        break;
      default:
        out.push_back(
            geometry("Polygon", "coordinates", 'y',
                     fmt::format(R"(">=",{},"<",{})", lot.points[1].y, lot.points[1].y + 0.0001)));
    }
  }
  return out;
}

Patterns anything_but_on_street(std::size_t count) {
  Random random(13);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(property("STREET", fmt::format(R"({{"anything-but":["{}","NONE {}"]}})",
                                                 city_lot(random.below(kCityLots)).street, i)));
  }
  return out;
}

Patterns absent_names(std::size_t count) {
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(fmt::format(
        R"({{"properties":{{"NONE_{}":[{{"exists":false}}],"ST_TYPE":["TER"],"STREET":["{}"]}}}})",
        i, city_lot(i).street));
  }
  return out;
}

Patterns street_wildcards(std::size_t count) {
  Random random(14);
  Patterns out;
  while (out.size() < count) {
    const std::string street = city_lot(random.below(kCityLots)).street;
    std::string piece = street.substr(random.below(street.size()), 3);
    while (piece.size() < 3) piece += static_cast<char>('A' + random.below(26));
    out.push_back(property("STREET", fmt::format(R"({{"wildcard":"*{}*"}})", piece)));
  }
  return out;
}

Patterns lot_wildcards(std::size_t count) {
  Random random(15);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string lot = city_lot(random.below(kCityLots)).block_lot();
    out.push_back(property("MAPBLKLOT", fmt::format(R"({{"wildcard":"*{}*{}*{}*"}})", lot[1],
                                                    lot.substr(3, 1 + i % 2), lot[6])));
  }
  return out;
}

Patterns x_ranges(std::size_t count) {
  Random random(16);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = -122.515 + 0.157 * random.uniform();
    out.push_back(
        geometry("", "firstCoordinates", 'x', fmt::format(R"(">=",{},"<",{})", x, x + 0.0003)));
  }
  return out;
}

}  // namespace weir::bench
