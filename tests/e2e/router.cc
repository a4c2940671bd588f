#include "tests/e2e/router.h"

#include <gtest/gtest.h>

#include <csignal>

namespace weir::e2e {

Json new_config() {
  return {{"sources", {{"in", {{"tcp", "127.0.0.1:0"}, {"format", "ndjson"}, {"bus", "default"}}}}},
          {"rules", Json::object()},
          {"targets", Json::object()},
          {"pipeline", {{"threads", 2}, {"pin", false}}}};
}

Json any_event() {
  return {{"id", {{{"exists", true}}}}};
}

void add_rule(Json& config, const std::string& name, const Json& pattern,
              const std::vector<std::string>& targets, const std::string& bus) {
  config["rules"][name] = {{"bus", bus}, {"pattern", pattern.dump()}, {"targets", targets}};
}

void add_tcp_target(Json& config, const std::string& name, std::uint16_t port) {
  config["targets"][name] = {{"tcp", "127.0.0.1:" + std::to_string(port)},
                             {"batch", {{"max_wait", "10ms"}}}};
}

void add_file_target(Json& config, const std::string& name, const std::string& path) {
  config["targets"][name] = {{"file", path}, {"batch", {{"max_wait", "10ms"}}}};
}

Router::Router(const TempDir& directory, const Json& config, const ProcessOptions& options,
               const std::string& name)
    : config_path_(directory.file(name + ".yaml")), report_path_(directory.file(name + ".json")) {
  write_file(config_path_, config.dump(2));
  for (const auto& [source, spec] : config["sources"].items()) {
    for (const char* kind : {"tcp", "unix", "http"}) listeners_ += spec.contains(kind) ? 1U : 0U;
  }
  process_ = std::make_unique<Process>(
      directory, name, std::vector<std::string>{"run", config_path_, "--report", report_path_},
      options);
}

std::uint16_t Router::port(std::string_view source) {
  for (const Listening& place : process_->listening(listeners_)) {
    if (place.source == source) return place.port();
  }
  ADD_FAILURE() << "no source '" << source << "' listens";
  return 0;
}

void Router::reload_text(const std::string& config_text) {
  // As an editor does it: the router never reads half a file.
  write_file(config_path_ + ".new", config_text);
  EXPECT_EQ(std::rename((config_path_ + ".new").c_str(), config_path_.c_str()), 0);
  process_->signal(SIGHUP);
}

Json Router::stop(int exit_code) {
  process_->signal(SIGTERM);
  return finish(exit_code);
}

Json Router::finish(int exit_code) {
  EXPECT_EQ(process_->wait(), exit_code) << process_->errors();
  return read_json(report_path_);
}

void expect_conserved(const Json& report) {
  for (const auto& entry : report["targets"].items()) {
    const Json& target = entry.value();
    const auto count = [&](const char* key) { return target.value(key, std::uint64_t{0}); };
    EXPECT_EQ(count("matched") + count("returned"), count("delivered") + count("shed") +
                                                        count("dead_lettered") + count("deferred") +
                                                        count("dropped") + count("pending"))
        << entry.key() << ": " << target.dump();
  }
}

std::uint64_t accepted(const Json& report, const std::string& source) {
  return report["sources"][source].value("accepted", std::uint64_t{0});
}

std::uint64_t refused(const Json& report, const std::string& reason, const std::string& source) {
  return report["sources"][source]["refused"].value(reason, std::uint64_t{0});
}

std::uint64_t refused_total(const Json& report, const std::string& source) {
  std::uint64_t total = 0;
  for (const auto& [reason, count] : report["sources"][source]["refused"].items()) {
    total += count.get<std::uint64_t>();
  }
  return total;
}

bool arrives(const std::string& path, std::size_t bytes) {
  const bool there = eventually([&] { return file_size(path) >= bytes; });
  EXPECT_TRUE(there) << path << " holds " << file_size(path) << " bytes, not " << bytes;
  return there;
}

}  // namespace weir::e2e
