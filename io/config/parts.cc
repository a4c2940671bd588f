// Parts that several sections of the configuration have in common.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/nearest.h"
#include "io/config/draft.h"
#include "io/config/host_port.h"

namespace weir {
namespace {

constexpr std::size_t kCongestionBytesMax = 15;  // TCP_CA_NAME_MAX less the end

std::string unknown_name(std::string_view kind, std::string_view name,
                         const std::vector<std::string_view>& known) {
  const std::string_view meant = nearest(name, known);
  if (!meant.empty()) {
    return fmt::format("{} '{}' does not exist, did you mean '{}'?", kind, shown(name), meant);
  }
  if (known.empty()) {
    return fmt::format("{} '{}' does not exist, '{}s' declares none", kind, shown(name), kind);
  }
  constexpr std::size_t kListed = 8;
  const auto listed = std::span(known).first(std::min(known.size(), kListed));
  return fmt::format("{} '{}' does not exist, there is {}{}", kind, shown(name), list_words(listed),
                     known.size() > kListed ? " and more" : "");
}

}  // namespace

BusId read_bus(const Section& section, CatalogDraft& draft) {
  const std::optional<std::string> name = section.text("bus");
  if (!name) return BusId(0);
  const auto& buses = draft.catalog.buses;
  const auto found = std::ranges::find(buses, *name, &BusSpec::name);
  if (found != buses.end()) return BusId(static_cast<std::uint16_t>(found - buses.begin()));
  std::vector<std::string_view> known;
  for (const BusSpec& bus : buses) known.push_back(bus.name);
  const YamlNode& at = *section.value("bus");
  section.fault(at, at.text == *name ? unknown_name("bus", *name, known)
                                     : fmt::format("bus '{}' does not exist", shown(at.text)));
  return BusId(0);
}

std::string unknown_target(const Scalar& name, const CatalogDraft& draft) {
  if (name.text != name.node->text) {
    return fmt::format("target '{}' does not exist", shown(name.node->text));
  }
  std::vector<std::string_view> known;
  for (const TargetSpec& target : draft.catalog.targets) known.push_back(target.name);
  return unknown_name("target", name.text, known);
}

std::vector<TargetId> read_rule_targets(const YamlNode& node, const std::string& what,
                                        CatalogDraft& draft) {
  std::vector<TargetId> targets;
  const auto names = read_scalars(draft.reading, node, what);
  if (!names) return targets;
  for (const Scalar& name : *names) {
    const auto found = draft.targets_by_name.find(name.text);
    if (found == draft.targets_by_name.end()) {
      draft.reading.fault(*name.node, fmt::format("{}: {}", what, unknown_target(name, draft)));
      continue;
    }
    if (std::ranges::find(targets, found->second) != targets.end()) {
      draft.reading.fault(*name.node, fmt::format("{}: target '{}' is named twice, keep one", what,
                                                  shown(name.node->text)));
      continue;
    }
    draft.targets[found->second.value].is_used = true;
    targets.push_back(found->second);
  }
  std::ranges::sort(targets);
  return targets;
}

std::optional<Endpoint> read_tcp(const Section& section, bool listens, std::string_view key) {
  const std::optional<std::string> text = section.text(key);
  if (!text) return std::nullopt;
  const YamlNode& at = *section.value(key);
  const std::string given = shown(at.text);
  const Result<HostPort> host_port = parse_host_port(*text);
  if (!host_port) {
    section.fault(at, fmt::format("{} is '{}': {}", key, given, host_port.error().message));
    return std::nullopt;
  }
  if (!listens && host_port->port == 0) {
    section.fault(at, fmt::format("{} is '{}': nothing can be sent to port 0", key, given));
    return std::nullopt;
  }
  if (!listens && is_wildcard_host(host_port->host)) {
    section.fault(at, fmt::format("{} is '{}': an address to send to is needed, such as 127.0.0.1",
                                  key, given));
    return std::nullopt;
  }
  if (listens && !is_numeric_host(host_port->host) && host_port->host != "localhost") {
    section.fault(at, fmt::format("{} is '{}': a source listens on an address such as 127.0.0.1 "
                                  "or [::1], not on a name",
                                  key, given));
    return std::nullopt;
  }
  return Endpoint{.kind = Endpoint::Kind::tcp,
                  .host = host_port->host,
                  .port = host_port->port,
                  .congestion = {}};
}

std::optional<Endpoint> read_unix(const Section& section) {
  const std::optional<std::string> path = section.text("unix");
  if (!path) return std::nullopt;
  constexpr std::size_t kPathMax = sizeof(sockaddr_un::sun_path) - 1;
  if (path->size() > kPathMax) {
    section.fault(*section.value("unix"),
                  fmt::format("the path of a unix socket has at most {} bytes", kPathMax));
    return std::nullopt;
  }
  return Endpoint{.kind = Endpoint::Kind::unix_socket, .host = *path, .port = 0, .congestion = {}};
}

void read_congestion(const Section& section, bool is_tcp, Endpoint& endpoint) {
  if (!is_tcp) return refuse_key(section, "congestion", "only tcp has it");
  const std::optional<std::string> name = section.text("congestion");
  if (!name) return;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (name->size() > kCongestionBytesMax || !std::ranges::all_of(*name, allowed)) {
    return section.fault(
        *section.value("congestion"),
        fmt::format("congestion is '{}', the name of a congestion control such as cubic or bbr is "
                    "needed",
                    shown(section.value("congestion")->text)));
  }
  endpoint.congestion = *name;
}

std::optional<std::string_view> read_kind(const Section& section,
                                          std::span<const std::string_view> kinds) {
  std::optional<std::string_view> found;
  for (const std::string_view kind : kinds) {
    if (section.key(kind) == nullptr) continue;
    if (found) {
      section.fault(*section.key(kind),
                    fmt::format("has both '{}' and '{}', keep one of them", *found, kind));
      return std::nullopt;
    }
    found = kind;
  }
  if (!found) section.fault(section.at(), fmt::format("needs one of {}", list_words(kinds)));
  return found;
}

void read_switch(const Section& section, std::string_view key) {
  const std::optional<bool> on = section.flag(key);
  if (on && !*on) {
    section.fault(*section.value(key), fmt::format("{} can only be true", key));
  }
}

void refuse_unfinished(const Section& section, std::span<const std::string_view> keys,
                       const CatalogDraft& draft) {
  if (draft.allow_unfinished) return;
  for (const std::string_view key : keys) {
    if (section.key(key) == nullptr) continue;
    section.fault(*section.key(key), fmt::format("'{}' is not available in this build yet", key));
  }
}

void refuse_key(const Section& section, std::string_view key, std::string_view reason) {
  if (section.key(key) == nullptr) return;
  section.fault(*section.key(key), fmt::format("'{}' has no meaning here, {}", key, reason));
}

void look_at_output(const Section& section, const YamlNode& at, const std::string& path) {
  struct stat status {};
  const std::string given = shown(at.text);
  if (path.ends_with('/') || (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))) {
    return section.fault(at, fmt::format("'{}' is a directory, a file is needed", given));
  }
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  if (::stat(folder.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return section.reading().warn(
          at, fmt::format("{}: the directory of '{}' does not exist yet", section.what(), given));
    }
    return section.fault(at,
                         fmt::format("'{}' cannot be written: {}", given, std::strerror(errno)));
  }
  if (!S_ISDIR(status.st_mode)) {
    return section.fault(
        at, fmt::format("'{}' cannot be written: what should be its directory is none", given));
  }
  const bool exists = ::access(path.c_str(), F_OK) == 0;
  if (::access(exists ? path.c_str() : folder.c_str(), exists ? W_OK : W_OK | X_OK) != 0) {
    section.fault(at, fmt::format("'{}' cannot be written: {}", given, std::strerror(errno)));
  }
}

bool is_glob(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string in_folder(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + path;
}

std::string normal_path(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

}  // namespace weir
