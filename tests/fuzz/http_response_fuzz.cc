// The reader of HTTP answers, and what their bodies say about records. The first byte says how the
// rest is cut into pieces; whole and in pieces must be read alike, within the limits.
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/http/batch_results.h"
#include "core/http/response_reader.h"

namespace {

using weir::HttpResponseReader;
constexpr std::uint64_t kBodyBytesMax = 4096;
constexpr std::uint32_t kRecords = 3;

void read_results(std::string_view body) {
  weir::BatchResults results;
  if (results.read(body, kRecords) != weir::BatchResults::Reading::read) return;
  std::vector<weir::EventIdText> ids;
  for (std::uint32_t i = 0; i < kRecords; ++i) ids.push_back(weir::event_id(1, 2, i));
  std::vector<weir::RecordVerdict> verdicts(kRecords);
  static_cast<void>(results.apply(ids, verdicts));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = data[0] % 64U + 1;
  const bool ends = data[0] >= 128;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpResponseReader whole;
  whole.begin(kBodyBytesMax);
  whole.read(text);
  if (ends) whole.end();
  HttpResponseReader pieces;
  pieces.begin(kBodyBytesMax);
  for (std::size_t at = 0; at < text.size(); at += step) pieces.read(text.substr(at, step));
  if (ends) pieces.end();
  WEIR_CHECK(whole.state() == pieces.state());
  WEIR_CHECK(whole.body().size() <= kBodyBytesMax && pieces.body().size() <= kBodyBytesMax);
  WEIR_CHECK(whole.reusable() == pieces.reusable());
  if (whole.state() == HttpResponseReader::State::complete) {
    WEIR_CHECK(whole.status() >= 200 && whole.status() <= 599);
    WEIR_CHECK(whole.status() == pieces.status() && whole.body() == pieces.body());
    WEIR_CHECK(whole.retry_after() == pieces.retry_after());
    WEIR_CHECK(whole.body_coded() == pieces.body_coded());
  }
  read_results(whole.body());
  read_results(text);
  return 0;
}
