#include "core/serve/http_routes.h"

#include <algorithm>

#include "core/http/header_check.h"
#include "core/rule/json_text.h"
#include "core/serve/http_access.h"

namespace weir {

void HttpRoutes::add(std::string path, HttpHandler& handler) {
  routes_.push_back({.path = std::move(path), .handler = &handler});
  std::ranges::stable_sort(routes_, std::greater(),
                           [](const Route& route) { return route.path.size(); });
  if (std::ranges::find(handlers_, &handler) == handlers_.end()) handlers_.push_back(&handler);
}

HttpHandler* HttpRoutes::find(std::string_view path) const {
  for (const Route& route : routes_) {
    const bool below = route.path.size() > 1 && route.path.ends_with('/');
    if (path == route.path || (below && path.starts_with(route.path))) return route.handler;
  }
  return nullptr;
}

void HttpRoutes::head(HttpExchange& exchange, const Now& now) {
  const HttpRequest& request = exchange.request();
  if (local_sources_[request.source.value] && !is_local_host(request.header("host").text)) {
    return exchange.answer(error_answer(421,
                                        "this listener answers for this machine only: name "
                                        "it by its address or as localhost"));
  }
  HttpHandler* handler = find(request.path);
  if (handler == nullptr) return exchange.answer(error_answer(404, "there is nothing here"));
  handler->head(exchange, now);
}

void HttpRoutes::handle(HttpExchange& exchange, const Now& now) {
  find(exchange.request().path)->handle(exchange, now);
}

std::size_t HttpRoutes::poll(HttpExchanges& exchanges, const Now& now) {
  std::size_t work = 0;
  for (HttpHandler* handler : handlers_) work += handler->poll(exchanges, now);
  return work;
}

bool is_local_host(std::string_view host) {
  if (host.empty()) return true;         // HTTP/1.0: no browser speaks it
  if (host.front() == '[') return true;  // an IPv6 address
  const std::string_view name = host.substr(0, host.rfind(':'));
  if (same_header(name, "localhost")) return true;
  return !name.empty() && std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace weir
