// HttpRoutes: which handler has which path. The longest that fits is asked; where none does the
// answer is 404.
//
// Threads: the server's. Lifetime: the handlers outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/serve/http_exchange.h"

namespace weir {

class HttpRoutes final : public HttpHandler {
 public:
  // By SourceId: sources that nobody but this machine can reach. A request there names the machine
  // itself as its host: another name is a web page that has had its name led here, to act in its
  // reader's place.
  explicit HttpRoutes(std::vector<bool> local_sources) : local_sources_(std::move(local_sources)) {}

  // Before the server polls. `path` is whole, or ends with '/' and then stands for all below it,
  // but "/", which is only itself.
  void add(std::string path, HttpHandler& handler);

  void head(HttpExchange& exchange, const Now& now) override;
  void handle(HttpExchange& exchange, const Now& now) override;
  std::size_t poll(HttpExchanges& exchanges, const Now& now) override;

 private:
  struct Route {
    std::string path;
    HttpHandler* handler;
  };
  HttpHandler* find(std::string_view path) const;

  const std::vector<bool> local_sources_;
  std::vector<Route> routes_;  // the longest paths first
  std::vector<HttpHandler*> handlers_;
};

// Whether a Host header names this machine: an address, or localhost.
bool is_local_host(std::string_view host);

}  // namespace weir
