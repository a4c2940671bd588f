// OperationsRoute: what machines ask about the router itself.
//
//     GET /health/live    200: the process answers
//     GET /health/ready   200: every bus takes events; else 503 and why
//     GET /metrics        the counters as Prometheus text
//
// Counters are put together by the control thread, which knows their names: a request asks for a
// page by asked(), and is answered at the first poll after publish().
//
// Threads: the server's; asked() and publish() are the control thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/serve/event_desk.h"
#include "core/serve/http_access.h"
#include "core/serve/http_exchange.h"
#include "core/sync/snapshot.h"
#include "core/sync/watermark.h"

namespace weir {

class OperationsRoute final : public HttpHandler {
 public:
  // Requests for a page that may wait; beyond it they are answered 503.
  static constexpr std::size_t kWaitingMax = 64;

  // `buses`: their names, by BusId.
  OperationsRoute(const EventDesk& desk, const HttpAccess& access, std::vector<std::string> buses)
      : desk_(desk), access_(access), buses_(std::move(buses)) {}

  void head(HttpExchange& exchange, const Now& now) override;
  void handle(HttpExchange& exchange, const Now& now) override;
  std::size_t poll(HttpExchanges& exchanges, const Now& now) override;

  // How many pages were asked for, ever.
  std::uint64_t asked() const { return asked_.read(); }
  // A page made after `asked` requests had been seen. Then wake the server's thread.
  void publish(std::uint64_t asked, std::string text) {
    page_.publish(std::make_shared<const Page>(Page{.asked = asked, .text = std::move(text)}));
  }

 private:
  struct Page {
    std::uint64_t asked = 0;
    std::string text;
  };
  struct Waiting {
    std::uint64_t exchange;
    std::uint64_t number;
  };
  void answer_ready(HttpExchange& exchange);

  const EventDesk& desk_;
  const HttpAccess& access_;
  const std::vector<std::string> buses_;
  Watermark asked_;
  Snapshot<Page> page_{std::make_shared<const Page>()};
  Snapshot<Page>::Reader reader_{page_};
  std::vector<Waiting> waiting_;
};

}  // namespace weir
