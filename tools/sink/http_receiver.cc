#include "tools/sink/http_receiver.h"

#include <isa-l/igzip_lib.h>

#include <limits>
#include <vector>

#include "core/http/header_check.h"
#include "core/rule/json_scanner.h"
#include "tools/sink/sink_connection.h"

namespace weir {
namespace {

constexpr std::size_t kInflatedMax = std::size_t{1} << 30U;

// The elements of a JSON array, as they stand in it; none if it is no sound array.
std::vector<std::string_view> elements_of(std::string_view text) {
  std::vector<std::string_view> elements;
  JsonScanner scanner(text);
  if (scanner.next() != JsonToken::array_begin) return elements;
  std::size_t begin = 0;
  for (JsonToken token = scanner.next(); token != JsonToken::fault; token = scanner.next()) {
    if (token == JsonToken::end) return elements;
    const bool opens = token == JsonToken::object_begin || token == JsonToken::array_begin;
    if (opens && scanner.depth() == 2) begin = scanner.position();
    if (token == JsonToken::object_end && scanner.depth() == 1) {
      elements.push_back(text.substr(begin, scanner.position() + 1 - begin));
    }
  }
  return {};
}

std::vector<std::string_view> records_of(std::string_view body) {
  if (body.starts_with('[')) return elements_of(body);
  std::vector<std::string_view> lines;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    if (end > 0) lines.push_back(body.substr(0, end));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

}  // namespace

std::string gunzip(std::string_view compressed) {
  std::string out(compressed.size() * 4 + 1024, '\0');
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  // isa-l does not write to its input.
  state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(compressed.data()));
  state.avail_in = static_cast<std::uint32_t>(compressed.size());
  std::size_t used = 0;
  while (state.block_state != ISAL_BLOCK_FINISH) {
    if (used == out.size()) out.resize(out.size() * 2);
    if (out.size() > kInflatedMax) return {};
    state.next_out = reinterpret_cast<std::uint8_t*>(out.data() + used);
    state.avail_out = static_cast<std::uint32_t>(out.size() - used);
    if (isal_inflate(&state) != ISAL_DECOMP_OK) return {};
    const std::size_t made = out.size() - used - state.avail_out;
    if (made == 0 && state.avail_in == 0 && state.block_state != ISAL_BLOCK_FINISH) return {};
    used += made;
  }
  out.resize(used);
  return out;
}

struct HttpReceiver::Callbacks {
  static HttpReceiver& self(llhttp_t* parser) { return *static_cast<HttpReceiver*>(parser->data); }
  static int name(llhttp_t* parser, const char* at, std::size_t length) {
    self(parser).name_.append(at, length);
    return 0;
  }
  static int value(llhttp_t* parser, const char* at, std::size_t length) {
    self(parser).value_.append(at, length);
    return 0;
  }
  static int header(llhttp_t* parser) {
    HttpReceiver& receiver = self(parser);
    if (same_header(receiver.name_, "content-encoding")) {
      receiver.coded_ = same_header(receiver.value_, "gzip");
    }
    receiver.name_.clear();
    receiver.value_.clear();
    return 0;
  }
  static int begin(llhttp_t* parser) {
    self(parser).coded_ = false;
    self(parser).body_.clear();
    return 0;
  }
  static int body(llhttp_t* parser, const char* at, std::size_t length) {
    self(parser).body_.append(at, length);
    return 0;
  }
  static int complete(llhttp_t* parser) {
    self(parser).request_complete();
    return 0;
  }
  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t kSettings = [] {
      llhttp_settings_t settings;
      llhttp_settings_init(&settings);
      settings.on_message_begin = begin;
      settings.on_header_field = name;
      settings.on_header_value = value;
      settings.on_header_value_complete = header;
      settings.on_body = body;
      settings.on_message_complete = complete;
      return settings;
    }();
    return kSettings;
  }
};

HttpReceiver::HttpReceiver(const HttpSinkOptions& options, SinkConnection& connection)
    : options_(options), connection_(connection) {
  llhttp_init(&parser_, HTTP_REQUEST, &Callbacks::settings());
  parser_.data = this;
}

bool HttpReceiver::take(std::string_view bytes, std::int64_t now_ns, bool read_stamps) {
  now_ns_ = now_ns;
  read_stamps_ = read_stamps;
  return llhttp_execute(&parser_, bytes.data(), bytes.size()) == HPE_OK;
}

void HttpReceiver::request_complete() {
  SinkPort& port = *connection_.port;
  ++port.requests;
  if (coded_) body_ = gunzip(body_);
  const bool fails = options_.fail_every > 0 && port.requests % options_.fail_every == 0;
  const int status = fails ? options_.fail_status : options_.status;
  if (status < 200 || status > 299) {
    ++port.requests_failed;
    return answer(status, "as asked for");
  }
  if (options_.fail_records_every > 0) {
    const std::string results = partial_results(body_);
    count_records(taken_);
    return answer(status, results);
  }
  count_records(body_);
  answer(status, "");
}

// As lines, which is what the checks know.
void HttpReceiver::count_records(std::string_view body) {
  if (body.empty()) return;
  if (body.starts_with('[')) {
    std::string lines;
    for (const std::string_view record : elements_of(body)) lines.append(record) += '\n';
    if (!lines.empty()) take_chunk(connection_, lines, now_ns_, read_stamps_);
    return;
  }
  if (body.ends_with('\n')) return take_chunk(connection_, body, now_ns_, read_stamps_);
  std::string line(body);
  line += '\n';
  take_chunk(connection_, line, now_ns_, read_stamps_);
}

std::string HttpReceiver::partial_results(std::string_view body) {
  SinkPort& port = *connection_.port;
  std::string results = R"({"results":[)";
  taken_.clear();
  bool first = true;
  for (const std::string_view record : records_of(body)) {
    const bool fails = ++port.records_seen % options_.fail_records_every == 0;
    if (fails) ++port.records_failed;
    if (!fails) taken_.append(record) += '\n';
    results += first ? "" : ",";
    results += fails ? R"({"status":503,"error":"as asked for"})" : "200";
    first = false;
  }
  return results + "]}";
}

void HttpReceiver::answer(int status, std::string_view body) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Sink\r\n";
  if (!options_.retry_after.empty() && status >= 300) {
    text += "Retry-After: " + options_.retry_after + "\r\n";
  }
  if (body.starts_with('{')) text += "Content-Type: application/json\r\n";
  if (status != 204) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  if (status != 204) text += body;
  answers_.push_back({now_ns_ + options_.delay.count(), std::move(text)});
}

std::int64_t HttpReceiver::next_ns() const {
  return answers_.empty() ? std::numeric_limits<std::int64_t>::max() : answers_.front().due_ns;
}

std::string HttpReceiver::due(std::int64_t now_ns) {
  std::string all;
  while (!answers_.empty() && answers_.front().due_ns <= now_ns) {
    all += answers_.front().text;
    answers_.pop_front();
  }
  return all;
}

}  // namespace weir
