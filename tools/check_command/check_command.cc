#include "tools/check_command/check_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/cell/routing_builder.h"
#include "io/config/load.h"

namespace weir {
namespace {

constexpr int kExitConfiguration = 2;

std::string counted(std::size_t number, std::string_view what) {
  const bool ends_in_s = what.ends_with('s');
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : ends_in_s ? "es" : "s");
}

int check(const std::string& path) {
  const Result<Loaded, std::vector<Fault>> loaded = load_catalog(path);
  if (!loaded) {
    for (const Fault& fault : loaded.error()) fmt::print(stderr, "{}\n", to_string(fault));
    return kExitConfiguration;
  }
  for (Fault warning : loaded->warnings) {
    warning.message = "warning: " + warning.message;
    fmt::print(stderr, "{}\n", to_string(warning));
  }
  const Catalog& catalog = loaded->catalog;
  // What only shows when all rules of a bus are put together.
  TargetSlots slots;
  BusRules rules;
  if (const auto routing = build_routing(catalog, 1, 1, slots, rules); !routing) {
    fmt::print(stderr, "{}\n", routing.error().message);
    return kExitConfiguration;
  }
  fmt::print("{}: sound; {}, {}, {}, {}", path, counted(catalog.sources.size(), "source"),
             counted(catalog.rules.size(), "rule"), counted(catalog.targets.size(), "target"),
             counted(catalog.buses.size(), "bus"));
  if (!loaded->warnings.empty()) fmt::print("; {}", counted(loaded->warnings.size(), "warning"));
  fmt::print("\n");
  return 0;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("check", "Check a configuration without running it");
  auto path = std::make_shared<std::string>();
  command->add_option("CONFIG", *path, "The configuration file (YAML or JSON)")->required();
  command->footer(
      "Each fault is one line on standard error, FILE:LINE:COLUMN: what is wrong, what would be\n"
      "right. Exit codes: 0 sound (warnings may have been printed), 2 faults.\n"
      "\n"
      "Examples:\n"
      "  weir check weir.yaml\n"
      "  weir check /etc/weir/weir.yaml && systemctl reload weir");
  command->callback([path, &exit_code] { exit_code = check(*path); });
}

}  // namespace weir
