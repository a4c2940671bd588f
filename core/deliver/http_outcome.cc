// HttpTarget: what became of a request, record by record.
#include <algorithm>
#include <array>
#include <utility>

#include "core/deliver/http_target.h"
#include "core/http/response_status.h"

namespace weir {
namespace {

constexpr std::size_t kQuotedBytes = 200;  // of an answer, in messages
constexpr Nanoseconds kReturnSpread = 1s;  // over which batches go that waited for a dead target

std::string_view code_of(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return "NO_PERMISSIONS";
    case 404:
    case 410:
      return "NO_RESOURCE";
    case 408:
    case 504:
      return "TIMEOUT";
    case 429:
      return "THROTTLING";
    default:
      break;
  }
  if (status >= 500) return "SERVER_ERROR";
  return status >= 400 ? "SDK_CLIENT_ERROR" : "REDIRECT";
}

// "status 500: text", with what would disturb a terminal or a log left out.
std::string describe(int status, std::string_view body) {
  std::string text = "status " + std::to_string(status);
  std::string quoted;
  for (const char c : body.substr(0, kQuotedBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += byte >= 0x20 && byte < 0x7f ? c : ' ';
  }
  const std::size_t begin = quoted.find_first_not_of(' ');
  if (begin == std::string::npos) return text;
  const std::size_t end = quoted.find_last_not_of(' ');
  return text + ": " + quoted.substr(begin, end - begin + 1);
}

}  // namespace

void HttpTarget::take_outcomes(const Now& now) {
  for (const auto& connection : connections_) {
    const HttpBatch* batch = connection->batch();
    const HttpConnection::Outcome outcome = connection->take_outcome();
    if (outcome == HttpConnection::Outcome::none) continue;
    --in_flight_;
    judge(find(*batch), *connection, outcome, now);
  }
}

HttpTarget::Place HttpTarget::find(const HttpBatch& batch) {
  const auto in = [&](std::vector<HttpBatchPtr>& line) -> Place {
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i].get() == &batch) return {&line, i};
    }
    return {};
  };
  if (batch.from_store()) return in(retries_);
  for (Lane& lane : lanes_) {
    if (const Place place = in(lane.line); place.line != nullptr) return place;
  }
  WEIR_CHECK(false);
  return {};
}

void HttpTarget::judge(Place place, HttpConnection& connection, HttpConnection::Outcome outcome,
                       const Now& now) {
  HttpBatch& batch = place.batch();
  const bool connected = connection.take_connected_anew();
  if (connected) {
    counters_.connects.add();
    counters_.state.set(static_cast<std::uint64_t>(TargetState::connected));
    connect_backoff_.reset();
  }
  switch (outcome) {
    case HttpConnection::Outcome::none:
      break;
    case HttpConnection::Outcome::stale:
      batch.state = HttpBatch::State::ready;
      break;
    case HttpConnection::Outcome::unconnected:
      // Nothing was sent, so it was no attempt; the batch keeps its place.
      batch.state = HttpBatch::State::ready;
      counters_.connect_failures.add();
      counters_.state.set(static_cast<std::uint64_t>(TargetState::reconnecting));
      connect_at_ = now.monotonic + connect_backoff_.next(world_.random);
      note_failure(now, {.code = "CONNECTION_FAILED",
                         .message = "cannot connect: " + error_text(connection.error())});
      break;
    case HttpConnection::Outcome::timed_out:
      counters_.timeouts.add();
      try_again(
          place,
          {.code = "TIMEOUT", .message = "no answer within " + format_duration(spec_.http.timeout)},
          now);
      break;
    case HttpConnection::Outcome::broken: {
      counters_.disconnects.add();
      const bool by_kernel = connection.error() != 0;
      const char* fault = connection.response().fault();
      std::string message =
          by_kernel ? "connection lost: " + error_text(connection.error())
                    : std::string("not a sound answer: ") +
                          (*fault == '\0' ? "it came before the whole request was sent" : fault);
      try_again(place,
                {.code = by_kernel ? "CONNECTION_BROKEN" : "BAD_ANSWER",
                 .message = std::move(message),
                 .by_content = true},
                now);
      break;
    }
    case HttpConnection::Outcome::answered:
      judge_answer(place, connection.response(), now);
      break;
  }
}

