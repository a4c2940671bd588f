#include "core/http/request_head.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/base/check.h"
#include "core/http/header_check.h"

namespace weir {
namespace {

constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kNumberBytesMax = 20;

bool configured(const HttpSpec& spec, std::string_view name) {
  return std::ranges::any_of(spec.headers,
                             [&](const auto& header) { return same_header(header.first, name); });
}

}  // namespace

std::string_view content_type_of(BatchFormat format, bool single) {
  switch (format) {
    case BatchFormat::json_array:
      return "application/json";
    case BatchFormat::cloudevents_batch:
      return "application/cloudevents-batch+json; charset=utf-8";
    case BatchFormat::ndjson:
      return single ? "application/json" : "application/x-ndjson";
    case BatchFormat::raw:
      break;
  }
  return single ? "application/json" : "application/octet-stream";
}

RequestHead::RequestHead(const HttpSpec& spec, std::string_view content_type)
    : signer_(spec.signing_keys) {
  WEIR_CHECK(request_target_fault(spec.path.reveal()).empty());
  WEIR_CHECK(header_fault("authority", spec.authority).empty());
  fixed_ = "POST " + spec.path.reveal() + " HTTP/1.1\r\nHost: " + spec.authority + "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    WEIR_CHECK(header_fault(name, value).empty());
    fixed_.append(name).append(": ").append(value).append("\r\n");
  };
  const auto add_default = [&](std::string_view name, std::string_view value) {
    if (!configured(spec, name)) add(name, value);
  };
  add_default("User-Agent", "weir");
  add_default("Content-Type", content_type);
  add_default("Accept", "application/json, */*;q=0.1");
  add_default("Accept-Encoding", "identity");
  if (!spec.authorization.empty()) add("Authorization", spec.authorization.reveal());
  for (const auto& [name, value] : spec.headers) add(name, value.reveal());
  if (spec.gzip) fixed_ += "Content-Encoding: gzip\r\n";
  bytes_max_ =
      fixed_.size() + 256 + 2 * kIdBytesMax + 2 * kNumberBytesMax + signer_.signature_bytes();
}

char* RequestHead::write_before(std::string_view body, std::string_view id, bool single,
                                WallTime now) {
  WEIR_CHECK(id.size() <= kIdBytesMax);
  text_.clear();
  text_ += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text_.append(single ? "Weir-Event-Id: " : "Weir-Batch-Id: ").append(id).append("\r\n");
  if (signer_.signs()) {
    const auto seconds =
        std::to_string(std::chrono::floor<std::chrono::seconds>(now.since_epoch).count());
    signature_.clear();
    signer_.sign(id, seconds, body, signature_);
    text_.append("webhook-id: ").append(id);
    text_.append("\r\nwebhook-timestamp: ").append(seconds);
    text_.append("\r\nwebhook-signature: ").append(signature_).append("\r\n");
  }
  text_ += "\r\n";
  const std::size_t bytes = fixed_.size() + text_.size();
  WEIR_CHECK(bytes <= bytes_max_);
  // The caller's memory: the body is only a view of it.
  char* begin = const_cast<char*>(body.data()) - bytes;
  std::memcpy(begin, fixed_.data(), fixed_.size());
  std::memcpy(begin + fixed_.size(), text_.data(), text_.size());
  return begin;
}

}  // namespace weir
