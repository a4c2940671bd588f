// What becomes of a target's events: how they are settled, retried, kept in order, and where they
// go when nothing helps.
#include <fmt/format.h>

#include <algorithm>

#include "core/catalog/target_buses.h"
#include "io/config/draft.h"

namespace weir {
namespace {

// As EventBridge's retry policy has them.
constexpr std::uint64_t kRetriesMost = 185;
constexpr Nanoseconds kAgeLeast = 60s;
constexpr Nanoseconds kAgeMost = 24h;
constexpr std::size_t kPathNamesMax = 32;
constexpr std::string_view kNoDeadLetter = "none";
constexpr std::string_view kBuiltInStore = "builtin";

// "detail.order.id". No escapes: a name with a dot cannot be reached.
FieldPath read_field_path(const Section& section, std::string_view key) {
  const std::optional<std::string> text = section.text(key);
  if (!text) return {};
  FieldPath path;
  std::size_t begin = 0;
  while (begin <= text->size()) {
    const std::size_t end = std::min(text->find('.', begin), text->size());
    path.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  const bool sound = path.size() <= kPathNamesMax && std::ranges::none_of(path, [](const auto& n) {
                       return n.empty() || n == "$" || n.find_first_of("[]*") != n.npos;
                     });
  if (!sound) {
    section.fault(*section.value(key),
                  fmt::format("{} is '{}', the names of members such as detail.order.id are needed",
                              key, shown(section.value(key)->text)));
    return {};
  }
  return path;
}

void read_acks(const Section& section, TargetSpec& spec) {
  if (spec.kind != TargetKind::tcp && spec.kind != TargetKind::unix_socket) {
    return refuse_key(section, "acks", "only tcp and unix have acknowledging peers");
  }
  spec.acks = section.flag("acks").value_or(false);
  if (spec.acks && spec.format != BatchFormat::ndjson) {
    section.fault(*section.value("acks"),
                  "acks count lines, which 'format: ndjson' makes of the events");
  }
}

bool is_durable(const Catalog& catalog, BusId bus) {
  return catalog.buses[bus.value].durability == Durability::fsync;
}

// The first bus in memory that the target takes from, if there is one.
const BusSpec* memory_bus_of(const Catalog& catalog, const TargetSpec& spec) {
  for (const BusId bus : spec.buses) {
    if (!is_durable(catalog, bus)) return &catalog.buses[bus.value];
  }
  return nullptr;
}

// Lag, the default of durable buses, needs the log of every bus the target takes from.
void complete_when_full(CatalogDraft& draft, TargetSpec& spec, const TargetDraft& target) {
  const Catalog& catalog = draft.catalog;
  const BusSpec* in_memory = memory_bus_of(catalog, spec);
  const bool can_lag = !catalog.data_dir.empty() && in_memory == nullptr;
  if (target.when_full == nullptr) {
    spec.when_full = can_lag ? WhenFull::lag : WhenFull::block;
  } else if (spec.when_full == WhenFull::lag && !can_lag && !draft.data_dir_is_faulty) {
    draft.reading.fault(
        *target.when_full,
        fmt::format("target '{}': when_full is 'lag', which reads from the log later, and {}: "
                    "make the bus durable by 'data_dir', or write block or shed",
                    spec.name,
                    in_memory == nullptr ? "there is no 'data_dir' to keep one in"
                                         : "bus '" + in_memory->name + "' is held in memory"));
  }
}

void complete_bus_target(CatalogDraft& draft, const TargetSpec& spec, const TargetDraft& target) {
  if (spec.kind != TargetKind::bus || draft.data_dir_is_faulty) return;
  const Catalog& catalog = draft.catalog;
  const bool to_durable = is_durable(catalog, spec.to_bus);
  const auto other = std::ranges::find_if(
      spec.buses, [&](BusId from) { return is_durable(catalog, from) != to_durable; });
  if (other != spec.buses.end()) {
    const std::string& from = catalog.buses[other->value].name;
    const std::string& to = catalog.buses[spec.to_bus.value].name;
    draft.reading.fault(
        *target.key,
        fmt::format("target '{}' leads from bus '{}' to bus '{}', and bus '{}' is held in memory: "
                    "both must be durable ('data_dir', durability: fsync), or neither",
                    spec.name, from, to, to_durable ? from : to));
  } else if (target.when_full != nullptr && spec.when_full != WhenFull::lag) {
    draft.reading.fault(*target.when_full,
                        fmt::format("target '{}': a bus is never full, leave 'when_full' out: what "
                                    "is behind it has its own",
                                    spec.name));
  }
}

void complete_dead_letter(CatalogDraft& draft, TargetSpec& spec, const TargetDraft& target) {
  DeadLetterSpec& into = spec.dead_letter;
  const bool has_store = !draft.catalog.data_dir.empty();
  if (target.dead_letter == nullptr) {
    into.kind = has_store ? DeadLetterSpec::Kind::store : DeadLetterSpec::Kind::none;
    return;
  }
  const std::string& name = target.dead_letter_name;
  if (name.empty()) return;
  if (name != kNoDeadLetter && !has_store) {
    if (draft.data_dir_is_faulty) return;
    draft.reading.fault(
        *target.dead_letter,
        fmt::format("target '{}': dead letters are written to 'data_dir' first, and there is none: "
                    "set it, or write none, which drops the events",
                    spec.name));
    return;
  }
  if (name == kBuiltInStore) {
    into.kind = DeadLetterSpec::Kind::store;
    return;
  }
  if (name == kNoDeadLetter) {
    draft.reading.warn(*target.dead_letter,
                       fmt::format("target '{}': dead_letter is none: an event that cannot be "
                                   "delivered is dropped and counted",
                                   spec.name));
    return;
  }
  const auto found = draft.targets_by_name.find(name);
  if (found == draft.targets_by_name.end()) {
    const Scalar written{.text = name, .node = target.dead_letter};
    draft.reading.fault(*target.dead_letter,
                        fmt::format("target '{}': dead_letter: {}; 'builtin' is the store of "
                                    "data_dir, 'none' drops the events",
                                    spec.name, unknown_target(written, draft)));
    return;
  }
  if (draft.catalog.targets[found->second.value].kind == TargetKind::bus) {
    draft.reading.fault(*target.dead_letter,
                        fmt::format("target '{}': dead_letter: '{}' is a bus, which takes events "
                                    "and no dead letters: name a target that is none",
                                    spec.name, name));
    return;
  }
  into = {.kind = DeadLetterSpec::Kind::target, .target = found->second, .name = name};
  draft.targets[found->second.value].is_used = true;
}

// Without a directory there is no store. Who is no url tries for ever then, and says so here.
void look_at_limits(CatalogDraft& draft, const TargetSpec& spec, const TargetDraft& target) {
  if (!draft.catalog.data_dir.empty() || draft.data_dir_is_faulty) return;
  if (target.retry_key != nullptr && spec.kind != TargetKind::url) {
    draft.reading.fault(*target.retry_key,
                        fmt::format("target '{}': without 'data_dir' it tries for ever, because "
                                    "there is no store for what it gives up: set 'data_dir', or "
                                    "leave '{}' out",
                                    spec.name, target.retry_key->text));
  }
  const bool gives_up = spec.kind == TargetKind::url || spec.acks;
  if (!gives_up || target.dead_letter != nullptr) return;
  draft.reading.warn(*target.key,
                     fmt::format("target '{}': without 'data_dir' there is no store for dead "
                                 "letters, an event that cannot be delivered is dropped and "
                                 "counted",
                                 spec.name));
}

}  // namespace

void read_delivery(const Section& section, TargetSpec& spec, TargetDraft& target) {
  read_acks(section, spec);
  spec.retry.retries_max = static_cast<std::uint32_t>(
      section.count("retries", 0, kRetriesMost).value_or(spec.retry.retries_max));
  spec.retry.age_max =
      section.duration("max_age", kAgeLeast, kAgeMost).value_or(spec.retry.age_max);
  for (const std::string_view key : {"retries", "max_age"}) {
    if (target.retry_key == nullptr) target.retry_key = section.key(key);
  }
  if (spec.kind == TargetKind::discard || spec.kind == TargetKind::standard_output) {
    for (const std::string_view key : {"retries", "max_age"}) {
      refuse_key(section, key, "such a target never gives an event up");
    }
    target.retry_key = nullptr;
  }
  if (section.key("dead_letter") != nullptr) {
    target.dead_letter = section.value("dead_letter");
    target.dead_letter_name = section.text("dead_letter").value_or("");
  }
  if (spec.kind == TargetKind::url) {
    spec.order_by = read_field_path(section, "order_by");
  } else {
    refuse_key(section, "order_by", "only a url needs it: others keep the order of all events");
  }
  refuse_key(section, "partition_key",
             "no kind of target has partitions; 'order_by' of a url keeps the order of each key");
}

void complete_targets(CatalogDraft& draft) {
  find_target_buses(draft.catalog);
  for (std::size_t i = 0; i < draft.catalog.targets.size(); ++i) {
    TargetSpec& spec = draft.catalog.targets[i];
    const TargetDraft& target = draft.targets[i];
    complete_when_full(draft, spec, target);
    complete_bus_target(draft, spec, target);
    complete_dead_letter(draft, spec, target);
    look_at_limits(draft, spec, target);
  }
  check_cycles(draft);
}

}  // namespace weir
