#include "core/http/response_reader.h"

#include "core/http/header_check.h"

namespace weir {

// llhttp calls plain functions; each finds its reader behind `data`.
struct HttpResponseReader::Callbacks {
  static HttpResponseReader& reader(llhttp_t* parser) {
    return *static_cast<HttpResponseReader*>(parser->data);
  }
  static int name(llhttp_t* parser, const char* at, std::size_t length) {
    return reader(parser).header_name({at, length});
  }
  static int value(llhttp_t* parser, const char* at, std::size_t length) {
    return reader(parser).header_value({at, length});
  }
  static int value_complete(llhttp_t* parser) {
    HttpResponseReader& self = reader(parser);
    if (same_header(self.name_, "retry-after")) self.retry_after_ = self.value_;
    if (same_header(self.name_, "content-encoding")) {
      self.coded_ = self.coded_ || !same_header(self.value_, "identity");
    }
    self.name_ended_ = true;
    return 0;
  }
  static int head(llhttp_t* parser) { return reader(parser).head_complete(); }
  static int body(llhttp_t* parser, const char* at, std::size_t length) {
    return reader(parser).body_piece({at, length});
  }
  static int complete(llhttp_t* parser) { return reader(parser).message_complete(); }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t kSettings = [] {
      llhttp_settings_t settings;
      llhttp_settings_init(&settings);
      settings.on_header_field = name;
      settings.on_header_value = value;
      settings.on_header_value_complete = value_complete;
      settings.on_headers_complete = head;
      settings.on_body = body;
      settings.on_message_complete = complete;
      return settings;
    }();
    return kSettings;
  }
};

void HttpResponseReader::begin(std::uint64_t body_bytes_max) {
  llhttp_init(&parser_, HTTP_RESPONSE, &Callbacks::settings());
  parser_.data = this;
  state_ = State::reading;
  status_ = 0;
  keep_alive_ = false;
  coded_ = false;
  name_ended_ = true;
  interim_ = 0;
  read_bytes_ = 0;
  body_bytes_max_ = body_bytes_max;
  fault_ = "";
  retry_after_.clear();
  body_.clear();
}

HttpResponseReader::State HttpResponseReader::fail(State state, const char* fault) {
  state_ = state;
  fault_ = fault;
  return state;
}

HttpResponseReader::State HttpResponseReader::read(std::string_view bytes) {
  if (bytes.empty()) return state_;
  if (state_ == State::complete) {
    keep_alive_ = false;  // more than was asked for
    return state_;
  }
  if (state_ != State::reading) return state_;
  read_bytes_ += bytes.size();
  const llhttp_errno_t error = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (state_ == State::complete) {
    // Paused right behind the message.
    if (llhttp_get_error_pos(&parser_) != bytes.data() + bytes.size()) keep_alive_ = false;
    return state_;
  }
  if (state_ != State::reading) return state_;
  if (error != HPE_OK) {
    const char* reason = llhttp_get_error_reason(&parser_);
    return fail(State::broken, reason == nullptr ? "not an HTTP answer" : reason);
  }
  if (read_bytes_ - body_.size() > kFramingBytesMax) {
    return fail(State::broken, "headers or chunk frames without end");
  }
  return state_;
}

HttpResponseReader::State HttpResponseReader::end() {
  if (state_ != State::reading) return state_;
  llhttp_finish(&parser_);  // completes the message, if the end may do that
  if (state_ != State::complete) {
    return fail(State::broken, begun() ? "the answer was cut short" : "closed without an answer");
  }
  keep_alive_ = false;
  return state_;
}

int HttpResponseReader::header_name(std::string_view piece) {
  if (name_ended_) {
    name_.clear();
    value_.clear();
    name_ended_ = false;
  }
  // One byte more than any known name is enough to tell that it is none of them.
  name_.append(piece.substr(0, kNameBytesMax + 1 - name_.size()));
  return 0;
}

int HttpResponseReader::header_value(std::string_view piece) {
  value_.append(piece.substr(0, kValueBytesMax - value_.size()));
  return 0;
}

int HttpResponseReader::head_complete() {
  constexpr int kNoBody = 1;
  const auto refuse = [&](const char* fault) {
    fail(State::broken, fault);
    return -1;
  };
  if (parser_.http_major != 1 || parser_.http_minor > 1) return refuse("not HTTP/1.0 or HTTP/1.1");
  status_ = parser_.status_code;
  if (status_ < 100 || status_ > 599) return refuse("a status that does not exist");
  const bool chunked = (parser_.flags & F_CHUNKED) != 0;
  if (status_ < 200) {
    if (status_ == 101) return refuse("a change of protocol nobody asked for");
    if (chunked || parser_.content_length > 0) return refuse("an interim answer with a body");
    if (++interim_ > kInterimMax) return refuse("interim answers without end");
    return kNoBody;
  }
  if ((parser_.flags & F_TRANSFER_ENCODING) != 0 && !chunked) {
    return refuse("a transfer coding other than chunked");
  }
  if (chunked && (parser_.flags & F_CONTENT_LENGTH) != 0) {
    return refuse("both a length and chunks");
  }
  if (status_ == 204 || status_ == 304) return kNoBody;
  return 0;
}

int HttpResponseReader::body_piece(std::string_view piece) {
  if (body_.size() + piece.size() > body_bytes_max_) {
    body_.append(piece.substr(0, body_bytes_max_ - body_.size()));
    fail(State::over_cap, "a longer answer than is read");
    return -1;
  }
  body_.append(piece);
  return 0;
}

int HttpResponseReader::message_complete() {
  if (status_ < 200) {  // the real answer follows
    coded_ = false;
    retry_after_.clear();
    return 0;
  }
  keep_alive_ = llhttp_should_keep_alive(&parser_) != 0;
  state_ = State::complete;
  return HPE_PAUSED;
}

}  // namespace weir