void HttpTarget::judge_answer(Place place, const HttpResponseReader& response, const Now& now) {
  const int status = response.status();
  const StatusVerdict verdict = judge_status(status);
  if (verdict == StatusVerdict::delivered) return judge_success(place, response, now);
  Failure failure{.code = code_of(status), .message = describe(status, response.body())};
  if (verdict == StatusVerdict::again) {
    const RetryAfter after = parse_retry_after(response.retry_after(), now.wall);
    if (after.never) return refuse(place, failure, false, now);
    failure.wait = after.wait;
    failure.by_content = status >= 500 && !is_overload(status);
    if (is_overload(status) && after.given) pace_.pause(now.monotonic + after.wait);
    return try_again(place, failure, now);
  }
  if (verdict == StatusVerdict::elsewhere) failure.message += " (redirects are not followed)";
  refuse(place, failure, verdict == StatusVerdict::refused, now);
}

void HttpTarget::judge_success(Place place, const HttpResponseReader& response, const Now& now) {
  HttpBatch& batch = place.batch();
  const std::size_t count = batch.records.size();
  const bool whole = response.state() == HttpResponseReader::State::complete;
  BatchResults::Reading reading = BatchResults::Reading::none;
  if (!response.body_coded()) {
    reading = results_.read(response.body(), count);
    // What was cut off could have been about records.
    if (!whole && reading != BatchResults::Reading::none) reading = BatchResults::Reading::broken;
  }
  ++tally_.batches;
  if (reading == BatchResults::Reading::none) {
    note_success(now);
    tally_.bytes += batch.body_bytes();
    for (std::size_t record = 0; record < count; ++record) deliver(batch, record);
    return remove(place);
  }
  const Failure failure{
      .code = "RECORD_FAILED", .message = "the answer names it as failed", .by_record = true};
  if (reading == BatchResults::Reading::broken) {
    return try_again(
        place, {.code = "BAD_ANSWER", .message = "the results in the answer are broken"}, now);
  }
  know(batch);
  ids_.clear();
  if (results_.wants_ids()) {
    for (const RecordFacts& facts : batch.facts) ids_.push_back(facts.id);
  }
  verdicts_.resize(count);
  if (!results_.apply(ids_, verdicts_)) {
    return try_again(
        place, {.code = "BAD_ANSWER", .message = "the answer names events that were not sent"},
        now);
  }
  if (std::ranges::find(verdicts_, RecordVerdict::delivered) != verdicts_.end()) {
    note_success(now);
    tally_.bytes += batch.body_bytes();
  }
  settle_verdicts(place, verdicts_, failure, now);
}

// None of the records will pass like this. Halves are tried by themselves until the record that is
// at fault stands alone; that is no retry.
void HttpTarget::refuse(Place place, const Failure& failure, bool bisect, const Now& now) {
  HttpBatch& batch = place.batch();
  note_failure(now, failure);
  know(batch);
  batch.error_code = failure.code;
  batch.error_message = failure.message;
  const auto count = static_cast<std::uint32_t>(batch.records.size());
  if (!bisect || count == 1) {
    verdicts_.assign(count, RecordVerdict::refused);
    return settle_verdicts(place, verdicts_, failure, now);
  }
  std::array<HttpBatchPtr, 2> halves;
  for (std::uint32_t half = 0; half < 2; ++half) {
    chosen_.clear();
    for (std::uint32_t i = half * (count / 2); i < (half == 0 ? count / 2 : count); ++i) {
      chosen_.push_back(i);
    }
    halves[half] = pool_.subset(format_, batch, chosen_);
    if (halves[half]->first_failed == MonotonicTime::never()) {
      halves[half]->first_failed = now.monotonic;
    }
  }
  counters_.bisected.add();
  replace(place, halves);
}

