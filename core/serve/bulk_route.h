// BulkRoute: POST /v1/buses/{bus}/events, the fast lane for volume. The body is JSON lines, one
// event each; the answer comes when all are durable (on a memory bus: taken):
//
//     200 all were taken, 207 some, 400 none; {"accepted":2,"rejected":[{"line":3,"error":"..."}]}
//     401 no token, 404 no such bus, 405 not POST, 413 too long, 415 not application/x-ndjson
//     503 with Retry-After: the bus takes nothing for now
//
// At most kReportedMax refused lines are listed; "rejected_more" says how many others there are.
//
// Threads: the server's. Lifetime: what it is given outlives it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/serve/event_desk.h"
#include "core/serve/http_access.h"
#include "core/serve/http_exchange.h"
#include "core/sync/counter.h"

namespace weir {

class BulkRoute final : public HttpHandler {
 public:
  static constexpr std::string_view kPrefix = "/v1/buses/";
  static constexpr std::size_t kReportedMax = 100;
  // The bus of that name, or an invalid id.
  using FindBus = std::function<BusId(std::string_view)>;

  BulkRoute(EventDesk& desk, const HttpAccess& access, FindBus find_bus)
      : desk_(desk), access_(access), find_bus_(std::move(find_bus)) {}

  void head(HttpExchange& exchange, const Now& now) override;
  void handle(HttpExchange& exchange, const Now& now) override;

 private:
  bool admit(HttpExchange& exchange, std::string_view bus, bool whole);

  EventDesk& desk_;
  const HttpAccess& access_;
  const FindBus find_bus_;
};

// Lines that are not blank, as the router counts events; of the first `lines_max` lines.
std::uint64_t count_events(std::string_view text, std::uint64_t lines_max);

}  // namespace weir
