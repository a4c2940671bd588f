// Fuzz target: any bytes as a configuration file. Sound or refused, never anything else; a fault
// names the file, and a sound configuration holds together.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "io/config/load.h"

namespace {

void check_delivery(const weir::Catalog& catalog, const weir::TargetSpec& target) {
  bool durable = !catalog.data_dir.empty();
  for (const weir::BusId bus : target.buses) {
    WEIR_CHECK(bus.value < catalog.buses.size());
    durable = durable && catalog.buses[bus.value].durability == weir::Durability::fsync;
  }
  WEIR_CHECK(target.when_full != weir::WhenFull::lag || durable);
  if (target.dead_letter.kind == weir::DeadLetterSpec::Kind::target) {
    WEIR_CHECK(target.dead_letter.target.value < catalog.targets.size());
  }
  if (target.kind == weir::TargetKind::bus) WEIR_CHECK(target.to_bus.value < catalog.buses.size());
  if (target.kind != weir::TargetKind::url) return;
  WEIR_CHECK(target.endpoint.port != 0 && !target.endpoint.host.empty());
  WEIR_CHECK(target.http.path.reveal().starts_with('/'));
  for (const auto& header : target.http.headers) {
    for (const char c : header.second.reveal()) WEIR_CHECK(c != '\n' && c != '\r' && c != '\0');
  }
}

void check_holds_together(const weir::Catalog& catalog) {
  WEIR_CHECK(!catalog.buses.empty() && catalog.buses.front().name == "default");
  WEIR_CHECK(!catalog.sources.empty());
  for (const weir::SourceSpec& source : catalog.sources) {
    WEIR_CHECK(source.bus.value < catalog.buses.size());
    WEIR_CHECK(source.event_bytes_limit > 0);
  }
  for (const weir::RuleSpec& rule : catalog.rules) {
    WEIR_CHECK(rule.bus.value < catalog.buses.size());
    WEIR_CHECK(!rule.pattern.empty() && !rule.name.empty());
    for (std::size_t i = 0; i < rule.targets.size(); ++i) {
      WEIR_CHECK(rule.targets[i].value < catalog.targets.size());
      WEIR_CHECK(i == 0 || rule.targets[i - 1] < rule.targets[i]);
    }
  }
  for (const weir::TargetSpec& target : catalog.targets) {
    WEIR_CHECK(target.batch.records_max > 0);
    WEIR_CHECK(target.batch.bytes_max > 0 && target.batch.bytes_max <= target.buffer_bytes);
    check_delivery(catalog, target);
  }
}

}  // namespace

// rule_files would make the outcome depend on the machine; look_at_files, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("rule_files") != std::string::npos) return 0;
  weir::LoadOptions options;
  options.look_at_files = false;
  options.allow_unfinished = true;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::nullopt;
    return "value of \"" + name + "\" {[1";
  };
  const auto loaded = weir::load_catalog_text("fuzz.yaml", std::move(text), options);
  if (loaded) {
    check_holds_together(loaded->catalog);
  } else {
    WEIR_CHECK(!loaded.error().empty());
    for (const weir::Fault& fault : loaded.error()) {
      WEIR_CHECK(to_string(fault).starts_with("fuzz.yaml:"));
    }
  }
  return 0;
}
