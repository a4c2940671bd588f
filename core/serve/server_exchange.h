// ServerExchange: what the HttpServer keeps for one request under way, and the exchange that
// handlers see of it.
//
// Threads: the server's. Lifetime: reused for request after request, its memory with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/http/body_inflater.h"
#include "core/http/request_reader.h"
#include "core/serve/http_exchange.h"

namespace weir {

class HttpServer;

class ServerExchange final : public HttpExchange {
 public:
  explicit ServerExchange(HttpServer& server) : server_(server) {}

  const HttpRequest& request() const override { return request_; }
  void answer(HttpAnswer answer) override;
  bool answered() const override { return answered_; }
  std::uint64_t id() const override { return id_; }
  void limit_body(std::uint64_t bytes_max) override;

 private:
  friend class HttpServer;
  // `peer`: outlives the request.
  void begin(std::size_t slot, std::uint64_t id, SourceId source, std::string_view peer,
             const HttpRequestLimits& limits);
  // The head is there.
  void look_at_head();
  // Empties it; nothing of the request is left.
  void end();
  std::size_t memory() const { return reader_.memory() + inflated_.capacity() + out_.capacity(); }

  HttpServer& server_;
  std::size_t slot_ = 0;
  std::uint64_t id_ = 0;
  HttpRequestReader reader_;
  HttpRequest request_;
  BodyInflater::Coding coding_ = BodyInflater::Coding::identity;
  std::uint64_t body_bytes_max_ = 0;
  std::string inflated_;
  bool answered_ = false;
  bool close_ = false;  // the connection ends behind the answer
  bool head_seen_ = false;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::uint64_t accounted_ = 0;
};

}  // namespace weir
