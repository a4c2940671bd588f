// The `sources` of a configuration.
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/wire/flow_log.h"
#include "io/config/draft.h"
#include "io/config/host_port.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 5> kKinds = {"tcp", "unix", "file", "stdin", "http"};
constexpr std::array<std::string_view, 18> kKeys = {
    "tcp",     "unix",       "file",   "stdin",        "http",     "format",
    "bus",     "follow",     "fields", "allow_public", "envelope", "limits",
    "rejects", "congestion", "acks",   "tokens_file",  "tls",      "strict_bus"};
constexpr std::array<std::string_view, 3> kEnvelopeKeys = {"source", "detail-type", "resources"};
constexpr std::array<std::string_view, 2> kSourceLimitKeys = {"event", "body"};
// A body is held whole, and with it what it inflates to.
constexpr std::uint64_t kBodyBytesMost = 64 * kMiB;
constexpr std::array<Section::Choice<SourceFormat>, 4> kFormats = {
    {{"auto", SourceFormat::automatic},
     {"ndjson", SourceFormat::ndjson},
     {"flow-log", SourceFormat::flow_log},
     {"cloudtrail", SourceFormat::cloudtrail}}};

constexpr std::size_t kSourcesMax = 4096;

void read_listener(const Section& section, SourceSpec& spec) {
  std::optional<Endpoint> endpoint = read_tcp(section, true);
  const bool allow_public = section.flag("allow_public").value_or(false);
  if (!endpoint) return;
  if (!is_loopback_host(endpoint->host) && !allow_public) {
    section.fault(*section.value("tcp"),
                  fmt::format("'{}' can be reached from other machines, and anyone there could "
                              "send: write 'allow_public: true' if that is meant, or listen on "
                              "127.0.0.1",
                              shown(section.value("tcp")->text)));
  }
  spec.allow_public = allow_public;
  spec.listen = std::move(*endpoint);
}

void look_at_input(const Section& section, const SourceSpec& spec) {
  const YamlNode& at = *section.value("file");
  const std::string given = shown(at.text);
  if (is_glob(spec.path)) {
    glob_t found{};
    const int outcome = ::glob(spec.path.c_str(), GLOB_NOSORT, nullptr, &found);
    ::globfree(&found);
    if (outcome == GLOB_NOMATCH) {
      section.reading().warn(at,
                             fmt::format("{}: no file matches '{}' yet", section.what(), given));
    }
    return;
  }
  struct stat status {};
  if (::stat(spec.path.c_str(), &status) != 0) {
    if (spec.follow && errno == ENOENT) {
      section.reading().warn(
          at, fmt::format("{}: the file '{}' does not exist yet", section.what(), given));
      return;
    }
    section.fault(at, fmt::format("the file '{}' cannot be read: {}", given, std::strerror(errno)));
  } else if (S_ISDIR(status.st_mode)) {
    section.fault(at, fmt::format("'{}' is a directory, write '{}{}*' for the files in it", given,
                                  given, given.ends_with('/') ? "" : "/"));
  } else if (::access(spec.path.c_str(), R_OK) != 0) {
    section.fault(at, fmt::format("the file '{}' cannot be read: {}", given, std::strerror(errno)));
  }
}

void read_kind_of_source(const Section& section, CatalogDraft& draft, SourceSpec& spec) {
  const std::optional<std::string_view> kind = read_kind(section, kKinds);
  if (!kind) return;
  if (*kind == "tcp") {
    spec.kind = SourceKind::tcp;
    read_listener(section, spec);
  } else if (*kind == "unix") {
    spec.kind = SourceKind::unix_socket;
    spec.listen = read_unix(section).value_or(Endpoint{});
  } else if (*kind == "file") {
    spec.kind = SourceKind::file;
    spec.follow = section.flag("follow").value_or(false);
    spec.path = section.text("file").value_or("");
    if (!spec.path.empty() && draft.look_at_files) look_at_input(section, spec);
  } else if (*kind == "http") {
    spec.kind = SourceKind::http;
    read_http_source(section, draft, spec);
  } else {
    spec.kind = SourceKind::standard_input;
    read_switch(section, "stdin");
  }
  const bool http = spec.kind == SourceKind::http;
  if (!http) {
    refuse_key(section, "tokens_file", "only http has it");
    refuse_key(section, "tls", "only http has it");
    refuse_key(section, "strict_bus", "only http has it");
  }
  if (spec.kind != SourceKind::file) refuse_key(section, "follow", "only files are followed");
  if (spec.kind != SourceKind::tcp && !http) {
    refuse_key(section, "allow_public", "only tcp and http have it");
  }
  read_congestion(section, spec.kind == SourceKind::tcp || http, spec.listen);
  if (spec.kind != SourceKind::tcp && spec.kind != SourceKind::unix_socket) {
    refuse_key(section, "acks", "only connections are acknowledged");
  }
  spec.acks = section.flag("acks").value_or(false);
}

