#include "core/http/request_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/give_back.h"
#include "core/http/header_check.h"
#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
// Memory that a reader keeps from request to request.
constexpr std::size_t kKeptBytes = 64 * 1024;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::any_of(names, [&](std::string_view n) { return same_header(name, n); });
}

}  // namespace

// llhttp calls plain functions; each finds what it fills behind `data`.
struct HttpRequestReader::Callbacks {
  static std::vector<HttpHeader>& headers(llhttp_t* parser) {
    return *static_cast<std::vector<HttpHeader>*>(parser->data);
  }
  // All lines lie in one piece of memory, so pieces of a name or value lie side by side.
  static void extend(std::string_view& view, const char* at, std::size_t length) {
    if (view.data() == nullptr) view = {at, 0};
    view = {view.data(), static_cast<std::size_t>(at + length - view.data())};
  }
  static int name(llhttp_t* parser, const char* at, std::size_t length) {
    std::vector<HttpHeader>& all = headers(parser);
    if (all.empty() || all.back().value.data() != nullptr) all.emplace_back();
    extend(all.back().name, at, length);
    return 0;
  }
  static int value(llhttp_t* parser, const char* at, std::size_t length) {
    extend(headers(parser).back().value, at, length);
    return 0;
  }
  static int value_complete(llhttp_t* parser) {
    HttpHeader& header = headers(parser).back();
    header.value = header.value.data() == nullptr ? std::string_view("") : trimmed(header.value);
    if (header.value.data() == nullptr) header.value = "";
    return 0;
  }
  static int head(llhttp_t* parser) {
    static_cast<void>(parser);
    return 1;  // what follows is read here, not by llhttp
  }
  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t kSettings = [] {
      llhttp_settings_t settings;
      llhttp_settings_init(&settings);
      settings.on_header_field = name;
      settings.on_header_value = value;
      settings.on_header_value_complete = value_complete;
      settings.on_headers_complete = head;
      return settings;
    }();
    return kSettings;
  }
};

void HttpRequestReader::begin(const HttpRequestLimits& limits) {
  limits_ = limits;
  state_ = State::head;
  status_ = 0;
  fault_ = "";
  head_.clear();
  line_begin_ = 0;
  lines_ = 0;
  version_1_0_ = false;
  keep_alive_ = false;
  expects_continue_ = false;
  chunked_ = false;
  length_ = 0;
  method_ = {};
  target_ = {};
  headers_.clear();
  chunks_.begin();
  body_.clear();
}

void HttpRequestReader::shrink() {
  if (head_.capacity() > kKeptBytes) give_back(head_);
  if (body_.capacity() > kKeptBytes) give_back(body_);
}

bool HttpRequestReader::refuse(int status, const char* fault) {
  state_ = State::refused;
  status_ = status;
  fault_ = fault;
  return false;
}

std::size_t HttpRequestReader::read(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (state_ == State::head) return read_head(bytes);
  if (state_ == State::body) return read_body(bytes);
  return 0;
}

std::size_t HttpRequestReader::read_head(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::head) {
    if (!head_byte(bytes[at++])) break;
  }
  return at;
}

// False: refused, or the head has ended.
bool HttpRequestReader::head_byte(char c) {
  const bool first = lines_ == 0;
  const std::size_t line_bytes = head_.size() - line_begin_;
  const bool after_return = line_bytes > 0 && head_.back() == '\r';
  if (head_.size() >= limits_.head_bytes) return refuse(431, "the head is longer than allowed");
  if (first && line_bytes > limits_.target_bytes + 32U) {
    return refuse(414, "the target is longer than allowed");
  }
  if (c == '\n') {
    if (!after_return) return refuse(400, "a line of the head ends without CR");
    head_.push_back(c);
    return line_ended();
  }
  if (after_return) return refuse(400, "a CR within a line of the head");
  if (is_control(c) && c != '\r' && (c != '\t' || first)) {
    return refuse(400, "a control character in the head");
  }
  if (line_bytes == 0 && (c == ' ' || c == '\t')) {
    return refuse(400, first ? "a blank before the method" : "a folded header");
  }
  head_.push_back(c);
  return true;
}

bool HttpRequestReader::line_ended() {
  const std::string_view line =
      std::string_view(head_).substr(line_begin_, head_.size() - line_begin_ - kLineEnd.size());
  const bool first = lines_++ == 0;
  line_begin_ = head_.size();
  if (first) return parse_request_line(line);
  if (line.empty()) {
    head_ended();
    return false;
  }
  if (lines_ > limits_.headers + 1) return refuse(431, "more headers than allowed");
  return true;
}

// METHOD SP target SP HTTP/1.x, nothing else. Views are made once the head no longer grows.
bool HttpRequestReader::parse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "the request line is not METHOD, target and version");
  }
  const std::string_view version = line.substr(last + 1);
  if (line.substr(first + 1, last - first - 1).find(' ') != std::string_view::npos) {
    return refuse(400, "a blank in the target");
  }
  constexpr std::array<std::string_view, 7> kMethods = {"GET",    "HEAD",    "POST", "PUT",
                                                        "DELETE", "OPTIONS", "PATCH"};
  constexpr std::array<std::string_view, 2> kNever = {"CONNECT", "TRACE"};
  const std::string_view method = line.substr(0, first);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return refuse(400, "the request line does not end with a version");
  }
  if (version[5] != '1' || version[7] > '1') return refuse(505, "only HTTP/1.1 and 1.0 are spoken");
  if (std::ranges::find(kNever, method) != kNever.end()) {
    return refuse(405, "this method is not served");
  }
  if (std::ranges::find(kMethods, method) == kMethods.end()) {
    return refuse(501, "an unknown method");
  }
  version_1_0_ = version[7] == '0';
  return true;
}

