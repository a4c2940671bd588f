#include "bench/match/rows.h"

#include <algorithm>
#include <array>

#include "bench/match/city_rules.h"
#include "bench/match/log_rules.h"
#include "core/base/check.h"

namespace weir::bench {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{128} * 1024;

constexpr std::array kStreamKinds = {
    StreamKind{"city lots", city_lots, kBlockBytes},
    StreamKind{"GeoJSON lots", geojson_city_lots, kBlockBytes},
    StreamKind{"CloudTrail", cloud_trail, kBlockBytes},
    StreamKind{"flow logs", flow_logs, kBlockBytes},
    StreamKind{"large arrays", large_arrays, 4 * kBlockBytes},
};

using Sized = Patterns (*)(std::size_t);
std::function<Patterns()> sized(Sized make, std::size_t count) {
  return [=] { return make(count); };
}

Patterns with_idle() {
  Patterns rules = flow_log_rules();
  for (std::string& rule : idle_rules(1000)) rules.push_back(std::move(rule));
  return rules;
}

void add_operators(std::vector<Row>& rows) {
  constexpr Aims kSlow{586, 1900, 2800};
  const auto add = [&](std::string name, Patterns (*rules)(), Aims aims) {
    rows.push_back({"city lots", std::move(name), rules, aims});
  };
  add("exact", exact_rules, {2426, 2000, 3000});
  add("prefix", prefix_rules, {1890, 2000, 3000});
  add("prefix, ignore case", prefix_ignore_case_rules, {452, 2000, 3000});
  add("wildcard", wildcard_rules, {1635, 2000, 3000});
  add("equals-ignore-case", ignore_case_rules, {1422, 2000, 3000});
  add("suffix", suffix_rules, {710, 1900, 2800});
  add("suffix, ignore case", suffix_ignore_case_rules, {401, 1900, 2800});
  add("numeric", numeric_rules, {627, 1900, 2800});
  add("anything-but", anything_but_rules, kSlow);
  add("anything-but equals-ignore-case", anything_but_ignore_case_rules, {250, 1900, 2800});
  add("anything-but prefix", anything_but_prefix_rules, {273, 1900, 2800});
  add("anything-but suffix", anything_but_suffix_rules, {269, 1900, 2800});
  add("anything-but wildcard", anything_but_wildcard_rules, {274, 1900, 2800});
  add("complex arrays", array_rules, {133, 1000, 1800});
  rows.push_back({"GeoJSON lots", "exact", exact_rules, {}});
  rows.push_back({"GeoJSON lots", "complex arrays", geojson_array_rules, {}});
  add("partial combo, 40 rules", partial_combo, {77, 900, 1800});
  add("combo, 45 rules", full_combo, {29, 700, 1500});
}

void add_large_sets(std::vector<Row>& rows) {
  const auto add = [&](std::string name, Sized make, std::size_t count, Aims aims) {
    rows.push_back({"city lots", std::move(name), sized(make, count), aims});
  };
  add("exact on two fields x 1", two_field_rules, 1, {1920, 2000, 3000});
  add("exact on two fields x 1,000", two_field_rules, 1000, {1624, 1900, 2800});
  add("exact on two fields x 10,000", two_field_rules, 10'000, {1229, 1600, 2400});
  add("exact on two fields x 100,000", two_field_rules, 100'000, {501, 1200, 2000});
  add("1,000 of all operators", mixed_rules, 1000, {185, 1000, 1800});
  add("500 anything-but on one field", anything_but_on_street, 500, {36, 400, 1000});
  add("500 exists:false names", absent_names, 500, {55, 1000, 2000});
  add("200 *xyz* wildcards on one field", street_wildcards, 200, {400, 1000, 2000});
  add("60 three-part wildcards on one field", lot_wildcards, 60, {300, 800, 2000});
  add("1,000 numeric ranges on one field", x_ranges, 1000, {600, 1800, 2800});
}

void add_logs(std::vector<Row>& rows) {
  rows.push_back({"CloudTrail", "4 rules", cloud_trail_rules, {}});
  rows.push_back(
      {"CloudTrail", "200 security rules", sized(security_rules, 200), {61, 1200, 2500}});
  rows.push_back({"flow logs", "4 rules", flow_log_rules, {}});
  rows.push_back({"flow logs", "4 rules + 1,000 idle", with_idle, {}});
  rows.push_back({"flow logs", "50 rules", sized(flow_rules, 50), {192, 4000, 7000}});
  rows.push_back({"flow logs", "1,000 cidr", sized(source_networks, 1000), {1250, 3000, 6000}});
  rows.push_back({"flow logs", "1,000 numeric ranges", sized(byte_ranges, 1000), {}});
  // 1 and 2 GB/s of 137 KB.
  rows.push_back({"large arrays", "5 rules", item_rules, {0.185, 7.3, 14.6}});
}

}  // namespace

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  add_operators(rows);
  add_large_sets(rows);
  add_logs(rows);
  return rows;
}

const StreamKind& stream_kind(std::string_view name) {
  const auto* const kind = std::ranges::find(kStreamKinds, name, &StreamKind::name);
  WEIR_CHECK(kind != kStreamKinds.end());
  return *kind;
}

std::vector<std::string_view> stream_names() {
  std::vector<std::string_view> out;
  for (const StreamKind& kind : kStreamKinds) out.push_back(kind.name);
  return out;
}

}  // namespace weir::bench