void HttpTarget::try_again(Place place, const Failure& failure, const Now& now) {
  note_failure(now, failure);
  pace_.failed(now, world_.random);
  know(place.batch());
  verdicts_.assign(place.batch().records.size(), RecordVerdict::again);
  settle_verdicts(place, verdicts_, failure, now);
}

// A receiver that took a later event of a key and not the earlier one gets both again, in order.
void HttpTarget::fail_followers(const HttpBatch& batch, std::span<RecordVerdict> verdicts) {
  if (batch.keys.empty()) return;
  blocked_.clear();
  for (std::size_t record = 0; record < verdicts.size(); ++record) {
    const std::uint64_t key = batch.keys[record];
    if (key == 0) continue;
    if (verdicts[record] == RecordVerdict::again) {
      ++blocked_[key];
    } else if (verdicts[record] == RecordVerdict::delivered && blocked_.contains(key)) {
      verdicts[record] = RecordVerdict::again;
    }
  }
}

// Each record goes where its verdict sends it; what is to be tried again stays in the place, or
// goes back to the store it came from.
void HttpTarget::settle_verdicts(Place place, std::span<RecordVerdict> verdicts,
                                 const Failure& failure, const Now& now) {
  HttpBatch& batch = place.batch();
  fail_followers(batch, verdicts);
  batch.error_code = failure.code;
  batch.error_message = failure.message;
  chosen_.clear();
  for (std::uint32_t record = 0; record < verdicts.size(); ++record) {
    if (verdicts[record] == RecordVerdict::delivered) {
      deliver(batch, record);
      continue;
    }
    RecordFacts& facts = batch.facts[record];
    if (failure.by_record) {
      const std::string_view said = results_.message(record);
      batch.error_message =
          said.empty() ? failure.message : "the answer says: " + std::string(said);
    }
    ++facts.attempts;
    if (facts.first_attempt == WallTime{}) facts.first_attempt = batch.first_attempt;
    if (verdicts[record] == RecordVerdict::refused) {
      bury(batch, record, Exhausted::none, now);
    } else if (facts.attempts > spec_.retry.retries_max) {
      bury(batch, record, Exhausted::retries, now);
    } else {
      chosen_.push_back(record);
    }
  }
  if (failure.by_record) {
    note_failure(now, {.code = failure.code, .message = batch.error_message});
  }
  if (chosen_.empty()) return remove(place);
  counters_.records_failed.add(chosen_.size());
  park(batch, failure, now);
  if (batch.from_store()) {
    for (const std::uint32_t record : chosen_) defer_record(batch, record, now);
    return remove(place);
  }
  if (chosen_.size() == batch.records.size()) {
    if (failure.by_content) part(place);
    return;
  }
  HttpBatchPtr rest = pool_.subset(format_, batch, chosen_);
  rest->state = batch.state;
  rest->due = batch.due;
  replace(place, {&rest, 1});
}

// A batch that goes on failing as a whole may do so for one record's sake; its halves are tried
// apart, so that the others get through. While the target takes nothing at all only the oldest
// batch is parted, to find out.
void HttpTarget::part(Place place) {
  HttpBatch& batch = place.batch();
  if (batch.facts.front().attempts < 2) return;
  if (pace_.down() && place.index > 0) return;
  // Events of a key stay together.
  blocked_.clear();
  for (const std::uint64_t key : batch.keys) {
    if (key != 0) blocked_.emplace(key, static_cast<std::uint32_t>(blocked_.size()));
  }
  const std::size_t keys = blocked_.size();
  std::array<std::vector<std::uint32_t>, 2> sides;
  for (std::uint32_t record = 0; record < batch.records.size(); ++record) {
    const std::uint64_t key = batch.keys.empty() ? 0 : batch.keys[record];
    const bool second =
        key == 0 ? record >= batch.records.size() / 2 : blocked_.find(key)->second >= keys / 2;
    sides[second ? 1 : 0].push_back(record);
  }
  if (sides[0].empty() || sides[1].empty()) return;
  std::array<HttpBatchPtr, 2> parts;
  for (std::size_t side = 0; side < parts.size(); ++side) {
    parts[side] = pool_.subset(format_, batch, sides[side]);
    parts[side]->state = batch.state;
    parts[side]->due = batch.due;
  }
  counters_.bisected.add();
  replace(place, parts);
}

