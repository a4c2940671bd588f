// The reader of HTTP requests. The first byte says how the rest is cut into pieces; whole and in
// pieces the same requests must come out, within the limits, and what is taken as a chunked body
// must be read alike by llhttp.
#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/http/body_inflater.h"
#include "core/http/request_reader.h"

namespace {

using weir::HttpRequestReader;
using State = HttpRequestReader::State;
constexpr weir::HttpRequestLimits kLimits{
    .head_bytes = 2048, .headers = 20, .target_bytes = 256, .body_bytes = 4096};

struct Seen {
  std::vector<std::string> requests;
  int status = 0;
  bool operator==(const Seen&) const = default;
};

std::string text_of(const HttpRequestReader& reader) {
  std::string text(reader.method());
  text.append("|").append(reader.target()).append("|");
  for (const weir::HttpHeader& header : reader.headers()) {
    text.append(header.name).append("=").append(header.value).append("|");
  }
  return text.append(reader.body());
}

// All requests of a connection, as a server would take them.
Seen read_all(std::string_view bytes, std::size_t step) {
  Seen seen;
  HttpRequestReader reader;
  reader.begin(kLimits);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view piece = bytes.substr(at, step);
    while (!piece.empty()) {
      piece.remove_prefix(reader.read(piece));
      WEIR_CHECK(reader.body().size() <= kLimits.body_bytes);
      if (reader.state() == State::refused) {
        seen.status = reader.status();
        WEIR_CHECK(seen.status >= 400 && seen.status <= 505);
        return seen;
      }
      if (reader.state() != State::complete) continue;
      seen.requests.push_back(text_of(reader));
      if (!reader.keep_alive()) return seen;
      reader.begin(kLimits);
    }
  }
  return seen;
}

int keep_body(llhttp_t* parser, const char* at, std::size_t length) {
  static_cast<std::string*>(parser->data)->append(at, length);
  return 0;
}

// What we take as chunks is taken so by others, too.
void check_chunks(std::string_view chunks) {
  std::string ours;
  weir::ChunkedBody body;
  body.begin();
  const std::size_t taken = body.read(chunks, ours, kLimits.body_bytes);
  if (body.state() != weir::ChunkedBody::State::complete) return;
  std::string theirs;
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_body = keep_body;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  parser.data = &theirs;
  const std::string whole = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            std::string(chunks.substr(0, taken));
  WEIR_CHECK(llhttp_execute(&parser, whole.data(), whole.size()) == HPE_OK);
  WEIR_CHECK(ours == theirs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = read_all(text, text.size());
  WEIR_CHECK(whole == read_all(text, data[0] % 64U + 1));
  check_chunks(text);
  weir::BodyInflater inflater;
  std::string inflated;
  for (const auto coding : {weir::BodyInflater::Coding::gzip, weir::BodyInflater::Coding::zstd}) {
    static_cast<void>(inflater.inflate(coding, text, kLimits.body_bytes, inflated));
    WEIR_CHECK(inflated.size() <= kLimits.body_bytes);
  }
  return 0;
}
