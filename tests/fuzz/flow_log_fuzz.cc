// Flow-log lines against a slow reading of the same rules. Input: a header line, then lines.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/wire/flow_log.h"
#include "core/wire/utf8.h"

namespace weir {
namespace {

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  while (true) {
    const std::size_t end = text.find(separator, from);
    parts.push_back(text.substr(from, end - from));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

bool is_integer(std::string_view text) {
  if (text.empty() || text.size() > 19) return false;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  return text == "0" || text[0] != '0';
}

RefuseReason expected(const FlowLogLayout& layout, std::string_view line) {
  if (line.empty()) return RefuseReason::bad_fields;
  if (line.back() == '\r') line.remove_suffix(1);
  if (!is_utf8(line)) return RefuseReason::not_utf8;
  const std::vector<std::string_view> words = split_at(line, ' ');
  if (words.size() != layout.field_count()) return RefuseReason::bad_fields;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty()) return RefuseReason::bad_fields;
    const bool integer = layout.fields()[i].type == FlowLogType::integer;
    if (integer && words[i] != "-" && !is_integer(words[i])) return RefuseReason::bad_fields;
  }
  return RefuseReason::none;
}

void check_json(const FlowLogLayout& layout, std::string_view line, const FlowLogValues& values) {
  constexpr std::size_t kGuard = 16;
  const std::size_t bound = layout.json_size_bound(line.size());
  std::string out(bound + kGuard, '#');
  const char* end = layout.render_json(line, out.data());
  const auto size = static_cast<std::size_t>(end - out.data());
  WEIR_CHECK(size <= bound);
  WEIR_CHECK(out.substr(bound) == std::string(kGuard, '#'));
  const auto parsed = nlohmann::json::parse(std::string_view(out).substr(0, size), nullptr, false);
  WEIR_CHECK(parsed.is_object());
  std::size_t present = 0;
  for (std::size_t i = 0; i < layout.field_count(); ++i) {
    if (values[i].empty()) continue;
    ++present;
    const auto& value = parsed.at(layout.fields()[i].name);
    if (layout.fields()[i].type == FlowLogType::integer) {
      WEIR_CHECK(value.is_number_unsigned() && value.dump() == values[i]);
    } else {
      WEIR_CHECK(value.get<std::string>() == values[i]);
    }
  }
  WEIR_CHECK(parsed.size() == present);
}

void check_line(const FlowLogLayout& layout, std::string_view text) {
  std::string padded(text);
  padded.append(kWirePadding, '\xff');
  padded.shrink_to_fit();
  const std::string_view line(padded.data(), text.size());
  FlowLogValues values;
  const RefuseReason reason = layout.split(line, values);
  WEIR_CHECK(reason == expected(layout, line));
  if (reason == RefuseReason::none) check_json(layout, line, values);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::FlowLogLayout;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string_view> lines = weir::split_at(text, '\n');
  const auto header = FlowLogLayout::from_header(lines[0]);
  const bool is_header = FlowLogLayout::is_header(lines[0]);
  const FlowLogLayout layout = header.ok() ? *header : FlowLogLayout::default_v2();
  (void)FlowLogLayout::from_names(text).ok();
  for (std::size_t i = is_header ? 1 : 0; i < lines.size(); ++i) {
    weir::check_line(layout, lines[i]);
  }
  return 0;
}
