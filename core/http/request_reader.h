// HttpRequestReader: reads one request after the other from a connection's bytes, strictly. What
// can be read in two ways is refused with a status and the connection is not used again: between a
// proxy and this reader there must be one reading of where a request ends.
//
// llhttp reads the header lines (in its strict mode); what it leaves open is settled here: CR LF
// only, no control bytes, no folding, methods, version, target and Host by their grammar, one
// Content-Length of plain digits or exactly one `Transfer-Encoding: chunked`, limits on all that
// is read before it is kept. Any split of the bytes gives the same result.
//
// Threads: one. Lifetime: reused by begin(), its memory with it; views into the head and the body
// hold until then. A request costs no allocation once the buffers have their size.
// Memory: the head up to Limits::head_bytes, the body as far as it has come (up to twice that).
// Source: RFC 9110, RFC 9112.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/http/chunked_body.h"
#include "core/http/http_header.h"

namespace weir {

struct HttpRequestLimits {
  std::uint32_t head_bytes = 32 * kKiB;   // request line and headers: 431
  std::uint32_t headers = 100;            // how many: 431
  std::uint32_t target_bytes = 8 * kKiB;  // 414
  std::uint64_t body_bytes = 16 * kMiB;   // as it comes, chunks put together: 413
};

class HttpRequestReader {
 public:
  enum class State : std::uint8_t {
    head,
    body,      // the head is there and sound
    complete,  // the request is there
    refused    // see status() and fault(); the connection is done with
  };

  HttpRequestReader() = default;
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  // Forgets the last request.
  void begin(const HttpRequestLimits& limits);
  // Takes bytes from the front and returns how many. It stops behind the head, so that its owner
  // can look at it, behind the request, and where something was refused.
  std::size_t read(std::string_view bytes);
  // Of the body that is still to come; less than what the limits say.
  void limit_body(std::uint64_t bytes_max);

  State state() const { return state_; }
  bool begun() const { return !head_.empty(); }
  int status() const { return status_; }
  const char* fault() const { return fault_; }

  // From State::body on.
  std::string_view method() const { return method_; }
  std::string_view target() const { return target_; }
  const std::vector<HttpHeader>& headers() const { return headers_; }
  bool keep_alive() const { return keep_alive_; }
  // The client waits for `100 Continue` before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  std::string_view body() const { return body_; }
  // What the reader holds, in bytes.
  std::size_t memory() const {
    return head_.capacity() + body_.capacity() + headers_.capacity() * sizeof(HttpHeader);
  }
  // Gives memory back that a large request took.
  void shrink();

 private:
  struct Callbacks;
  std::size_t read_head(std::string_view bytes);
  bool head_byte(char c);
  bool line_ended();
  void head_ended();
  bool parse_request_line(std::string_view line);
  bool check_target();
  bool parse_headers(std::string_view lines);
  bool check_headers();
  bool check_framing();
  bool check_host();
  bool check_connection();
  std::size_t read_body(std::string_view bytes);
  bool refuse(int status, const char* fault);
  const HttpHeader* only(std::string_view name, std::size_t& count) const;

  HttpRequestLimits limits_;
  State state_ = State::head;
  int status_ = 0;
  const char* fault_ = "";
  std::string head_;
  std::size_t line_begin_ = 0;  // of the line that is being read, in head_
  std::uint32_t lines_ = 0;
  bool version_1_0_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool chunked_ = false;
  std::uint64_t length_ = 0;
  std::string_view method_;
  std::string_view target_;
  std::vector<HttpHeader> headers_;
  ChunkedBody chunks_;
  std::string body_;
};

}  // namespace weir
