// BatchResults: what the body of a 2xx answer says about single records of the batch.
//
//     {"batchItemFailures":[{"itemIdentifier":"ID"}]}   only these failed; ID is the event's id
//     {"results":[true,{"status":503,"error":"..."}]}    one for each record, in their order
//
// A body that is no JSON object, or has neither member, says nothing: then all are delivered, by
// the status. One result is
//     true, false, a status number, or an object with any of
//     "ok"/"success" (boolean), "status"/"statusCode" (a number, "ok" or "success"),
//     "error"/"errorCode"/"errorMessage" (null: none), "id"/"itemIdentifier" (the event's id).
// It must say that the record was taken, and nothing against it; a result that says nothing, or
// contradicts itself, or stands beside another id, counts as failed, as does a missing one. An
// unknown id, more results than records or a broken body: all failed, because nobody can tell
// which.
//
// Threads: one. Lifetime: reused; refers to the body until the next read(). No allocation for each
// record once the lists have their size.
// Source: "partial batch response" of AWS Lambda's event source mappings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/wire/render.h"

namespace weir {

class JsonScanner;

enum class RecordVerdict : std::uint8_t {
  delivered,
  again,   // failed, may pass later
  refused  // failed for good
};

class BatchResults {
 public:
  enum class Reading : std::uint8_t { none, read, broken };
  // The body of the answer to a batch of so many records.
  Reading read(std::string_view body, std::size_t records);
  // apply() needs the ids of the records.
  bool wants_ids() const { return !failed_ids_.empty() || named_; }
  // After Reading::read: one verdict for each record. `ids` may be empty unless wants_ids(). False:
  // nobody can tell which failed, so all did.
  bool apply(std::span<const EventIdText> ids, std::span<RecordVerdict> verdicts);
  // What the answer says about a record that did not pass, as it stands in the JSON; may be empty.
  std::string_view message(std::size_t record) const {
    return record < items_.size() ? items_[record].message : std::string_view();
  }

 private:
  struct Item {
    RecordVerdict verdict = RecordVerdict::again;
    std::string_view id;
    std::string_view message;
  };
  // What the members of one result say together.
  struct Signs {
    bool good = false;
    bool bad = false;
    bool permanent = false;
  };
  bool read_failures(JsonScanner& scanner);
  bool read_results(JsonScanner& scanner);
  bool read_item(JsonScanner& scanner, Item& item);
  static void note_status(int status, Signs& signs);
  std::size_t find(std::string_view id) const;
  void index(std::span<const EventIdText> ids);

  std::vector<std::string_view> failed_ids_;
  std::vector<Item> items_;
  bool has_items_ = false;
  bool named_ = false;  // an item carries an id
  std::size_t records_ = 0;
  std::span<const EventIdText> ids_;
  std::vector<std::uint32_t> table_;  // open addressing: record + 1, or 0
};

}  // namespace weir
