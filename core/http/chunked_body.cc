#include "core/http/chunked_body.h"

#include <algorithm>
#include <array>

#include "core/http/header_check.h"
#include "core/rule/json_text.h"

namespace weir {
namespace {

// A token, or printable ASCII in quotes without an escape.
bool is_value(std::string_view text) {
  if (!text.starts_with('"')) return is_token(text);
  return text.size() >= 2 && text.ends_with('"') &&
         std::ranges::all_of(text.substr(1, text.size() - 2),
                             [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

bool is_sound_extension(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string_view::npos && !is_value(text.substr(equals + 1))) return false;
  std::string_view names = text.substr(0, equals);
  while (true) {
    const std::size_t end = names.find(';');
    if (!is_token(names.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    names.remove_prefix(end + 1);
  }
}

}  // namespace

void ChunkedBody::begin() {
  state_ = State::reading;
  step_ = Step::size;
  digits_ = 0;
  extension_.clear();
  trailers_ = 0;
  left_ = 0;
  fault_ = "";
  trailer_.clear();
}

std::size_t ChunkedBody::read(std::string_view bytes, std::string& body,
                              std::uint64_t body_bytes_max) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::reading) {
    if (step_ != Step::data) {
      step(bytes[at++]);
      continue;
    }
    const std::size_t part = std::min<std::uint64_t>(left_, bytes.size() - at);
    if (left_ > body_bytes_max || body.size() > body_bytes_max - left_) {
      refuse(State::over_limit, "the body is longer than allowed");
      break;
    }
    body.append(bytes.substr(at, part));
    at += part;
    left_ -= part;
    if (left_ == 0) step_ = Step::data_return;
  }
  return at;
}

// Everything but data, byte by byte.
void ChunkedBody::step(char c) {
  const auto expect = [&](char wanted, Step next) {
    if (c != wanted) return refuse(State::broken, "a chunk does not end where it says");
    step_ = next;
  };
  switch (step_) {
    case Step::size:
      if (const int digit = hex_value(c); digit >= 0 && digits_ < kSizeDigitsMax) {
        ++digits_;
        left_ = left_ << 4U | static_cast<unsigned>(digit);
      } else if (digits_ > 0 && c == ';') {
        step_ = Step::extension;
      } else if (digits_ > 0 && c == '\r') {
        step_ = Step::size_line_end;
      } else {
        refuse(State::broken, "the size of a chunk is not 1 to 16 hexadecimal digits");
      }
      return;
    case Step::extension:
      if (c != '\r' && extension_.size() < kExtensionBytesMax) {
        extension_ += c;
      } else if (c == '\r' && is_sound_extension(extension_)) {
        step_ = Step::size_line_end;
      } else {
        refuse(State::broken, "the extension of a chunk is too long, or not NAME or NAME=VALUE");
      }
      return;
    case Step::size_line_end:
      if (c != '\n') return refuse(State::broken, "the line of a chunk does not end with CR LF");
      return size_line_ended();
    case Step::data_return:
      return expect('\r', Step::data_line_end);
    case Step::data_line_end:
      return expect('\n', Step::size);
    case Step::trailer:
      if (c == '\r') {
        step_ = Step::trailer_line_end;
      } else if (trailer_.size() >= kTrailerBytesMax) {
        refuse(State::broken, "a trailer is too long");
      } else {
        trailer_.push_back(c);
      }
      return;
    case Step::trailer_line_end:
      if (c != '\n') return refuse(State::broken, "a trailer does not end with CR LF");
      return trailer_ended();
    case Step::data:
      return;
  }
}

void ChunkedBody::size_line_ended() {
  digits_ = 0;
  extension_.clear();
  step_ = left_ > 0 ? Step::data : Step::trailer;
}

void ChunkedBody::trailer_ended() {
  if (trailer_.empty()) return refuse(State::complete, "");
  const std::size_t colon = trailer_.find(':');
  const std::string_view line = trailer_;
  if (colon == std::string::npos || ++trailers_ > kTrailersMax) {
    return refuse(State::broken, "trailers are too many, or no trailers");
  }
  // What frames a message or says who sent it is refused by name, not dropped: who sent it there
  // expects it to be obeyed.
  const std::string_view name = line.substr(0, colon);
  constexpr std::array<std::string_view, 4> kMeaning = {"authorization", "content-type", "cookie",
                                                        "x-amz-target"};
  const bool meaning =
      std::ranges::any_of(kMeaning, [&](std::string_view m) { return same_header(name, m); });
  if (meaning || !header_fault(name, line.substr(colon + 1)).empty()) {
    return refuse(State::broken, "a trailer that is malformed or has no business there");
  }
  trailer_.clear();
  step_ = Step::trailer;
}

}  // namespace weir