// The layout of flow-log lines: names in one text or as a list. Nothing is replaced in it, because
// AWS writes the fields of a format as ${name}, too.
void read_fields(const Section& section, SourceSpec& spec) {
  const YamlNode* node = section.value("fields");
  if (node == nullptr) return;
  if (spec.format != SourceFormat::flow_log && spec.format != SourceFormat::automatic) {
    return refuse_key(section, "fields", "they are of 'format: flow-log'");
  }
  if (node->kind == YamlNode::Kind::scalar) {
    spec.fields = node->text;
  } else if (node->kind == YamlNode::Kind::sequence) {
    for (const std::uint32_t child : node->children) {
      const YamlNode& entry = section.reading().tree.node(child);
      if (entry.kind != YamlNode::Kind::scalar) {
        return section.fault(entry, "an entry of fields is no name");
      }
      if (!spec.fields.empty()) spec.fields += ' ';
      spec.fields += entry.text;
    }
  } else {
    return section.fault(*node, fmt::format("fields is {}, the names of the fields are needed, "
                                            "such as 'version account-id action'",
                                            kind_name(*node)));
  }
  const Result<FlowLogLayout> layout = FlowLogLayout::from_names(spec.fields);
  if (!layout) section.fault(*node, fmt::format("fields: {}", layout.error().message));
}

void read_envelope(const Section& section, SourceSpec& spec) {
  const std::optional<Section> envelope =
      section.section("envelope", fmt::format("the envelope of {}", section.what()), kEnvelopeKeys);
  if (!envelope) return;
  EnvelopeSpec wrapped;
  for (const auto& [key, into] :
       {std::pair{"source", &wrapped.source}, std::pair{"detail-type", &wrapped.detail_type}}) {
    if (envelope->key(key) == nullptr) {
      envelope->fault(envelope->at(), fmt::format("'{}' is missing", key));
      continue;
    }
    *into = envelope->text(key).value_or("");
  }
  if (const YamlNode* node = envelope->value("resources")) {
    const auto resources =
        read_scalars(section.reading(), *node, fmt::format("{}: resources", envelope->what()));
    if (resources) {
      for (const Scalar& resource : *resources) wrapped.resources.push_back(resource.text);
    }
  }
  spec.envelope = std::move(wrapped);
}

SourceSpec read_source(const NamedNode& named, CatalogDraft& draft) {
  const Section section(draft.reading, *named.value, *named.key,
                        fmt::format("source '{}'", named.key->text), kKeys);
  SourceSpec spec;
  spec.name = named.key->text;
  if (named.value->kind != YamlNode::Kind::mapping) return spec;
  read_kind_of_source(section, draft, spec);
  if (spec.kind == SourceKind::http) {
    for (const std::string_view key : {"format", "bus", "fields", "envelope"}) {
      refuse_key(section, key, "requests to http say it themselves");
    }
    spec.format = SourceFormat::ndjson;
  } else {
    spec.format =
        section.choice<SourceFormat>("format", kFormats).value_or(SourceFormat::automatic);
    spec.bus = read_bus(section, draft);
    read_fields(section, spec);
    read_envelope(section, spec);
  }
  spec.event_bytes_limit = draft.event_bytes_limit;
  if (const auto limits = section.section("limits", fmt::format("limits of {}", section.what()),
                                          kSourceLimitKeys)) {
    spec.event_bytes_limit =
        limits->size("event", 1, kEventBytesMost).value_or(draft.event_bytes_limit);
    if (spec.kind != SourceKind::http) refuse_key(*limits, "body", "only http has bodies");
    spec.http.body_bytes_max =
        limits->size("body", 1, kBodyBytesMost).value_or(spec.http.body_bytes_max);
  }
  spec.rejects = section.text("rejects").value_or("");
  if (!spec.rejects.empty() && draft.look_at_files) {
    look_at_output(section, *section.value("rejects"), spec.rejects);
  }
  return spec;
}

}  // namespace

void read_sources(const Section& root, CatalogDraft& draft) {
  const YamlNode* node = root.value("sources");
  if (node == nullptr) {
    draft.reading.fault(root.at(),
                        "'sources' is missing: say where events come from, such as "
                        "sources: {in: {tcp: \"127.0.0.1:7000\"}}");
    return;
  }
  const auto named = read_names(draft.reading, *node, "sources", object_name_fault);
  if (named.empty() && node->kind == YamlNode::Kind::mapping && node->children.empty()) {
    draft.reading.fault(*node, "'sources' is empty, at least one is needed");
  }
  if (named.size() > kSourcesMax) {
    draft.reading.fault(
        *node, fmt::format("{} sources, at most {} are possible", named.size(), kSourcesMax));
    return;
  }
  for (const NamedNode& one : named) {
    draft.catalog.sources.push_back(read_source(one, draft));
    draft.source_at.push_back(one.key);
  }
}

}  // namespace weir
