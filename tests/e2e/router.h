// `weir run` under test: its configuration as a value, its ports, reloads, end and report.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/peers.h"
#include "tests/e2e/process.h"

namespace weir::e2e {

// A configuration to add to: one tcp source `in` of format ndjson on any free port, two threads.
Json new_config();
// Every event that make_records() makes.
Json any_event();
void add_rule(Json& config, const std::string& name, const Json& pattern,
              const std::vector<std::string>& targets, const std::string& bus = "default");
void add_tcp_target(Json& config, const std::string& name, std::uint16_t port);
void add_file_target(Json& config, const std::string& name, const std::string& path);

class Router {
 public:
  Router(const TempDir& directory, const Json& config, const ProcessOptions& options = {},
         const std::string& name = "router");

  Process& process() { return *process_; }
  // Of a tcp source; waits until all sources that listen do.
  std::uint16_t port(std::string_view source = "in");
  std::string url(std::string_view source = "in") { return tcp_url(port(source)); }
  // Replaces the configuration and sends SIGHUP; what the router makes of it is for the test to
  // await.
  void reload_text(const std::string& config_text);
  void reload(const Json& config) { reload_text(config.dump(2)); }
  // SIGTERM, and the report. Fails the test if the exit code is another.
  Json stop(int exit_code = 0);
  // Waits for an end that comes by itself.
  Json finish(int exit_code = 0);

 private:
  std::string config_path_;
  std::string report_path_;
  std::size_t listeners_ = 0;
  std::unique_ptr<Process> process_;
};

// For every target, matched + returned = delivered + shed + dead_lettered + deferred + dropped +
// pending.
void expect_conserved(const Json& report);
std::uint64_t accepted(const Json& report, const std::string& source = "in");
std::uint64_t refused(const Json& report, const std::string& reason,
                      const std::string& source = "in");
std::uint64_t refused_total(const Json& report, const std::string& source = "in");

// Waits until the file holds at least so many bytes; fails the test if it never does.
bool arrives(const std::string& path, std::size_t bytes);

}  // namespace weir::e2e
