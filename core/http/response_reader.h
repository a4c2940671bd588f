// HttpResponseReader: reads the answer to one request, strictly and up to a cap. Around llhttp, the
// parser of Node.js, in its strict mode; what it leaves open is settled here: no protocol change,
// no coding but chunked, a status from 200 to 599, few interim answers, limits on all that is read.
//
// Threads: one. Lifetime: reused for answer after answer by begin(), its memory with it. An answer
// costs no allocation once the body buffer has its size.
// Errors: a broken answer is a state with a reason; the connection is then not used again.
// Source: RFC 9112.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/units.h"

namespace weir {

class HttpResponseReader {
 public:
  // Status lines, headers, trailers, chunk frames and interim answers together.
  static constexpr std::uint64_t kFramingBytesMax = 64 * kKiB;
  static constexpr std::uint32_t kInterimMax = 8;

  enum class State : std::uint8_t {
    reading,
    complete,
    broken,   // not HTTP as we know it, or cut short
    over_cap  // a sound head, but a body longer than the cap
  };

  HttpResponseReader() { begin(0); }
  HttpResponseReader(const HttpResponseReader&) = delete;
  HttpResponseReader& operator=(const HttpResponseReader&) = delete;

  // Forgets the last answer; the next body may have so many bytes.
  void begin(std::uint64_t body_bytes_max);
  State read(std::string_view bytes);
  // The peer's end of stream. Completes an answer that is delimited by it.
  State end();

  State state() const { return state_; }
  bool begun() const { return read_bytes_ > 0; }  // something has come
  // Once the head is there: complete, over_cap, perhaps reading.
  int status() const { return status_; }
  std::string_view body() const { return body_; }
  bool body_coded() const { return coded_; }  // in a Content-Encoding nobody asked for
  std::string_view retry_after() const { return retry_after_; }
  // The connection may carry another request: the answer is complete, nothing came behind it, and
  // nobody said close.
  bool reusable() const { return state_ == State::complete && keep_alive_; }
  const char* fault() const { return fault_; }

 private:
  struct Callbacks;
  enum class Header : std::uint8_t { other, retry_after, content_encoding };
  static constexpr std::size_t kNameBytesMax = 16;
  static constexpr std::size_t kValueBytesMax = 64;

  State fail(State state, const char* fault);
  int header_name(std::string_view piece);
  int header_value(std::string_view piece);
  int head_complete();
  int body_piece(std::string_view piece);
  int message_complete();

  llhttp_t parser_{};
  State state_ = State::reading;
  int status_ = 0;
  bool keep_alive_ = false;
  bool coded_ = false;
  bool name_ended_ = true;
  std::uint32_t interim_ = 0;
  std::uint64_t read_bytes_ = 0;
  std::uint64_t body_bytes_max_ = 0;
  const char* fault_ = "";
  std::string name_;
  std::string value_;
  std::string retry_after_;
  std::string body_;
};

}  // namespace weir
