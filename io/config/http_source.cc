// A source of kind `http`: its address, who may send, how it is encrypted.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "io/config/availability.h"
#include "io/config/draft.h"
#include "io/config/host_port.h"
#include "io/config/secret.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 2> kTlsKeys = {"cert", "key"};
constexpr std::size_t kTokenBytesLeast = 16;
constexpr std::size_t kTokensMost = 1000;

// A token a line; empty lines and those that begin with # count as none.
void read_tokens(const Section& section, CatalogDraft& draft, SourceSpec& spec) {
  const std::optional<std::string> path = section.text("tokens_file");
  if (!path) return;
  const YamlNode& at = *section.value("tokens_file");
  const auto text = read_secret_lines(at, *path, section.what() + ": tokens_file", draft);
  if (!text) return;
  std::size_t line_number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t line_end = rest.find('\n');
    std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end == std::string_view::npos ? rest.size() : line_end + 1);
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const auto sound = [](char c) { return c > 0x20 && c < 0x7f; };
    if (line.size() < kTokenBytesLeast || !std::ranges::all_of(line, sound)) {
      return section.fault(
          at, fmt::format("line {} of '{}' is no token: {} or more printable characters without "
                          "blanks, such as `openssl rand -hex 32` makes",
                          line_number, shown(at.text), kTokenBytesLeast));
    }
    spec.http.tokens.emplace_back(std::string(line));
  }
  if (spec.http.tokens.empty()) {
    section.fault(at, fmt::format("'{}' has no token: write one a line", shown(at.text)));
  } else if (spec.http.tokens.size() > kTokensMost) {
    section.fault(at, fmt::format("'{}' has {} tokens, at most {} are possible", shown(at.text),
                                  spec.http.tokens.size(), kTokensMost));
  }
}

void read_server_tls(const Section& section, CatalogDraft& draft, SourceSpec& spec) {
  const auto tls = section.section("tls", fmt::format("tls of {}", section.what()), kTlsKeys);
  if (!tls) return;
  TlsServerSpec server;
  for (const auto& [key, into] :
       {std::pair{"cert", &server.cert_file}, std::pair{"key", &server.key_file}}) {
    if (tls->key(key) == nullptr) {
      tls->fault(tls->at(), fmt::format("'{}' is missing, a PEM file is needed", key));
      continue;
    }
    *into = in_folder(draft.folder, tls->text(key).value_or(""));
  }
  if (draft.look_at_files && tls->key("key") != nullptr && !server.key_file.empty()) {
    look_at_secret_file(*tls->value("key"), server.key_file, tls->what() + ": key", draft.reading);
  }
  spec.http.tls = std::move(server);
}

}  // namespace

void read_http_source(const Section& section, CatalogDraft& draft, SourceSpec& spec) {
  refuse_unfinished(section, kUnfinishedHttpSourceKeys, draft);
  std::optional<Endpoint> endpoint = read_tcp(section, true, "http");
  spec.allow_public = section.flag("allow_public").value_or(false);
  read_tokens(section, draft, spec);
  spec.http.strict_bus = section.flag("strict_bus").value_or(false);
  read_server_tls(section, draft, spec);
  if (!endpoint) return;
  spec.listen = std::move(*endpoint);
  if (is_loopback_host(spec.listen.host)) return;
  const YamlNode& at = *section.value("http");
  if (!spec.allow_public && !spec.http.tls) {
    section.fault(at, fmt::format("'{}' can be reached from other machines, and what is sent there "
                                  "can be read on the way: write 'allow_public: true' if that is "
                                  "meant, or listen on 127.0.0.1",
                                  shown(at.text)));
  } else if (section.key("tokens_file") == nullptr) {
    section.fault(at, fmt::format("'{}' can be reached from other machines, and anyone there could "
                                  "send: name a 'tokens_file', or listen on 127.0.0.1",
                                  shown(at.text)));
  }
}

}  // namespace weir
