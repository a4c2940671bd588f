// Helpers: loading a configuration from text, without looking at files, with a fixed environment.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/config/load.h"

namespace weir {

inline LoadOptions test_options() {
  static const std::map<std::string, std::string> kVariables = {
      {"PORT", "7100"},
      {"HOST", "127.0.0.1"},
      {"SECRET", "hunter2-{[\"\n"},
      {"NUMBER", "1e3"},
      {"WORD", "REJECT"},
      {"SIZE", "8MiB"},
      {"EMPTY", ""},
      {"TOKEN", "t0k3n"},
      {"KEY", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}};  // 0123456789abcdef01234567
  LoadOptions options;
  options.look_at_files = false;
  options.allow_unfinished = true;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    const auto found = kVariables.find(name);
    if (found == kVariables.end()) return std::nullopt;
    return found->second;
  };
  return options;
}

inline Result<Loaded, std::vector<Fault>> load_text(std::string text) {
  return load_catalog_text("weir.yaml", std::move(text), test_options());
}

inline std::vector<std::string> texts(const std::vector<Fault>& faults) {
  std::vector<std::string> lines;
  for (const Fault& fault : faults) lines.push_back(to_string(fault));
  return lines;
}

// The faults as text; empty for a sound configuration.
inline std::vector<std::string> faults_of(std::string text) {
  const auto loaded = load_text(std::move(text));
  return loaded ? std::vector<std::string>{} : texts(loaded.error());
}

}  // namespace weir
