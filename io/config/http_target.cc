// What a target of kind `url` has: its address, headers, secrets and limits.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "io/config/draft.h"
#include "io/config/host_port.h"
#include "io/config/secret.h"
#include "io/config/url.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 2> kAuthKeys = {"bearer", "basic"};
constexpr std::array<std::string_view, 2> kBasicKeys = {"user", "password"};
constexpr std::array<std::string_view, 1> kSignKeys = {"standard_webhooks"};
constexpr std::array<std::string_view, 5> kTlsKeys = {"ca", "verify", "server_name", "cert", "key"};

constexpr std::uint64_t kConcurrencyMost = 1024;
constexpr std::uint32_t kRateMost = 1'000'000;
constexpr Nanoseconds kTimeoutLeast = 100ms;
constexpr Nanoseconds kTimeoutMost = 5min;
constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kHeaderBytesMax = 8192;
// A signing key of Standard Webhooks: "whsec_" and base64 of 24 to 64 bytes.
constexpr std::string_view kSigningKeyPrefix = "whsec_";
constexpr std::size_t kSigningKeyBytesLeast = 24;
constexpr std::size_t kSigningKeyBytesMost = 64;
constexpr std::size_t kSigningKeysMax = 2;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::optional<std::string> header_name_fault(std::string_view name) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";  // RFC 9110, tchar
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  };
  if (!name.empty() && name.size() <= 256 && std::ranges::all_of(name, allowed)) {
    return std::nullopt;
  }
  return "the name of a header has letters, digits and '-'";
}

// Headers that frame the request, or that another key of the target makes.
std::string header_reason(const std::string& name, const Section& target) {
  constexpr std::array<std::string_view, 11> kFraming = {"host",
                                                         "content-length",
                                                         "transfer-encoding",
                                                         "content-encoding",
                                                         "connection",
                                                         "keep-alive",
                                                         "te",
                                                         "trailer",
                                                         "upgrade",
                                                         "expect",
                                                         "proxy-connection"};
  if (std::ranges::find(kFraming, name) != kFraming.end()) return "it is made for each request";
  if (name == "authorization" && target.key("auth") != nullptr) return "'auth' makes it";
  if (name.starts_with("webhook-") && target.key("sign") != nullptr) return "'sign' makes it";
  return "";
}

void read_headers(const Section& section, CatalogDraft& draft, HttpSpec& http) {
  const YamlNode* node = section.value("headers");
  if (node == nullptr) return;
  const std::string what = fmt::format("{}: headers", section.what());
  const auto named = read_names(draft.reading, *node, what, header_name_fault);
  if (named.size() > kHeadersMax) {
    return section.fault(
        *node, fmt::format("{} headers, at most {} are possible", named.size(), kHeadersMax));
  }
  for (const NamedNode& header : named) {
    const std::string name = lower(header.key->text);
    const std::string reason = header_reason(name, section);
    if (!reason.empty()) {
      section.fault(*header.key,
                    fmt::format("the header '{}' cannot be set, {}", header.key->text, reason));
      continue;
    }
    const auto same = [&](const auto& other) { return lower(other.first) == name; };
    if (std::ranges::any_of(http.headers, same)) {
      section.fault(*header.key, fmt::format("the header '{}' stands twice, case does not count: "
                                             "keep one",
                                             header.key->text));
      continue;
    }
    auto value = read_secret(*header.value, fmt::format("{}: {}", what, header.key->text), draft);
    if (value && value->reveal().size() > kHeaderBytesMax) {
      section.fault(*header.value, fmt::format("the header '{}' is longer than {} bytes",
                                               header.key->text, kHeaderBytesMax));
    } else if (value) {
      http.headers.emplace_back(header.key->text, std::move(*value));
    }
  }
}

Secret read_basic(const Section& auth, CatalogDraft& draft) {
  const auto basic = auth.section("basic", fmt::format("{}: basic", auth.what()), kBasicKeys);
  if (!basic || auth.value("basic")->kind != YamlNode::Kind::mapping) return {};
  for (const std::string_view key : kBasicKeys) {
    if (basic->key(key) == nullptr) basic->fault(basic->at(), fmt::format("'{}' is missing", key));
  }
  const std::optional<std::string> user = basic->text("user");
  if (user && user->find(':') != std::string::npos) {
    basic->fault(*basic->value("user"), "user contains a ':', which basic authentication forbids");
  }
  const YamlNode* node = basic->value("password");
  if (!user || node == nullptr) return {};
  const auto password = read_secret(*node, fmt::format("{}: password", basic->what()), draft);
  if (!password) return {};
  return Secret("Basic " + base64(*user + ":" + password->reveal()));
}

void read_auth(const Section& section, CatalogDraft& draft, HttpSpec& http) {
  const auto auth = section.section("auth", fmt::format("{}: auth", section.what()), kAuthKeys);
  if (!auth || section.value("auth")->kind != YamlNode::Kind::mapping) return;
  const auto kind = read_kind(*auth, kAuthKeys);
  if (!kind) return;
  if (*kind == "basic") {
    http.authorization = read_basic(*auth, draft);
    return;
  }
  const auto token =
      read_secret(*auth->value("bearer"), fmt::format("{}: bearer", auth->what()), draft);
  if (token) http.authorization = Secret("Bearer " + token->reveal());
}