void HttpTarget::park(HttpBatch& batch, const Failure& failure, const Now& now) {
  if (batch.first_failed == MonotonicTime::never()) batch.first_failed = now.monotonic;
  std::uint32_t attempts = 0;
  for (const RecordFacts& facts : batch.facts) attempts = std::max(attempts, facts.attempts);
  const Nanoseconds wait = std::max(pace_.backoff(attempts, world_.random), failure.wait);
  // Not beyond the age of the oldest: that has to be noticed.
  const Nanoseconds left =
      batch.oldest.since_epoch + spec_.retry.age_max - world_.clock.at(now.monotonic).since_epoch;
  batch.due = now.monotonic + std::max<Nanoseconds>(std::min(wait, left), 1ms);
  batch.state = HttpBatch::State::parked;
}

void HttpTarget::replace(Place place, std::span<HttpBatchPtr> with) {
  std::vector<HttpBatchPtr>& line = *place.line;
  const auto at = line.begin() + static_cast<std::ptrdiff_t>(place.index);
  pool_.give_back(std::move(*at));
  if (with.empty()) {
    line.erase(at);
    return;
  }
  *at = std::move(with.front());
  line.insert(at + 1, std::make_move_iterator(with.begin() + 1),
              std::make_move_iterator(with.end()));
}

void HttpTarget::remove(Place place) {
  replace(place, {});
}

// Looks up who the records are. Of a memory bus nobody waits for their place any more.
void HttpTarget::know(HttpBatch& batch) {
  if (batch.known()) return;
  for (const HttpRecord& record : batch.records) {
    const BlockFacts& block = window_.facts(record.serial);
    RecordFacts facts;
    facts.id = event_id(block.id_seed, block.id_sequence, window_.event_index(record.serial));
    facts.bus = block.bus;
    facts.hops = block.hops;
    facts.accepted = facts.age_from = block.received;
    facts.in_window = block.log_sequence != 0;
    batch.facts.push_back(facts);
  }
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    if (!batch.facts[i].in_window) window_.settle(batch.records[i].serial);
  }
  pool_.recount(batch);
}

// The record has come to its end here.
void HttpTarget::finish(HttpBatch& batch, std::size_t record) {
  if (!batch.known() || batch.facts[record].in_window) window_.settle(batch.records[record].serial);
  WEIR_DCHECK(pending_ > 0);
  --pending_;
}

void HttpTarget::deliver(HttpBatch& batch, std::size_t record) {
  ++tally_.delivered;
  if (batch.known() && batch.facts[record].entry != 0) {
    store_.settle(batch.facts[record].entry);
    if (!batch.keys.empty()) key_gone(batch.keys[record]);
  }
  finish(batch, record);
}

void HttpTarget::drop(HttpBatch& batch, std::size_t record, DropReason reason) {
  count_dropped(reason, 1);
  if (batch.facts[record].entry != 0) {
    store_.settle(batch.facts[record].entry);
    if (!batch.keys.empty()) key_gone(batch.keys[record]);
  }
  finish(batch, record);
}

// A target that took nothing for a while is back: what waited for it need not wait any longer.
void HttpTarget::note_success(const Now& now) {
  const bool was_down = pace_.down();
  pace_.succeeded(now);
  if (!was_down) return;
  for (Lane& lane : lanes_) {
    for (const HttpBatchPtr& batch : lane.line) {
      const auto spread = static_cast<std::uint64_t>(kReturnSpread.count());
      const Nanoseconds wait{static_cast<std::int64_t>(world_.random.below(spread))};
      batch->due = std::min(batch->due, now.monotonic + wait);
    }
  }
}

void HttpTarget::note_failure(const Now& now, const Failure& failure) {
  counters_.request_failures.add();
  const std::string text = to_string(spec_.endpoint) + ": " + failure.message;
  counters_.last_error.publish(std::make_shared<const std::string>(text));
  reporter_.tell(now, WriterHost::Level::warning, spec_.name + ": " + text);
}

}  // namespace weir
