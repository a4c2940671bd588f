#include "core/serve/bulk_route.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>

#include "core/http/header_check.h"
#include "core/ingest/ack_lines.h"
#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr std::string_view kSuffix = "/events";
constexpr std::string_view kAction = "events:PutEvents";
constexpr std::uint64_t kAllLines = std::numeric_limits<std::uint64_t>::max();

// %XX replaced; nothing for a bad escape.
std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

// The bus that a path names; nothing where it is not /v1/buses/{bus}/events.
std::optional<std::string> bus_of(std::string_view path) {
  path.remove_prefix(BulkRoute::kPrefix.size());
  if (path.size() <= kSuffix.size() || !path.ends_with(kSuffix)) return std::nullopt;
  path.remove_suffix(kSuffix.size());
  return decoded(path);
}

bool is_ndjson(std::string_view content_type) {
  constexpr std::array<std::string_view, 3> kTypes = {"application/x-ndjson", "application/ndjson",
                                                      "application/jsonl"};
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return std::ranges::any_of(kTypes,
                             [&](std::string_view known) { return same_header(type, known); });
}

HttpAnswer later(std::string_view why) {
  HttpAnswer answer = error_answer(503, "nothing is taken for now: " + std::string(why));
  answer.headers = "Retry-After: 1\r\n";
  return answer;
}

// One request whose events are on their way.
class BulkWork final : public HttpWork, public EventTicketOwner {
 public:
  explicit BulkWork(HttpExchange& exchange) : exchange_(exchange) {}
  EventTicket& ticket() { return ticket_; }

  void settled(EventTicket& ticket, const Now& now) override {
    static_cast<void>(now);
    const std::string_view body = exchange_.request().body;
    const std::uint64_t events = count_events(body, kAllLines);
    const std::uint64_t taken =
        ticket.given_up() ? count_events(body, ticket.lines_done(0)) : events;
    const std::uint64_t refused = ticket.refused_count();
    const std::uint64_t accepted = taken - std::min(taken, refused);
    if (ticket.given_up() && taken == 0) {
      return exchange_.answer(later("there has been no room for " +
                                    std::to_string(EventDesk::kRoomDeadline / 1s) + " s"));
    }
    HttpAnswer answer;
    answer.status = accepted == events ? 200 : 207;
    if (accepted == 0) answer.status = 400;
    answer.body = R"({"accepted":)" + std::to_string(accepted) + R"(,"rejected":[)";
    report(ticket, answer.body);
    const std::uint64_t listed =
        std::min<std::uint64_t>(refused, BulkRoute::kReportedMax) + (ticket.given_up() ? 1 : 0);
    const std::uint64_t rejected = events - accepted;
    answer.body += ']';
    if (rejected > listed)
      answer.body += R"(,"rejected_more":)" + std::to_string(rejected - listed);
    answer.body += "}\n";
    exchange_.answer(std::move(answer));
  }

 private:
  static void report(const EventTicket& ticket, std::string& out) {
    const auto all = ticket.refused();
    const auto listed = all.first(std::min(all.size(), BulkRoute::kReportedMax));
    for (const EventTicket::Refused& refused : listed) {
      if (&refused != listed.data()) out += ',';
      out += R"({"line":)" + std::to_string(refused.line) + R"(,"error":")";
      append_refusal(refused.reason, refused.error_offset, out);
      out += "\"}";
    }
    if (!ticket.given_up()) return;
    if (!listed.empty()) out += ',';
    out += R"({"line":)" + std::to_string(ticket.lines_done(0) + 1) +
           R"(,"error":"not taken, nor any line behind it, for want of room: send them again"})";
  }

  HttpExchange& exchange_;
  EventTicket ticket_{*this};
};

}  // namespace

// True: the request may go on. Else it was answered.
bool BulkRoute::admit(HttpExchange& exchange, std::string_view bus, bool whole) {
  const HttpRequest& request = exchange.request();
  if (access_.check(request, kAction, bus, whole) == HttpAccess::Verdict::refused) {
    exchange.answer(unauthorized());
    return false;
  }
  const BusId id = find_bus_(bus);
  if (!id.valid()) {
    exchange.answer(error_answer(404, "there is no such bus"));
    return false;
  }
  if (const std::string_view why = desk_.refusal(id); !why.empty()) {
    exchange.answer(later(why));
    return false;
  }
  return true;
}

void BulkRoute::head(HttpExchange& exchange, const Now& now) {
  static_cast<void>(now);
  const HttpRequest& request = exchange.request();
  const auto bus = bus_of(request.path);
  if (!bus) return exchange.answer(error_answer(404, "there is nothing here"));
  if (request.method != "POST") {
    HttpAnswer answer = error_answer(405, "events are sent by POST");
    answer.headers = "Allow: POST\r\n";
    return exchange.answer(std::move(answer));
  }
  if (!admit(exchange, *bus, false)) return;
  if (!is_ndjson(request.header("content-type").text)) {
    exchange.answer(error_answer(415, "the Content-Type of events is application/x-ndjson"));
  }
}

void BulkRoute::handle(HttpExchange& exchange, const Now& now) {
  const HttpRequest& request = exchange.request();
  const std::string bus = bus_of(request.path).value_or("");
  if (!admit(exchange, bus, true)) return;
  auto work = std::make_unique<BulkWork>(exchange);
  const EventPart part{.bus = find_bus_(bus), .lines = request.body};
  EventTicket& ticket = work->ticket();
  exchange.work = std::move(work);
  desk_.submit(ticket, request.source, request.peer, std::span(&part, 1), now);
}

std::uint64_t count_events(std::string_view text, std::uint64_t lines_max) {
  std::uint64_t events = 0;
  while (!text.empty() && lines_max-- > 0) {
    const std::size_t line_end = text.find('\n');
    const std::string_view line = text.substr(0, line_end);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) ++events;
    if (line_end == std::string_view::npos) break;
    text.remove_prefix(line_end + 1);
  }
  return events;
}

}  // namespace weir
