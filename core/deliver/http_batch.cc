#include "core/deliver/http_batch.h"

#include <algorithm>
#include <chrono>

#include "core/base/check.h"

namespace weir {
namespace {

constexpr std::uint64_t kCapacityFirst = 4 * kKiB;

constexpr std::string_view kCloudBeforeId = R"({"specversion":"1.0","id":")";
constexpr std::string_view kCloudBeforeTime =
    R"(","source":"weir","type":"weir.event","datacontenttype":"application/json","time":")";
constexpr std::string_view kCloudBeforeData = R"(","data":)";
constexpr std::uint64_t kCloudBytes = kCloudBeforeId.size() + kEventIdBytes +
                                      kCloudBeforeTime.size() + kEventTimeBytes +
                                      kCloudBeforeData.size() + 1;

}  // namespace

HttpFormat HttpFormat::of(const TargetSpec& spec, std::size_t head_room) {
  HttpFormat format;
  format.format = spec.format;
  format.single = spec.batch.records_max <= 1;
  format.head_room = head_room;
  format.around = spec.format == BatchFormat::cloudevents_batch ? kCloudBytes + 1 : 1;
  return format;
}

void HttpBatch::append(const HttpFormat& format, const EventIdText& id, WallTime accepted,
                       std::string_view event, std::uint32_t serial) {
  if (format.format == BatchFormat::cloudevents_batch) {
    append_cloud_event(id, accepted, event, serial);
  } else {
    append(format, event.data(), static_cast<std::uint32_t>(event.size()), serial);
  }
}

void HttpBatch::append_cloud_event(const EventIdText& id, WallTime accepted, std::string_view event,
                                   std::uint32_t serial) {
  char* out = memory.get() + end;
  const auto add = [&](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  const auto seconds = std::chrono::floor<std::chrono::seconds>(accepted.since_epoch).count();
  const EventTimeText time = event_time(seconds);
  *out++ = records.empty() ? '[' : ',';
  add(kCloudBeforeId);
  add({id.data(), id.size()});
  add(kCloudBeforeTime);
  add({time.data(), time.size()});
  add(kCloudBeforeData);
  records.push_back({static_cast<std::uint32_t>(out - memory.get() - head()),
                     static_cast<std::uint32_t>(event.size()), serial});
  add(event);
  *out++ = '}';
  end = static_cast<std::size_t>(out - memory.get());
}

void HttpBatch::close(const HttpFormat& format) {
  if (format.format == BatchFormat::json_array || format.format == BatchFormat::cloudevents_batch) {
    memory[end++] = ']';
  } else if (format.format == BatchFormat::ndjson && !format.single) {
    memory[end++] = '\n';
  }
  state = State::ready;
}

HttpBatchPtr HttpBatchPool::take(const HttpFormat& format, std::size_t body_bytes) {
  HttpBatchPtr batch;
  if (spare_.empty()) {
    batch = std::make_unique<HttpBatch>();
  } else {
    batch = std::move(spare_.back());
    spare_.pop_back();
    spare_bytes_ -= batch->capacity;
  }
  ++in_use_;
  batch->counted = 0;
  batch->head_room = format.head_room;
  batch->end = format.head_room;
  grow(*batch, body_bytes);
  return batch;
}

HttpBatchPtr HttpBatchPool::subset(const HttpFormat& format, const HttpBatch& from,
                                   std::span<const std::uint32_t> which) {
  std::uint64_t bytes = 0;
  for (const std::uint32_t record : which) bytes += format.bytes_of(from.records[record].length);
  HttpBatchPtr batch = take(format, bytes);
  for (const std::uint32_t record : which) {
    const RecordFacts& facts = from.facts[record];
    batch->append(format, facts.id, facts.accepted, from.event(record),
                  from.records[record].serial);
    batch->facts.push_back(facts);
    if (!from.keys.empty()) batch->keys.push_back(from.keys[record]);
    batch->oldest =
        batch->facts.size() == 1 ? facts.accepted : std::min(batch->oldest, facts.accepted);
  }
  batch->close(format);
  batch->stored = from.stored;
  batch->first_failed = from.first_failed;
  batch->first_attempt = from.first_attempt;
  batch->last_attempt = from.last_attempt;
  batch->error_code = from.error_code;
  batch->error_message = from.error_message;
  recount(*batch);
  return batch;
}

void HttpBatchPool::grow(HttpBatch& batch, std::uint64_t bytes) {
  const std::uint64_t needed = batch.end + bytes + HttpFormat::kTailBytes;
  if (needed > batch.capacity) {
    const std::uint64_t capacity =
        std::max({needed, std::uint64_t{batch.capacity} * 2, kCapacityFirst});
    auto memory = std::make_unique_for_overwrite<char[]>(capacity);
    if (batch.memory != nullptr) std::memcpy(memory.get(), batch.memory.get(), batch.end);
    batch.memory = std::move(memory);
    batch.capacity = capacity;
  }
  recount(batch);
}

void HttpBatchPool::recount(HttpBatch& batch) {
  const std::uint64_t bytes = batch.memory_bytes();
  used_bytes_ += bytes - batch.counted;
  batch.counted = bytes;
}

void HttpBatchPool::give_back(HttpBatchPtr batch) {
  WEIR_CHECK(in_use_ > 0 && used_bytes_ >= batch->counted);
  --in_use_;
  used_bytes_ -= batch->counted;
  if (spare_bytes_ + batch->capacity > spare_bytes_max_) return;
  spare_bytes_ += batch->capacity;
  HttpBatch clean;  // keeps the memory and the lists, forgets the rest
  clean.memory = std::move(batch->memory);
  clean.capacity = batch->capacity;
  clean.records = std::move(batch->records);
  clean.records.clear();
  clean.keys = std::move(batch->keys);
  clean.keys.clear();
  *batch = std::move(clean);
  spare_.push_back(std::move(batch));
}

}  // namespace weir
