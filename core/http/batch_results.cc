#include "core/http/batch_results.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "core/http/response_status.h"
#include "core/rule/json_scanner.h"
#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr std::uint64_t kHashKey = 0x5bf03635dcf7a1d9U;

std::string_view text_of(const EventIdText& id) {
  return {id.data(), id.size()};
}

// Reads on to the end of the value whose first token this was; false on a fault.
bool skip(JsonScanner& scanner, JsonToken token) {
  std::size_t open = 0;
  for (;; token = scanner.next()) {
    if (token == JsonToken::fault || token == JsonToken::end) return false;
    if (token == JsonToken::object_begin || token == JsonToken::array_begin) ++open;
    if (token == JsonToken::object_end || token == JsonToken::array_end) --open;
    if (open == 0 && token != JsonToken::name) return true;
  }
}

int status_number(std::string_view text) {
  int status = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), status);
  return failure == std::errc{} && end == text.data() + text.size() ? status : 0;
}

bool any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

BatchResults::Reading BatchResults::read(std::string_view body, std::size_t records) {
  failed_ids_.clear();
  items_.clear();
  has_items_ = false;
  named_ = false;
  records_ = records;
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || body[first] != '{') return Reading::none;
  JsonScanner scanner(body);
  if (scanner.next() != JsonToken::object_begin) return Reading::broken;
  bool seen_failures = false;
  for (JsonToken token = scanner.next(); token != JsonToken::object_end; token = scanner.next()) {
    if (token != JsonToken::name) return Reading::broken;
    const std::string_view name = scanner.raw();
    bool sound = true;
    if (name == "batchItemFailures") {
      sound = !seen_failures && read_failures(scanner);
      seen_failures = true;
    } else if (name == "results") {
      sound = !has_items_ && read_results(scanner);
    } else {
      sound = skip(scanner, scanner.next());
    }
    if (!sound) return Reading::broken;
  }
  if (scanner.next() != JsonToken::end) return Reading::broken;
  return seen_failures || has_items_ ? Reading::read : Reading::none;
}

bool BatchResults::read_failures(JsonScanner& scanner) {
  JsonToken token = scanner.next();
  if (token == JsonToken::null) return true;
  if (token != JsonToken::array_begin) return false;
  for (token = scanner.next(); token != JsonToken::array_end; token = scanner.next()) {
    if (token != JsonToken::object_begin) return false;
    std::string_view id;
    for (token = scanner.next(); token != JsonToken::object_end; token = scanner.next()) {
      if (token != JsonToken::name) return false;
      const bool wanted = scanner.raw() == "itemIdentifier";
      token = scanner.next();
      if (wanted && token != JsonToken::string) return false;
      if (wanted) id = scanner.raw();
      if (!skip(scanner, token)) return false;
    }
    if (id.empty()) return false;
    failed_ids_.push_back(id);
  }
  return true;
}

bool BatchResults::read_results(JsonScanner& scanner) {
  JsonToken token = scanner.next();
  if (token == JsonToken::null) return true;
  if (token != JsonToken::array_begin) return false;
  has_items_ = true;
  for (token = scanner.next(); token != JsonToken::array_end; token = scanner.next()) {
    if (items_.size() >= records_) return false;  // more results than records
    Item item;
    Signs signs;
    if (token == JsonToken::object_begin) {
      if (!read_item(scanner, item)) return false;
    } else if (token == JsonToken::true_) {
      item.verdict = RecordVerdict::delivered;
    } else if (token == JsonToken::number) {
      note_status(status_number(scanner.raw()), signs);
      item.verdict = signs.good        ? RecordVerdict::delivered
                     : signs.permanent ? RecordVerdict::refused
                                       : RecordVerdict::again;
    } else if (!skip(scanner, token)) {
      return false;
    }
    items_.push_back(item);
  }
  return true;
}

void BatchResults::note_status(int status, Signs& signs) {
  const StatusVerdict verdict = judge_status(status);
  if (verdict == StatusVerdict::delivered) {
    signs.good = true;
  } else {
    signs.bad = true;
    signs.permanent = verdict == StatusVerdict::refused;
  }
}

bool BatchResults::read_item(JsonScanner& scanner, Item& item) {
  Signs signs;
  JsonToken token = scanner.next();
  for (; token != JsonToken::object_end; token = scanner.next()) {
    if (token != JsonToken::name) return false;
    const std::string_view name = scanner.raw();
    token = scanner.next();
    if (any_of(name, {"ok", "success"})) {
      (token == JsonToken::true_ ? signs.good : signs.bad) = true;
    } else if (any_of(name, {"status", "statusCode"})) {
      if (token == JsonToken::number) {
        note_status(status_number(scanner.raw()), signs);
      } else {
        const bool good = token == JsonToken::string && any_of(scanner.raw(), {"ok", "success"});
        (good ? signs.good : signs.bad) = true;
      }
    } else if (any_of(name, {"error", "errorCode", "errorMessage"})) {
      if (token != JsonToken::null) signs.bad = true;
      if (token == JsonToken::string) item.message = scanner.raw();
    } else if (any_of(name, {"id", "itemIdentifier"})) {
      if (token == JsonToken::string) item.id = scanner.raw();
      named_ = true;
      if (item.id.empty()) signs.bad = true;
    }
    if (!skip(scanner, token)) return false;
  }
  if (signs.good && !signs.bad) item.verdict = RecordVerdict::delivered;
  if (signs.permanent && !signs.good) item.verdict = RecordVerdict::refused;
  return true;
}

void BatchResults::index(std::span<const EventIdText> ids) {
  ids_ = ids;
  table_.assign(std::bit_ceil(ids.size() * 2 + 1), 0);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t record = 0; record < ids.size(); ++record) {
    std::size_t at = hash_text(text_of(ids[record]), kHashKey) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = static_cast<std::uint32_t>(record) + 1;
  }
}

std::size_t BatchResults::find(std::string_view id) const {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash_text(id, kHashKey) & mask; table_[at] != 0; at = (at + 1) & mask) {
    if (text_of(ids_[table_[at] - 1]) == id) return table_[at] - 1;
  }
  return ids_.size();
}

bool BatchResults::apply(std::span<const EventIdText> ids, std::span<RecordVerdict> verdicts) {
  std::ranges::fill(verdicts, RecordVerdict::delivered);
  if (has_items_) {
    for (std::size_t record = 0; record < verdicts.size(); ++record) {
      verdicts[record] = record < items_.size() ? items_[record].verdict : RecordVerdict::again;
      if (record >= items_.size() || items_[record].id.empty()) continue;
      if (record >= ids.size() || text_of(ids[record]) != items_[record].id) {
        verdicts[record] = RecordVerdict::again;
      }
    }
  }
  if (failed_ids_.empty()) return true;
  index(ids);
  for (const std::string_view id : failed_ids_) {
    const std::size_t record = find(id);
    if (record >= verdicts.size()) return false;
    if (verdicts[record] == RecordVerdict::delivered) verdicts[record] = RecordVerdict::again;
  }
  return true;
}

}  // namespace weir
