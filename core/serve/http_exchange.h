// HttpExchange: one request and its answer, as handlers see them; HttpHandler: who answers.
//
// The server gives a handler whole requests only: the head was sound, the body is there to its last
// byte and inflated. The handler answers at once or later, for instance when events are durable
// (event_desk.h). Each connection has one request under way, so answers keep the order of requests.
//
// Threads: all of this on the thread that polls the HttpServer. Who works on another thread keeps
// HttpExchange::id(), comes back in HttpHandler::poll() and asks HttpExchanges::find().
// Lifetime: an exchange and all that its request() shows live until the answer was sent, or until
// the connection is gone; then `work` is destroyed first. Nobody keeps a reference beyond that but
// its own `work`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/http/http_header.h"

namespace weir {

struct HttpRequest {
  SourceId source;          // of the listener
  std::string_view method;  // "POST"
  std::string_view target;  // "/a/b?x=1", as it came
  std::string_view path;    // of the target, not decoded
  std::string_view query;   // behind the '?'
  std::span<const HttpHeader> headers;
  std::string_view body;       // inflated
  std::string_view body_sent;  // as it came, chunks put together
  std::string_view peer;       // "127.0.0.1:53211"

  // The first value of that name in any letter case; `found` false where there is none.
  struct Value {
    std::string_view text;
    bool found = false;
  };
  Value header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

struct HttpAnswer {
  int status = 200;
  std::string_view content_type = "application/json";  // text that outlives the exchange
  std::string headers = {};  // further ones, each a whole line: "Retry-After: 1\r\n"
  std::string body = {};
  bool close = false;  // the connection ends behind this answer
};
std::string_view http_reason(int status);

// What a handler keeps for one exchange.
class HttpWork {
 public:
  virtual ~HttpWork() = default;
};

class HttpExchange {
 public:
  HttpExchange() = default;
  virtual ~HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  virtual const HttpRequest& request() const = 0;
  // Once; it goes out at the server's next poll.
  virtual void answer(HttpAnswer answer) = 0;
  virtual bool answered() const = 0;
  // Never used again in this process.
  virtual std::uint64_t id() const = 0;
  // In HttpHandler::head() only: a longer body, inflated, is refused.
  virtual void limit_body(std::uint64_t bytes_max) = 0;

  std::unique_ptr<HttpWork> work;
};

class HttpExchanges {
 public:
  virtual ~HttpExchanges() = default;
  virtual HttpExchange* find(std::uint64_t id) = 0;  // null: gone
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // The head is there, the body is not. May answer already: for what can be refused before
  // megabytes are read; the body is then never asked for. `body` and `body_sent` of the request are
  // empty.
  virtual void head(HttpExchange& exchange, const Now& now) {
    static_cast<void>(exchange);
    static_cast<void>(now);
  }
  // The whole request is there, and was not answered by head().
  virtual void handle(HttpExchange& exchange, const Now& now) = 0;
  // At each poll of the server: for handlers that wait for other threads. Returns work done.
  virtual std::size_t poll(HttpExchanges& exchanges, const Now& now) {
    static_cast<void>(exchanges);
    static_cast<void>(now);
    return 0;
  }
};

}  // namespace weir
