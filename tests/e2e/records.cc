#include "tests/e2e/records.h"

#include <fmt/format.h>

#include <array>

#include "core/base/random.h"

namespace weir::e2e {
namespace {

std::string member_noise(Random& random) {
  constexpr std::array<std::string_view, 8> kWords = {
      "plain", "with \\\"quotes\\\"", "back\\\\slash", "tab\\t", "\\u00e9t\\u00e9", "Grüße", "日本",
      "😀"};
  switch (random.below(4)) {
    case 0:
      return "";
    case 1:
      return fmt::format(",\"note\":\"{}\"", kWords[random.below(kWords.size())]);
    case 2:
      return fmt::format(
          ",\"nested\":{{\"list\":[1,-2.5e3,{{\"deep\":null}}],\"flag\":true,\"w\":\"{}\"}}",
          kWords[random.below(kWords.size())]);
    default:
      return fmt::format(",\"filler\":\"{}\"", std::string(random.below(900), 'x'));
  }
}

}  // namespace

std::vector<Record> make_records(std::size_t count, std::uint64_t seed, std::uint64_t first_id) {
  Random random(seed);
  std::vector<Record> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    record.id = first_id + i;
    record.rejected = random.below(5) == 0;
    record.big = random.below(10) == 0;
    const std::uint64_t bytes =
        record.big ? 1'000'001 + random.below(1'000'000'000) : random.below(1'000'001);
    record.line = fmt::format("{{\"id\":{},\"action\":\"{}\",\"bytes\":{}{}}}", record.id,
                              record.rejected ? "REJECT" : "ACCEPT", bytes, member_noise(random));
    records.push_back(std::move(record));
  }
  return records;
}

std::string lines_of(const std::vector<Record>& records,
                     const std::function<bool(const Record&)>& wanted) {
  std::string text;
  for (const Record& record : records) {
    if (wanted(record)) text += record.line + "\n";
  }
  return text;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace weir::e2e
