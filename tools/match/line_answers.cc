#include "tools/match/line_answers.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "tools/match/block_line.h"
#include "tools/match/event_feed.h"

namespace weir {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::size_t kBlocksMax = 4;
constexpr std::size_t kBlockBytes = 256 * 1024;

bool answer_block(TextBlock& block, const LineAnswer& answer) {
  std::string_view text = block.text();
  std::uint64_t number = block.first_line;
  bool good = true;
  for (; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (!answer(line, number, block.output)) good = false;
  }
  return good;
}

}  // namespace

int answer_lines(const std::string& path, const LineAnswer& answer) {
  BlockLine line(kBlocksMax, kBlockBytes);
  auto feed = EventFeed::open(path, line, kBlockBytes);
  if (!feed) {
    fmt::print(stderr, "weir: {}\n", feed.error().message);
    return kExitUsage;
  }
  (*feed)->start();
  bool good = true;
  bool written = true;
  while (TextBlock* block = line.take()) {
    good = answer_block(*block, answer) && good;
    line.finish(*block);
    std::unique_ptr<TextBlock> done = line.next();
    const std::string& output = done->output;
    written = std::fwrite(output.data(), 1, output.size(), stdout) == output.size();
    if (!written) {
      line.cancel();
      break;
    }
    line.give_back(std::move(done));
  }
  (*feed)->join();
  if (std::fflush(stdout) != 0 || !written) {
    fmt::print(stderr, "weir: standard output cannot be written\n");
    return kExitFailed;
  }
  if ((*feed)->problem()) {
    fmt::print(stderr, "weir: {}\n", (*feed)->problem()->message);
    return kExitFailed;
  }
  return good ? 0 : kExitFailed;
}

}  // namespace weir
