// The `targets` of a configuration.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/config/draft.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {"tcp",     "unix", "file", "stdout",
                                                    "discard", "url",  "bus"};
constexpr std::array<std::string_view, 28> kKeys = {
    "tcp",         "unix",    "file",   "stdout",     "discard",     "url",      "bus",
    "batch",       "format",  "buffer", "when_full",  "rotate",      "acks",     "retries",
    "max_age",     "rate",    "auth",   "congestion", "dead_letter", "order_by", "partition_key",
    "concurrency", "timeout", "gzip",   "headers",    "sign",        "tls",      "arn"};
constexpr std::array<std::string_view, 3> kBatchKeys = {"max_records", "max_bytes", "max_wait"};
constexpr std::array<std::string_view, 3> kRotateKeys = {"size", "every", "compress"};
constexpr std::array<Section::Choice<BatchFormat>, 4> kFormats = {
    {{"ndjson", BatchFormat::ndjson},
     {"json-array", BatchFormat::json_array},
     {"raw", BatchFormat::raw},
     {"cloudevents-batch", BatchFormat::cloudevents_batch}}};
constexpr std::array<Section::Choice<WhenFull>, 3> kWhenFull = {
    {{"block", WhenFull::block}, {"shed", WhenFull::shed}, {"lag", WhenFull::lag}}};
// Keys that only requests have, and those that a bus has not.
constexpr std::array<std::string_view, 8> kUrlKeys = {"headers", "auth",        "sign", "gzip",
                                                      "tls",     "concurrency", "rate", "timeout"};
constexpr std::array<std::string_view, 3> kBatchingKeys = {"batch", "format", "buffer"};
constexpr std::array<std::string_view, 3> kFailureKeys = {"retries", "max_age", "dead_letter"};
constexpr std::array<Section::Choice<Compression>, 3> kCompressions = {
    {{"none", Compression::none}, {"gzip", Compression::gzip}, {"zstd", Compression::zstd}}};

constexpr std::uint64_t kBatchRecordsMost = 1'000'000;
constexpr std::uint64_t kBufferBytesLeast = 4 * kKiB;
constexpr std::uint64_t kBufferBytesMost = 64 * kGiB;
constexpr Nanoseconds kWaitMost = 1h;
constexpr std::uint64_t kRotateBytesMost = 1024 * 1024 * kGiB;
constexpr Nanoseconds kRotateEveryMost = 366 * 24h;
constexpr std::size_t kTargetsMax = 16384;

void read_kind_of_target(const Section& section, CatalogDraft& draft, TargetSpec& spec) {
  const std::optional<std::string_view> kind = read_kind(section, kKinds);
  if (!kind) return;
  if (*kind == "tcp") {
    spec.kind = TargetKind::tcp;
    spec.endpoint = read_tcp(section, false).value_or(Endpoint{});
  } else if (*kind == "unix") {
    spec.kind = TargetKind::unix_socket;
    spec.endpoint = read_unix(section).value_or(Endpoint{});
  } else if (*kind == "file") {
    spec.kind = TargetKind::file;
    spec.path = section.text("file").value_or("");
    if (!spec.path.empty() && draft.look_at_files) {
      look_at_output(section, *section.value("file"), spec.path);
    }
  } else if (*kind == "url") {
    read_url_target(section, draft, spec);
  } else if (*kind == "bus") {
    spec.kind = TargetKind::bus;
    spec.to_bus = read_bus(section, draft);
  } else {
    spec.kind = *kind == "stdout" ? TargetKind::standard_output : TargetKind::discard;
    read_switch(section, *kind);
  }
  if (spec.kind != TargetKind::file) refuse_key(section, "rotate", "only files are rotated");
  if (spec.kind != TargetKind::url) {
    for (const std::string_view key : kUrlKeys) refuse_key(section, key, "only a url has it");
  }
  if (spec.kind == TargetKind::bus) {
    for (const std::string_view key : kBatchingKeys) refuse_key(section, key, "a bus takes events");
    for (const std::string_view key : kFailureKeys) {
      refuse_key(section, key, "what is sent on to a bus cannot fail on the way");
    }
  }
  read_congestion(section, spec.kind == TargetKind::tcp, spec.endpoint);
}

