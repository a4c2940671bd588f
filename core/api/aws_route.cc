#include "core/api/aws_route.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/api/control_plane.h"
#include "core/api/read_operations.h"
#include "core/ingest/ack_lines.h"

namespace weir {
namespace {

constexpr std::string_view kService = "AWSEvents.";
constexpr std::string_view kPutEvents = "PutEvents";
constexpr std::string_view kTestEventPattern = "TestEventPattern";
// What the service has and this has not, or not yet.
constexpr std::array<std::string_view, 37> kAbsent = {"ActivateEventSource",
                                                      "CancelReplay",
                                                      "CreateApiDestination",
                                                      "CreateArchive",
                                                      "CreateConnection",
                                                      "CreateEndpoint",
                                                      "CreateEventBus",
                                                      "CreatePartnerEventSource",
                                                      "DeactivateEventSource",
                                                      "DeauthorizeConnection",
                                                      "DeleteApiDestination",
                                                      "DeleteArchive",
                                                      "DeleteConnection",
                                                      "DeleteEndpoint",
                                                      "DeleteEventBus",
                                                      "DeletePartnerEventSource",
                                                      "DescribeApiDestination",
                                                      "DescribeArchive",
                                                      "DescribeConnection",
                                                      "DescribeEndpoint",
                                                      "DescribeEventSource",
                                                      "DescribePartnerEventSource",
                                                      "DescribeReplay",
                                                      "ListApiDestinations",
                                                      "ListArchives",
                                                      "ListConnections",
                                                      "ListEndpoints",
                                                      "ListEventSources",
                                                      "ListPartnerEventSources",
                                                      "ListReplays",
                                                      "PutPartnerEvents",
                                                      "PutPermission",
                                                      "RemovePermission",
                                                      "StartReplay",
                                                      "UpdateApiDestination",
                                                      "UpdateArchive",
                                                      "UpdateEventBus"};

AwsError absent(std::string_view operation) {
  return {.code = "NotImplementedException",
          .message = "weir has no " + std::string(operation) +
                     ": buses stand in its configuration file; archives, replays, connections and "
                     "API destinations it does not know."};
}

void refuse(PutEventsResult& result, std::string_view code, std::string message) {
  result.error_code = code;
  result.error_message = std::move(message);
}

// One call whose events are on their way.
class PutEventsWork final : public HttpWork, public EventTicketOwner {
 public:
  PutEventsWork(HttpExchange& exchange, AwsCounters& counters, std::string headers)
      : exchange_(exchange), counters_(counters), headers_(std::move(headers)) {}

  EventTicket& ticket() { return ticket_; }

  void settled(EventTicket& ticket, const Now& now) override {
    static_cast<void>(now);
    for (const EventTicket::Refused& refused : ticket.refused()) {
      PutEventsResult* result = find(refused.part, refused.line);
      if (result == nullptr) continue;
      std::string why = "The event is not taken: ";
      append_refusal(refused.reason, refused.error_offset, why);
      refuse(*result, "MalformedDetail", std::move(why));
    }
    if (ticket.given_up()) {
      for (PutEventsResult& result : batch.results) {
        if (result.line == 0 || result.line <= ticket.lines_done(result.part)) continue;
        refuse(result, "ThrottlingException", "There is no room for now, send it again.");
      }
    }
    answer();
  }

  void answer() {
    for (const PutEventsResult& result : batch.results) {
      if (!result.error_code.empty()) counters_.entries_failed.add();
    }
    HttpAnswer answer = aws_answer(put_events_answer(batch));
    answer.headers = headers_;
    exchange_.answer(std::move(answer));
  }

  PutEventsBatch batch;

 private:
  PutEventsResult* find(std::uint32_t part, std::uint64_t line) {
    const auto found = std::ranges::find_if(batch.results, [&](const PutEventsResult& result) {
      return result.part == part && result.line == line;
    });
    return found == batch.results.end() ? nullptr : &*found;
  }

