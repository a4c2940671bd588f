#include "core/serve/operations_route.h"

#include <utility>

namespace weir {
namespace {

constexpr std::string_view kPageType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

void OperationsRoute::head(HttpExchange& exchange, const Now& now) {
  static_cast<void>(now);
  const HttpRequest& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer answer = error_answer(405, "this is read by GET");
    answer.headers = "Allow: GET, HEAD\r\n";
    return exchange.answer(std::move(answer));
  }
  exchange.limit_body(0);
}

void OperationsRoute::handle(HttpExchange& exchange, const Now& now) {
  static_cast<void>(now);
  const HttpRequest& request = exchange.request();
  if (request.path == "/health/live") return exchange.answer({.body = "{\"status\":\"live\"}\n"});
  if (request.path == "/health/ready") return answer_ready(exchange);
  // Names of rules and targets are not for everybody.
  if (access_.check(request, "weir:GetMetrics", "", true) != HttpAccess::Verdict::allowed) {
    return exchange.answer(unauthorized());
  }
  if (waiting_.size() >= kWaitingMax) {
    return exchange.answer(error_answer(503, "too many ask for this page at once"));
  }
  const std::uint64_t number = asked_.read() + 1;
  waiting_.push_back({.exchange = exchange.id(), .number = number});
  asked_.publish(number);
}

void OperationsRoute::answer_ready(HttpExchange& exchange) {
  std::string waits;
  for (std::size_t i = 0; i < buses_.size(); ++i) {
    const std::string_view why = desk_.refusal(BusId(static_cast<std::uint16_t>(i)));
    if (why.empty()) continue;
    if (!waits.empty()) waits += "; ";
    waits.append("bus ").append(buses_[i]).append(" takes nothing: ").append(why);
  }
  if (!waits.empty()) return exchange.answer(error_answer(503, waits));
  exchange.answer({.body = "{\"status\":\"ready\"}\n"});
}

std::size_t OperationsRoute::poll(HttpExchanges& exchanges, const Now& now) {
  static_cast<void>(now);
  if (waiting_.empty()) return 0;
  const Page& page = reader_.get();
  const auto due = [&](const Waiting& waiting) { return waiting.number <= page.asked; };
  for (const Waiting& waiting : waiting_) {
    HttpExchange* exchange = due(waiting) ? exchanges.find(waiting.exchange) : nullptr;
    if (exchange != nullptr) exchange->answer({.content_type = kPageType, .body = page.text});
  }
  return std::erase_if(waiting_, due);
}

}  // namespace weir