// A request without a format has one event as its body, as EventBridge's have.
void read_format(const Section& section, TargetSpec& spec) {
  const bool is_url = spec.kind == TargetKind::url;
  spec.format = section.choice<BatchFormat>("format", kFormats)
                    .value_or(is_url ? BatchFormat::raw : BatchFormat::ndjson);
  if (spec.format == BatchFormat::cloudevents_batch && !is_url) {
    section.fault(*section.value("format"), "format 'cloudevents-batch' is for a url only");
  }
  if (!is_url || spec.format != BatchFormat::raw) return;
  const YamlNode* batch = section.value("batch");
  if (batch != nullptr && spec.batch.records_max > 1) {
    section.fault(*batch,
                  "the body of a request without 'format' is one event: for batches write 'format: "
                  "ndjson', json-array or cloudevents-batch");
  }
  spec.batch.records_max = 1;
}

void read_batch(const Section& section, TargetSpec& spec) {
  spec.buffer_bytes =
      section.size("buffer", kBufferBytesLeast, kBufferBytesMost).value_or(spec.buffer_bytes);
  const auto batch =
      section.section("batch", fmt::format("batch of {}", section.what()), kBatchKeys);
  std::optional<std::uint64_t> bytes;
  if (batch) {
    spec.batch.records_max = static_cast<std::uint32_t>(
        batch->count("max_records", 1, kBatchRecordsMost).value_or(spec.batch.records_max));
    spec.batch.wait_max = batch->duration("max_wait", 0ns, kWaitMost).value_or(spec.batch.wait_max);
    bytes = batch->size("max_bytes", 1, kBufferBytesMost);
    if (bytes && *bytes > spec.buffer_bytes) {
      batch->fault(
          *batch->value("max_bytes"),
          fmt::format("max_bytes is '{}' and the target's buffer {}: a batch must fit, "
                      "make 'buffer' larger or 'max_bytes' smaller",
                      shown(batch->value("max_bytes")->text), format_size(spec.buffer_bytes)));
    }
  }
  spec.batch.bytes_max = bytes.value_or(std::min(spec.batch.bytes_max, spec.buffer_bytes));
}

void read_rotate(const Section& section, TargetSpec& spec) {
  const auto rotate =
      section.section("rotate", fmt::format("rotate of {}", section.what()), kRotateKeys);
  if (!rotate || section.value("rotate")->kind != YamlNode::Kind::mapping) return;
  spec.rotate.size = rotate->size("size", 1, kRotateBytesMost).value_or(0);
  spec.rotate.every = rotate->duration("every", 1s, kRotateEveryMost).value_or(Nanoseconds(0));
  spec.rotate.compress =
      rotate->choice<Compression>("compress", kCompressions).value_or(Compression::none);
  if (rotate->key("size") == nullptr && rotate->key("every") == nullptr) {
    rotate->fault(rotate->at(), "needs 'size' or 'every', or both");
  }
}

// By what name rules of the API may call the target, instead of weir's own for it.
void read_arn(const Section& section, TargetSpec& spec) {
  const auto arn = section.text("arn");
  if (!arn) return;
  if (!arn->starts_with("arn:") || std::ranges::count(*arn, ':') < 5) {
    section.fault(*section.value("arn"),
                  fmt::format("arn: '{}' is no ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, "
                              "where '*' stands for any text",
                              shown(*arn)));
    return;
  }
  spec.arn = *arn;
}

TargetSpec read_target(const NamedNode& named, CatalogDraft& draft, TargetDraft& target) {
  const Section section(draft.reading, *named.value, *named.key,
                        fmt::format("target '{}'", named.key->text), kKeys);
  TargetSpec spec;
  spec.name = named.key->text;
  if (named.value->kind != YamlNode::Kind::mapping) return spec;
  read_kind_of_target(section, draft, spec);
  read_batch(section, spec);
  read_rotate(section, spec);
  read_format(section, spec);
  if (const auto when_full = section.choice<WhenFull>("when_full", kWhenFull)) {
    spec.when_full = *when_full;
    target.when_full = section.value("when_full");
  }
  read_delivery(section, spec, target);
  read_arn(section, spec);
  return spec;
}

}  // namespace

void read_targets(const Section& root, CatalogDraft& draft) {
  const YamlNode* node = root.value("targets");
  if (node == nullptr) return;
  const auto named = read_names(draft.reading, *node, "targets", object_name_fault);
  if (named.size() > kTargetsMax) {
    draft.reading.fault(
        *node, fmt::format("{} targets, at most {} are possible", named.size(), kTargetsMax));
    return;
  }
  for (const NamedNode& one : named) {
    const TargetId id(static_cast<std::uint16_t>(draft.catalog.targets.size()));
    draft.targets_by_name.emplace(one.key->text, id);
    TargetDraft target{.key = one.key};
    draft.catalog.targets.push_back(read_target(one, draft, target));
    draft.targets.push_back(std::move(target));
  }
}

}  // namespace weir
