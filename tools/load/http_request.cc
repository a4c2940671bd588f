#include "tools/load/http_request.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "core/wire/json_text.h"

namespace weir {
namespace {

constexpr int kOk = 200;

// The number behind `name` in a text that the router wrote.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t count = 0;
  const char* begin = text.data() + at + name.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), count);
  if (error != std::errc()) return std::nullopt;
  return count;
}

std::string_view after(std::string_view text, std::size_t bytes) {
  return bytes < text.size() ? text.substr(bytes) : std::string_view();
}

}  // namespace

void HttpRequest::make(const LoadOptions& options, const Chunk& chunk) {
  api_ = options.api;
  records_ = chunk.records;
  head_.clear();
  auto out = std::back_inserter(head_);
  if (api_ == LoadApi::bulk) {
    body_ = chunk.bytes;
    fmt::format_to(out,
                   "POST /v1/buses/{}/events HTTP/1.1\r\nContent-Type: application/x-ndjson\r\n",
                   options.bus);
  } else {
    write_entries(options.bus, chunk.bytes);
    body_ = entries_;
    head_ +=
        "POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.1\r\n"
        "X-Amz-Target: AWSEvents.PutEvents\r\n";
  }
  fmt::format_to(out, "Host: {}\r\nContent-Length: {}\r\n", options.authority, body_.size());
  if (!options.token.empty()) {
    fmt::format_to(out, "Authorization: Bearer {}\r\n", options.token);
  }
  head_ += "\r\n";
}

void HttpRequest::write_entries(const std::string& bus, std::string_view lines) {
  entries_ = R"({"Entries":[)";
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines = after(lines, line.size() + 1);
    if (entries_.back() == '}') entries_ += ',';
    entries_ += R"({"Source":"weir.load","DetailType":"record","EventBusName":")";
    entries_ += bus;
    entries_ += R"(","Detail":")";
    entries_ += json_escaped(line);
    entries_ += R"("})";
  }
  entries_ += "]}";
}

std::string_view HttpRequest::head_after(std::size_t sent) const {
  return after(head_, sent);
}

std::string_view HttpRequest::body_after(std::size_t sent) const {
  return sent < head_.size() ? body_ : after(body_, sent - head_.size());
}

std::optional<std::uint64_t> HttpRequest::accepted(int status, std::string_view answer) const {
  std::optional<std::uint64_t> count;
  if (api_ == LoadApi::bulk) {
    if (answer.starts_with(R"({"accepted":)")) count = number_behind(answer, R"("accepted":)");
  } else if (status == kOk) {
    // No text within the answer holds this: there its quotes are escaped.
    const auto failed = number_behind(answer, R"("FailedEntryCount":)");
    if (failed && *failed <= records_) count = records_ - *failed;
  }
  return count && *count <= records_ ? count : std::nullopt;
}

}  // namespace weir