void HttpRequestReader::head_ended() {
  const std::string_view head = head_;
  const std::string_view line = head.substr(0, head.find(kLineEnd));
  method_ = line.substr(0, line.find(' '));
  target_ = line.substr(method_.size() + 1, line.rfind(' ') - method_.size() - 1);
  if (!check_target() || !parse_headers(head) || !check_headers()) return;
  state_ = State::body;
  if (!chunked_ && length_ == 0) state_ = State::complete;
}

bool HttpRequestReader::check_target() {
  if (target_.size() > limits_.target_bytes)
    return refuse(414, "the target is longer than allowed");
  // "*" is for OPTIONS; an absolute form asks for a proxy.
  if (!request_target_fault(target_).empty()) {
    return refuse(400, "the target is not a path of printable characters");
  }
  return true;
}

bool HttpRequestReader::parse_headers(std::string_view head) {
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &Callbacks::settings());
  parser.data = &headers_;
  const llhttp_errno_t error = llhttp_execute(&parser, head.data(), head.size());
  // A wish for another protocol is not granted: the request is served as it is.
  if (error == HPE_OK || error == HPE_PAUSED_UPGRADE) return true;
  return refuse(400, "a malformed header, or framing that can be read in two ways");
}

bool HttpRequestReader::check_headers() {
  for (const HttpHeader& header : headers_) {
    if (header.name.empty()) return refuse(400, "a header without a name");
  }
  if (!check_host() || !check_framing() || !check_connection()) return false;
  std::size_t count = 0;
  const HttpHeader* expect = only("expect", count);
  if (count > 1 || (count == 1 && !same_header(expect->value, "100-continue"))) {
    return refuse(417, "an expectation that nobody here knows");
  }
  expects_continue_ = count == 1 && !version_1_0_ && (chunked_ || length_ > 0);
  return true;
}

const HttpHeader* HttpRequestReader::only(std::string_view name, std::size_t& count) const {
  const HttpHeader* found = nullptr;
  count = 0;
  for (const HttpHeader& header : headers_) {
    if (!same_header(header.name, name)) continue;
    found = &header;
    ++count;
  }
  return found;
}

bool HttpRequestReader::check_host() {
  std::size_t count = 0;
  const HttpHeader* host = only("host", count);
  if (count == 0 && version_1_0_) return true;
  if (count != 1) return refuse(400, "a request has one Host header");
  const auto sound = [](char c) {
    return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
           std::string_view("-._~:[]").find(c) != std::string_view::npos;
  };
  if (host->value.empty() || !std::ranges::all_of(host->value, sound)) {
    return refuse(400, "the Host header is no host");
  }
  return true;
}

bool HttpRequestReader::check_framing() {
  std::size_t codings = 0;
  std::size_t lengths = 0;
  const HttpHeader* coding = only("transfer-encoding", codings);
  const HttpHeader* length = only("content-length", lengths);
  if (codings > 0) {
    if (lengths > 0) return refuse(400, "both a length and a transfer coding");
    if (version_1_0_) return refuse(400, "a transfer coding in HTTP/1.0");
    if (codings > 1) return refuse(400, "more than one Transfer-Encoding header");
    if (!same_header(coding->value, "chunked")) {
      return refuse(501, "a transfer coding other than chunked");
    }
    chunked_ = true;
    return true;
  }
  if (lengths > 1) return refuse(400, "more than one Content-Length header");
  if (lengths == 0) return true;
  const std::string_view digits = length->value;
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) {
    return refuse(400, "Content-Length is no plain number");
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length_);
  if (error != std::errc() || length_ > limits_.body_bytes) {
    return refuse(413, "the body is longer than allowed");
  }
  return true;
}

bool HttpRequestReader::check_connection() {
  // Headers that a client may not ask the next hop to forget.
  constexpr std::array<std::string_view, 7> kEndToEnd = {
      "content-length", "transfer-encoding", "host",        "authorization",
      "expect",         "content-type",      "x-amz-target"};
  keep_alive_ = !version_1_0_;
  for (const HttpHeader& header : headers_) {
    if (!same_header(header.name, "connection")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view option = trimmed(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (same_header(option, "close")) keep_alive_ = false;
      if (is_one_of(option, kEndToEnd)) {
        return refuse(400, "the Connection header names a header that must stay");
      }
    }
  }
  return true;
}

void HttpRequestReader::limit_body(std::uint64_t bytes_max) {
  limits_.body_bytes = std::min(limits_.body_bytes, bytes_max);
  if (state_ == State::body && !chunked_ && length_ > limits_.body_bytes) {
    refuse(413, "the body is longer than allowed");
  }
}

std::size_t HttpRequestReader::read_body(std::string_view bytes) {
  if (!chunked_) {
    const std::size_t part = std::min<std::uint64_t>(length_ - body_.size(), bytes.size());
    const std::size_t size = body_.size() + part;
    // Not beyond what is still to come.
    if (size > body_.capacity()) {
      body_.reserve(std::min<std::uint64_t>(length_, std::max(size, 2 * body_.capacity())));
    }
    body_.append(bytes.substr(0, part));
    if (body_.size() == length_) state_ = State::complete;
    return part;
  }
  const std::size_t taken = chunks_.read(bytes, body_, limits_.body_bytes);
  switch (chunks_.state()) {
    case ChunkedBody::State::reading:
      break;
    case ChunkedBody::State::complete:
      state_ = State::complete;
      break;
    case ChunkedBody::State::broken:
      refuse(400, chunks_.fault());
      break;
    case ChunkedBody::State::over_limit:
      refuse(413, chunks_.fault());
      break;
  }
  return taken;
}

}  // namespace weir
