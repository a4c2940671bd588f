// AwsRoute: EventBridge's own protocol: POST / with the operation in X-Amz-Target.
//
// PutEvents is answered when the events are durable (on a memory bus: taken): an EventId is the
// promise that the event is there. Operations that are not there yet are refused by name.
//
// Threads: the server's; counters any. Lifetime: what it is given outlives it.
// Source: "Amazon EventBridge API Reference", and recordings of the service.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/api_model.h"
#include "core/api/change_desk.h"
#include "core/api/put_events.h"
#include "core/api/test_event_pattern.h"
#include "core/serve/event_desk.h"
#include "core/serve/http_access.h"
#include "core/serve/http_exchange.h"
#include "core/sync/counter.h"
#include "core/sync/snapshot.h"

namespace weir {

struct AwsCounters {
  Counter requests;
  Counter errors;          // of them, answered with one
  Counter entries;         // of PutEvents
  Counter entries_failed;  // of them, answered with an error of their own
  Counter unknown_bus;     // of them, for a bus that is not there: dropped unless `strict_bus`
};

class AwsRoute final : public HttpHandler {
 public:
  // All of it outlives this.
  struct Shared {
    EventDesk& desk;
    const HttpAccess& access;
    const Snapshot<ApiModel>& model;
    ChangeDesk& changes;
  };
  struct Options {
    PutEventsLimits put_events = {};
    std::vector<bool> strict_sources = {};  // by SourceId: an unknown bus fails the entry
  };
  // `seed`: of ids, different in each run.
  AwsRoute(const Shared& shared, Options options, std::uint64_t seed);

  void head(HttpExchange& exchange, const Now& now) override;
  void handle(HttpExchange& exchange, const Now& now) override;
  std::size_t poll(HttpExchanges& exchanges, const Now& now) override;

  const AwsCounters& counters() const { return counters_; }

 private:
  void put_events(HttpExchange& exchange, const Now& now);
  std::optional<AwsError> check_buses(const HttpRequest& request, PutEventsBatch& batch);
  void answer(HttpExchange& exchange, HttpAnswer answer);
  void run(HttpExchange& exchange, std::string_view operation);

  EventDesk& desk_;
  const HttpAccess& access_;
  ChangeDesk& changes_;
  const Options options_;
  Snapshot<ApiModel>::Reader model_;
  PutEventsReader reader_;
  EventPatternTest pattern_test_;
  AwsInput input_;
  std::vector<EventPart> parts_;
  const std::uint64_t seed_;
  std::uint64_t requests_ = 0;
  AwsCounters counters_;
};

}  // namespace weir
