// RecordSplitter gives the same items whatever the chunks, each of them one line within the limit;
// format detection decides the same from more bytes. Input: a byte for the mode and chunk size,
// then the stream.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/wire/detect.h"
#include "core/wire/record_splitter.h"

namespace weir {
namespace {

constexpr std::size_t kLimit = 512;

std::vector<std::string> items_of(std::string_view text, std::size_t chunk_bytes, RecordMode mode) {
  RecordSplitter splitter(kLimit, mode);
  std::vector<std::string> items;
  const auto add = [&items](const RecordSplitter::Item& item) {
    if (item.kind == RecordSplitter::Kind::refused) {
      items.push_back("\n" + std::string(to_string(item.reason)));
    } else {
      WEIR_CHECK(item.line.size() <= kLimit);
      WEIR_CHECK(item.line.find('\n') == std::string_view::npos);
      items.emplace_back(item.line);
    }
  };
  for (std::size_t at = 0; at < text.size(); at += chunk_bytes) {
    const std::string_view piece = text.substr(at, chunk_bytes);
    const std::vector<char> chunk(piece.begin(), piece.end());
    splitter.feed({chunk.data(), chunk.size()});
    while (true) {
      const RecordSplitter::Item item = splitter.next();
      if (item.kind == RecordSplitter::Kind::more) break;
      add(item);
    }
  }
  const RecordSplitter::Item last = splitter.finish();
  if (last.kind != RecordSplitter::Kind::more) add(last);
  return items;
}

void check_detection(std::string_view text) {
  const StreamFormat whole = detect_format(text, true).format;
  WEIR_CHECK(whole != StreamFormat::undecided);
  const StreamFormat soon = detect_format(text.substr(0, text.size() / 2), false).format;
  if (soon == StreamFormat::undecided) return;
  WEIR_CHECK(soon == detect_format(text, false).format);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const weir::RecordMode mode =
      data[0] % 2 == 0 ? weir::RecordMode::json : weir::RecordMode::flow_log;
  const auto whole = weir::items_of(text, text.size() + 1, mode);
  WEIR_CHECK(weir::items_of(text, 1 + data[0] / 2, mode) == whole);
  WEIR_CHECK(weir::items_of(text, 1, mode) == whole);
  weir::check_detection(text);
  return 0;
}