  HttpExchange& exchange_;
  AwsCounters& counters_;
  const std::string headers_;
  EventTicket ticket_{*this};
};

}  // namespace

AwsRoute::AwsRoute(const Shared& shared, Options options, std::uint64_t seed)
    : desk_(shared.desk),
      access_(shared.access),
      changes_(shared.changes),
      options_(std::move(options)),
      model_(shared.model),
      reader_(options_.put_events),
      seed_(seed) {}

void AwsRoute::answer(HttpExchange& exchange, HttpAnswer answer) {
  if (answer.status != 200) counters_.errors.add();
  const EventIdText id = event_id(~seed_, requests_, 0);
  answer.headers += "x-amzn-RequestId: " + std::string(id.data(), id.size()) + "\r\n";
  exchange.answer(std::move(answer));
}

void AwsRoute::head(HttpExchange& exchange, const Now& now) {
  static_cast<void>(now);
  if (exchange.request().method == "POST") return;
  HttpAnswer refused = error_answer(405, "operations are sent by POST");
  refused.headers = "Allow: POST\r\n";
  exchange.answer(std::move(refused));
}

void AwsRoute::handle(HttpExchange& exchange, const Now& now) {
  const HttpRequest& request = exchange.request();
  ++requests_;
  counters_.requests.add();
  std::string_view operation = request.header("x-amz-target").text;
  if (!operation.starts_with(kService) || request.count("x-amz-target") != 1) {
    return answer(exchange,
                  aws_answer(AwsError{.code = "UnknownOperationException",
                                      .message = "X-Amz-Target is to be AWSEvents.OPERATION"}));
  }
  operation.remove_prefix(kService.size());
  if (operation == kPutEvents) return put_events(exchange, now);
  run(exchange, operation);
}

void AwsRoute::run(HttpExchange& exchange, std::string_view operation) {
  const HttpRequest& request = exchange.request();
  const std::string action = "events:" + std::string(operation);
  if (access_.check(request, action, {}, true) != HttpAccess::Verdict::allowed) {
    return answer(exchange,
                  aws_answer(AwsError{.code = "AccessDeniedException",
                                      .message = "This is not allowed to whoever asks."}));
  }
  if (ControlPlane::knows(operation)) {
    const bool asked = changes_.ask({.exchange = exchange.id(),
                                     .operation = std::string(operation),
                                     .body = std::string(request.body)});
    if (asked) return;
    return answer(exchange, aws_answer(AwsError{.code = "ThrottlingException",
                                                .message = "Too many changes wait already."}));
  }
  AwsOutcome outcome = AwsError{.code = "UnknownOperationException", .message = ""};
  if (operation == kTestEventPattern) {
    outcome = pattern_test_.run(request.body);
  } else if (!input_.read(request.body)) {
    outcome = *input_.error();
  } else if (auto read = run_read_operation(operation, input_, model_.get())) {
    outcome = *std::move(read);
  } else if (std::ranges::find(kAbsent, operation) != kAbsent.end()) {
    outcome = absent(operation);
  }
  if (auto* body = std::get_if<std::string>(&outcome)) {
    return answer(exchange, aws_answer(std::move(*body)));
  }
  answer(exchange, aws_answer(std::get<AwsError>(outcome)));
}

// Answers of the control thread, to those who still wait.
std::size_t AwsRoute::poll(HttpExchanges& exchanges, const Now& now) {
  static_cast<void>(now);
  std::vector<ChangeDesk::Answer> answers = changes_.take_answers();
  for (ChangeDesk::Answer& given : answers) {
    HttpExchange* exchange = exchanges.find(given.exchange);
    if (exchange != nullptr) answer(*exchange, std::move(given.answer));
  }
  return answers.size();
}

// An error: the whole call is refused. Entries for a bus that takes nothing for now are marked, and
// their lines taken out.
std::optional<AwsError> AwsRoute::check_buses(const HttpRequest& request, PutEventsBatch& batch) {
  std::string_view why;
  std::size_t closed = 0;
  for (std::size_t i = 0; i < batch.parts.size(); ++i) {
    PutEventsPart& part = batch.parts[i];
    const auto verdict = access_.check(request, "events:PutEvents", part.name, true);
    if (verdict != HttpAccess::Verdict::allowed) {
      return AwsError{.code = "AccessDeniedException",
                      .message = "This is not allowed to whoever asks."};
    }
    const std::string_view refusal = desk_.refusal(part.bus);
    if (refusal.empty()) continue;
    why = refusal;
    ++closed;
    for (PutEventsResult& result : batch.results) {
      if (result.line == 0 || result.part != i) continue;
      refuse(result, "ThrottlingException", "Nothing is taken for now: " + std::string(why));
      result.line = 0;
    }
    part.lines.clear();
  }
  if (closed == 0 || closed < batch.parts.size()) return std::nullopt;
  return AwsError{.code = "ServiceUnavailableException",
                  .message = "Nothing is taken for now: " + std::string(why),
                  .status = 503};
}

void AwsRoute::put_events(HttpExchange& exchange, const Now& now) {
  const HttpRequest& request = exchange.request();
  const EventIdText id = event_id(~seed_, requests_, 0);
  auto work = std::make_unique<PutEventsWork>(
      exchange, counters_, "x-amzn-RequestId: " + std::string(id.data(), id.size()) + "\r\n");
  PutEventsWork& call = *work;
  PutEventsBatch& batch = call.batch;
  auto error = reader_.read(request.body, model_.get(),
                            {.now = now.wall,
                             .id_seed = seed_,
                             .id_sequence = requests_,
                             .strict_bus = options_.strict_sources[request.source.value]},
                            batch);
  if (!error) error = check_buses(request, batch);
  if (error) {
    HttpAnswer refused = aws_answer(*error);
    if (error->status == 503) refused.headers = "Retry-After: 1\r\n";
    return answer(exchange, std::move(refused));
  }
  counters_.entries.add(batch.results.size());
  counters_.unknown_bus.add(batch.unknown_bus);
  parts_.clear();
  for (const PutEventsPart& part : batch.parts) {
    parts_.push_back({.bus = part.bus, .lines = part.lines});
  }
  exchange.work = std::move(work);
  if (parts_.empty()) return call.answer();
  desk_.submit(call.ticket(), request.source, request.peer, parts_, now);
}

}  // namespace weir
