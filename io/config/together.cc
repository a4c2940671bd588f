// What only shows once all parts of a configuration are known: two that want the same port or file,
// and parts that nothing uses.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>

#include "io/config/draft.h"
#include "io/config/host_port.h"

namespace weir {
namespace {

std::uint32_t line_of(const CatalogDraft& draft, const YamlNode* at) {
  return draft.reading.source.fault(at->offset, "").line;
}

std::string canonical_host(const std::string& host) {
  return host == "localhost" ? "127.0.0.1" : host;
}

bool clash(const Endpoint& a, const Endpoint& b) {
  if (a.kind != b.kind || a.host.empty() || b.host.empty()) return false;
  if (a.kind == Endpoint::Kind::unix_socket) return normal_path(a.host) == normal_path(b.host);
  if (a.port != b.port || a.port == 0) return false;
  return canonical_host(a.host) == canonical_host(b.host) || is_wildcard_host(a.host) ||
         is_wildcard_host(b.host);
}

bool listens(const SourceSpec& source) {
  return source.kind == SourceKind::tcp || source.kind == SourceKind::unix_socket ||
         source.kind == SourceKind::http;
}

void check_listeners(CatalogDraft& draft) {
  const auto& sources = draft.catalog.sources;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!listens(sources[i])) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (!listens(sources[j]) || !clash(sources[i].listen, sources[j].listen)) continue;
      draft.reading.fault(
          *draft.source_at[i],
          fmt::format("source '{}' listens on {}, as source '{}' in line {} does: give it another",
                      sources[i].name, to_string(sources[i].listen), sources[j].name,
                      line_of(draft, draft.source_at[j])));
      break;
    }
  }
}

void check_standard_input(CatalogDraft& draft) {
  const std::string* first = nullptr;
  for (std::size_t i = 0; i < draft.catalog.sources.size(); ++i) {
    const SourceSpec& source = draft.catalog.sources[i];
    if (source.kind != SourceKind::standard_input) continue;
    if (first != nullptr) {
      draft.reading.fault(*draft.source_at[i],
                          fmt::format("source '{}' reads standard input, as source '{}' does: one "
                                      "is possible",
                                      source.name, *first));
    }
    first = &source.name;
  }
}

// Files that are written: each by one alone, and by none that is read again.
void check_outputs(CatalogDraft& draft) {
  std::map<std::string, std::string> writers;
  const auto claim = [&](const YamlNode* at, const std::string& path, std::string who) {
    const auto [earlier, is_new] = writers.emplace(normal_path(path), who);
    if (is_new) return;
    draft.reading.fault(*at, fmt::format("{} writes '{}', as {} does: give it another file", who,
                                         shown(path), earlier->second));
  };
  const std::string* standard_output = nullptr;
  const auto& targets = draft.catalog.targets;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].kind == TargetKind::file && !targets[i].path.empty()) {
      claim(draft.targets[i].key, targets[i].path, fmt::format("target '{}'", targets[i].name));
    }
    if (targets[i].kind != TargetKind::standard_output) continue;
    if (standard_output != nullptr) {
      draft.reading.fault(*draft.targets[i].key,
                          fmt::format("target '{}' writes standard output, as target '{}' does: "
                                      "one is possible",
                                      targets[i].name, *standard_output));
    }
    standard_output = &targets[i].name;
  }
  const auto& sources = draft.catalog.sources;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].rejects.empty()) continue;
    claim(draft.source_at[i], sources[i].rejects,
          fmt::format("the rejects of source '{}'", sources[i].name));
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].kind != SourceKind::file || sources[i].path.empty()) continue;
    const std::string pattern = normal_path(sources[i].path);
    for (const auto& [path, who] : writers) {
      if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) != 0) continue;
      draft.reading.fault(*draft.source_at[i],
                          fmt::format("source '{}' reads '{}', which {} writes: events would go "
                                      "round for ever",
                                      sources[i].name, shown(path), who));
      break;
    }
  }
}

// A target that sends to a source of the same process: a loop, unless the buses part it.
void warn_of_loops(CatalogDraft& draft) {
  const auto& targets = draft.catalog.targets;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].kind != TargetKind::tcp && targets[i].kind != TargetKind::unix_socket) continue;
    for (const SourceSpec& source : draft.catalog.sources) {
      if (!listens(source) || !clash(targets[i].endpoint, source.listen)) continue;
      draft.reading.warn(*draft.targets[i].key,
                         fmt::format("target '{}' sends to source '{}' of this configuration: see "
                                     "that no event goes round for ever",
                                     targets[i].name, source.name));
    }
  }
}

void warn_of_unused(const Section& root, CatalogDraft& draft) {
  const Catalog& catalog = draft.catalog;
  // Requests bring events to any bus, and rules that use any target.
  const bool has_api = std::ranges::any_of(
      catalog.sources, [](const SourceSpec& source) { return source.kind == SourceKind::http; });
  if (has_api) return;
  std::vector<bool> has_rule(catalog.buses.size(), false);
  std::vector<bool> has_source(catalog.buses.size(), false);
  for (const RuleSpec& rule : catalog.rules) has_rule[rule.bus.value] = true;
  for (std::size_t i = 0; i < catalog.sources.size(); ++i) {
    const BusId bus = catalog.sources[i].bus;
    has_source[bus.value] = true;
    if (!has_rule[bus.value]) {
      draft.reading.warn(*draft.source_at[i],
                         fmt::format("bus '{}' of source '{}' has no rule, none of its events goes "
                                     "anywhere",
                                     catalog.buses[bus.value].name, catalog.sources[i].name));
    }
  }
  for (std::size_t i = 0; i < catalog.targets.size(); ++i) {
    const TargetSpec& target = catalog.targets[i];
    if (target.kind != TargetKind::bus) continue;
    has_source[target.to_bus.value] = true;
    if (!has_rule[target.to_bus.value]) {
      draft.reading.warn(*draft.targets[i].key,
                         fmt::format("bus '{}' of target '{}' has no rule, none of its events goes "
                                     "anywhere",
                                     catalog.buses[target.to_bus.value].name, target.name));
    }
  }
  for (std::size_t i = 0; i < catalog.buses.size(); ++i) {
    if (!has_rule[i] || has_source[i]) continue;
    const YamlNode* at = i < draft.bus_at.size() ? draft.bus_at[i] : nullptr;
    draft.reading.warn(at != nullptr ? *at : *root.key("sources"),
                       fmt::format("bus '{}' has rules and no source", catalog.buses[i].name));
  }
  for (std::size_t i = 0; i < catalog.targets.size(); ++i) {
    if (draft.targets[i].is_used) continue;
    draft.reading.warn(*draft.targets[i].key,
                       fmt::format("target '{}' is used by no rule", catalog.targets[i].name));
  }
}

}  // namespace

void check_together(const Section& root, CatalogDraft& draft) {
  check_listeners(draft);
  check_standard_input(draft);
  check_outputs(draft);
  if (!draft.reading.faults.empty()) return;  // the rest would be guesses
  warn_of_loops(draft);
  warn_of_unused(root, draft);
}

}  // namespace weir