void read_signing_key(const YamlNode& node, const std::string& what, CatalogDraft& draft,
                      HttpSpec& http) {
  const auto text = read_secret(node, what, draft);
  if (!text) return;
  const std::string& key = text->reveal();
  const auto bytes = key.starts_with(kSigningKeyPrefix)
                         ? from_base64(key.substr(kSigningKeyPrefix.size()))
                         : Result<std::string>(Error{});
  if (!bytes || bytes->size() < kSigningKeyBytesLeast || bytes->size() > kSigningKeyBytesMost) {
    draft.reading.fault(
        node,
        fmt::format("{} is no key of Standard Webhooks: 'whsec_' and {} to {} bytes in base64 "
                    "are needed",
                    what, kSigningKeyBytesLeast, kSigningKeyBytesMost));
    return;
  }
  http.signing_keys.emplace_back(*bytes);
}

void read_sign(const Section& section, CatalogDraft& draft, HttpSpec& http) {
  const auto sign = section.section("sign", fmt::format("{}: sign", section.what()), kSignKeys);
  if (!sign || section.value("sign")->kind != YamlNode::Kind::mapping) return;
  const YamlNode* node = sign->value("standard_webhooks");
  const std::string what = fmt::format("{}: standard_webhooks", sign->what());
  if (node == nullptr) {
    sign->fault(sign->at(), "'standard_webhooks' is missing, the key to sign with");
  } else if (node->kind != YamlNode::Kind::sequence) {
    read_signing_key(*node, what, draft, http);
  } else if (node->children.empty() || node->children.size() > kSigningKeysMax) {
    sign->fault(*node, "standard_webhooks takes one key, or two while the one replaces the other");
  } else {
    for (const std::uint32_t child : node->children) {
      read_signing_key(draft.reading.tree.node(child), what, draft, http);
    }
  }
}

std::string read_tls_file(const Section& tls, std::string_view key, CatalogDraft& draft) {
  const auto written = tls.text(key);
  if (!written) return "";
  const std::string path = in_folder(draft.folder, *written);
  const YamlNode& at = *tls.value(key);
  if (!draft.look_at_files) return path;
  if (key == "key") {
    look_at_secret_file(at, path, fmt::format("{}: {}", tls.what(), key), draft.reading);
  } else if (::access(path.c_str(), R_OK) != 0) {
    tls.fault(at, fmt::format("the file '{}' cannot be read", shown(at.text)));
  }
  return path;
}

void read_tls(const Section& section, CatalogDraft& draft, TargetSpec& spec) {
  if (!spec.endpoint.tls) return refuse_key(section, "tls", "the address begins with http://");
  const auto tls = section.section("tls", fmt::format("{}: tls", section.what()), kTlsKeys);
  if (!tls || section.value("tls")->kind != YamlNode::Kind::mapping) return;
  TlsSpec& into = *spec.endpoint.tls;
  into.ca_file = read_tls_file(*tls, "ca", draft);
  into.cert_file = read_tls_file(*tls, "cert", draft);
  into.key_file = read_tls_file(*tls, "key", draft);
  for (const auto& [one, other] : {std::pair{"cert", "key"}, std::pair{"key", "cert"}}) {
    if (tls->key(one) == nullptr || tls->key(other) != nullptr) continue;
    tls->fault(*tls->key(one),
               fmt::format("'{}' without '{}': a client certificate needs both", one, other));
  }
  if (const auto name = tls->text("server_name")) {
    if (!parse_host_port(*name + ":443")) {
      tls->fault(*tls->value("server_name"), "server_name is no host name");
    }
    into.server_name = *name;
  }
  into.verify = tls->flag("verify").value_or(true);
  if (!into.verify) {
    draft.reading.warn(*tls->value("verify"),
                       fmt::format("{}: the peer's certificate is not verified, anybody in between "
                                   "can read the events; 'ca: FILE' trusts a certificate of your "
                                   "own",
                                   tls->what()));
  }
}

void read_rate(const Section& section, HttpSpec& http) {
  const auto written = section.scalar("rate");
  if (!written) return;
  const std::string& text = written->text;
  std::uint32_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  const bool sound = failure == std::errc{} && number >= 1 && number <= kRateMost;
  if (!sound || (unit != "/s" && unit != "/m" && unit != "/h")) {
    return section.fault(
        *written->node, fmt::format("rate is '{}', requests by time such as 300/s, 20/m or 5/h are "
                                    "needed, at most {}",
                                    shown(written->node->text), kRateMost));
  }
  http.rate = {.requests = number, .per = unit == "/s" ? 1s : unit == "/m" ? 60s : 3600s};
}

}  // namespace

void read_url_target(const Section& section, CatalogDraft& draft, TargetSpec& spec) {
  spec.kind = TargetKind::url;
  const std::optional<std::string> text = section.text("url");
  if (text) {
    Result<Url> url = parse_url(*text);
    if (url) {
      spec.endpoint.host = std::move(url->host);
      spec.endpoint.port = url->port;
      if (url->https) spec.endpoint.tls.emplace();
      spec.http.authority = std::move(url->authority);
      spec.http.path = Secret(std::move(url->path));
    } else {
      section.fault(*section.value("url"), fmt::format("url: {}", url.error().message));
    }
    if (url) read_tls(section, draft, spec);
  }
  read_headers(section, draft, spec.http);
  read_auth(section, draft, spec.http);
  read_sign(section, draft, spec.http);
  read_rate(section, spec.http);
  spec.http.gzip = section.flag("gzip").value_or(false);
  spec.http.concurrency =
      static_cast<std::uint32_t>(section.count("concurrency", 1, kConcurrencyMost).value_or(1));
  spec.http.timeout = section.duration("timeout", kTimeoutLeast, kTimeoutMost).value_or(10s);
}

}  // namespace weir
