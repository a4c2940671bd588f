// Events for end-to-end tests: seeded, of many shapes and sizes, and what becomes of them computed
// without the router.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::e2e {

struct Record {
  std::string line;  // one JSON object, no line end
  std::uint64_t id = 0;
  bool rejected = false;  // "action":"REJECT"
  bool big = false;       // "bytes" above one million
};

// 60 bytes to about 1 KiB each, some with nested members, escapes and letters beyond ASCII.
std::vector<Record> make_records(std::size_t count, std::uint64_t seed = 1,
                                 std::uint64_t first_id = 0);

// The lines of those records that `wanted` accepts, each ended.
std::string lines_of(
    const std::vector<Record>& records,
    const std::function<bool(const Record&)>& wanted = [](const Record&) { return true; });

std::vector<std::string> split_lines(std::string_view text);

}  // namespace weir::e2e
