#include "core/api/sigv4.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "core/base/check.h"
#include "core/http/header_check.h"

namespace weir {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "events";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kNobody = "nobody has this secret, and no id leads to it";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kDateBytes = 8;
constexpr std::size_t kHashHexBytes = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::array<char, kHashHexBytes> hex_of(const std::array<unsigned char, 32>& digest) {
  std::array<char, kHashHexBytes> text{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = kHexDigits[digest[i] >> 4U];
    text[2 * i + 1] = kHexDigits[digest[i] & 15U];
  }
  return text;
}

template <std::size_t N>
std::string_view view_of(const std::array<char, N>& text) {
  return {text.data(), text.size()};
}

AwsError incomplete(std::string why) {
  return {.code = "IncompleteSignatureException", .message = std::move(why)};
}

AwsError invalid(std::string why) {
  return {.code = "InvalidSignatureException", .message = std::move(why)};
}

bool is_amz(std::string_view name) {
  constexpr std::string_view kPrefix = "x-amz-";
  return name.size() >= kPrefix.size() && same_header(name.substr(0, kPrefix.size()), kPrefix);
}

// "20261130T221500Z"
std::optional<WallTime> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char c : text.substr(at, digits)) {
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const int year = number(0, 4);
  const int month = number(4, 2);
  const int day = number(6, 2);
  const int hour = number(9, 2);
  const int minute = number(11, 2);
  const int second = number(13, 2);
  if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year > 2200) return std::nullopt;
  return WallTime{std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second)};
}

bool is_hex_hash(std::string_view text) {
  return text.size() == kHashHexBytes && std::ranges::all_of(text, [](char c) {
           return kHexDigits.find(c) != std::string_view::npos;
         });
}

// Takes the text up to `end` off `text`; nothing where there is no `end`.
std::optional<std::string_view> take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// Runs of blanks count as one.
void append_value(std::string_view value, std::string& out) {
  bool blank = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c;
  }
}

}  // namespace

// What libcrypto needs set up once.
class SigV4::Crypto {
 public:
  Crypto()
      : hash_(EVP_MD_fetch(nullptr, "SHA256", nullptr)),
        hash_context_(EVP_MD_CTX_new()),
        mac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)) {
    WEIR_CHECK(hash_ != nullptr && hash_context_ != nullptr && mac_ != nullptr);
    mac_context_ = EVP_MAC_CTX_new(mac_);
    WEIR_CHECK(mac_context_ != nullptr);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    WEIR_CHECK(EVP_MAC_CTX_set_params(mac_context_, parameters.data()) == 1);
  }
  ~Crypto() {
    EVP_MAC_CTX_free(mac_context_);
    EVP_MAC_free(mac_);
    EVP_MD_CTX_free(hash_context_);
    EVP_MD_free(hash_);
  }
  Crypto(const Crypto&) = delete;
  Crypto& operator=(const Crypto&) = delete;

  Digest hash(std::string_view text) {
    Digest digest{};
    unsigned size = 0;
    const bool done = EVP_DigestInit_ex2(hash_context_, hash_, nullptr) == 1 &&
                      EVP_DigestUpdate(hash_context_, text.data(), text.size()) == 1 &&
                      EVP_DigestFinal_ex(hash_context_, digest.data(), &size) == 1;
    WEIR_CHECK(done && size == digest.size());
    return digest;
  }

  // `key` is not empty.
  Digest mac(std::string_view key, std::string_view text) {
    Digest digest{};
    std::size_t size = 0;
    const bool done = EVP_MAC_init(mac_context_, bytes_of(key), key.size(), nullptr) == 1 &&
                      EVP_MAC_update(mac_context_, bytes_of(text), text.size()) == 1 &&
                      EVP_MAC_final(mac_context_, digest.data(), &size, digest.size()) == 1;
    WEIR_CHECK(done && size == digest.size());
    return digest;
  }
  Digest mac(const Digest& key, std::string_view text) {
    return mac({reinterpret_cast<const char*>(key.data()), key.size()}, text);
  }

 private:
  EVP_MD* hash_;
  EVP_MD_CTX* hash_context_;
  EVP_MAC* mac_;
  EVP_MAC_CTX* mac_context_ = nullptr;
};

// "AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=F"
struct SigV4::Authorization {
  std::string_view id;
  std::string_view scope;  // "DATE/REGION/SERVICE/aws4_request"
  std::string_view date;
  std::string_view region;
  std::string_view service;
  std::string_view terminator;
  std::string_view signed_headers;
  std::string_view signature;

  bool parse(std::string_view text) {
    if (!text.starts_with(kAlgorithm)) return false;
    text.remove_prefix(kAlgorithm.size());
    if (!text.starts_with(' ')) return false;
    std::string_view credential;
    constexpr std::size_t kParts = 3;
    const std::array<std::pair<std::string_view, std::string_view*>, kParts> parts = {
        {{"Credential=", &credential},
         {"SignedHeaders=", &signed_headers},
         {"Signature=", &signature}}};
    for (std::size_t i = 0; i < kParts; ++i) {
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
      std::string_view part = text;
      if (i + 1 < kParts) {
        const auto taken = take_until(text, ',');
        if (!taken) return false;
        part = *taken;
      }
      const auto& [name, value] = parts[i];
      if (!part.starts_with(name)) return false;
      *value = part.substr(name.size());
    }
    return parse_credential(credential) && is_hex_hash(signature);
  }

 private:
  bool parse_credential(std::string_view credential) {
    const auto key = take_until(credential, '/');
    if (!key || key->empty()) return false;
    id = *key;
    scope = credential;
    for (std::string_view* part : {&date, &region, &service}) {
      const auto taken = take_until(credential, '/');
      if (!taken) return false;
      *part = *taken;
    }
    terminator = credential;
    return true;
  }
};

SigV4::SigV4(std::vector<AccessKey> keys, std::string region)
    : keys_([&] {
        std::ranges::sort(keys, {}, &AccessKey::id);
        return std::move(keys);
      }()),
      region_(std::move(region)),
      crypto_(std::make_unique<Crypto>()) {}

SigV4::~SigV4() {
  for (Day& day : days_) OPENSSL_cleanse(day.keys.data(), day.keys.size() * sizeof(Digest));
}

bool SigV4::is_signed(const HttpRequest& request) {
  return request.header("authorization").text.starts_with("AWS4-");
}

void SigV4::derive(std::string_view secret, std::string_view date, Digest& out) {
  std::string first = "AWS4";
  first += secret;
  out = crypto_->mac(first, date);
  OPENSSL_cleanse(first.data(), first.size());
  for (const std::string_view part : {std::string_view(region_), kService, kTerminator}) {
    out = crypto_->mac(out, part);
  }
}

// All of them at once: whether an id was used today must not show in the time an answer takes.
const std::vector<SigV4::Digest>& SigV4::keys_of(std::string_view date) {
  for (const Day& day : days_) {
    if (day.date == date) return day.keys;
  }
  Day& day = days_[0].date < days_[1].date ? days_[0] : days_[1];
  day.date = date;
  day.keys.resize(keys_.size() + 1);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    derive(keys_[i].secret.reveal(), date, day.keys[i]);
  }
  derive(kNobody, date, day.keys.back());
  return day.keys;
}

std::optional<AwsError> SigV4::check_head(const HttpRequest& request, const Authorization& given,
                                          WallTime now) {
  if (given.service != kService || given.terminator != kTerminator) {
    return invalid("The credential's scope is to end with " + std::string(kService) + "/" +
                   std::string(kTerminator) + ".");
  }
  if (given.region != region_) {
    return invalid("The credential is scoped to another region than this one, '" + region_ + "'.");
  }
  if (request.count("x-amz-security-token") > 0) {
    return AwsError{.code = "UnrecognizedClientException",
                    .message = "There are no session tokens here: leave AWS_SESSION_TOKEN unset."};
  }
  const HttpRequest::Value date = request.header("x-amz-date");
  const auto time = parse_amz_date(date.text);
  if (request.count("x-amz-date") != 1 || !time) {
    return incomplete("X-Amz-Date is to be there once and to look like 20261130T221500Z.");
  }
  if (given.date != date.text.substr(0, kDateBytes)) {
    return invalid("The date of the credential's scope is not that of X-Amz-Date.");
  }
  const Nanoseconds off = now.since_epoch - time->since_epoch;
  if (off > kSkewMax || off < -kSkewMax) {
    return invalid("Signature " + std::string(off > kSkewMax ? "expired" : "not yet current") +
                   ": X-Amz-Date is more than 5 minutes off, check your clock.");
  }
  return check_signed_headers(request, given.signed_headers);
}

// Leaves in signed_at_ where the signed headers are. The list ends at the first name that is not
// in the request, so its length costs nothing.
std::optional<AwsError> SigV4::check_signed_headers(const HttpRequest& request,
                                                    std::string_view signed_headers) {
  signed_at_.clear();
  std::string_view last;
  bool has_host = false;
  while (true) {
    const std::size_t end = std::min(signed_headers.find(';'), signed_headers.size());
    const std::string_view name = signed_headers.substr(0, end);
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (name <= last || std::ranges::any_of(name, is_upper)) {
      return incomplete("SignedHeaders is to name headers in lower case, sorted, each once.");
    }
    const auto found = std::ranges::find_if(
        request.headers, [&](const HttpHeader& header) { return same_header(header.name, name); });
    if (found == request.headers.end() || request.count(name) != 1) {
      return invalid("A header that SignedHeaders names is to be there once.");
    }
    signed_at_.push_back(static_cast<std::size_t>(found - request.headers.begin()));
    has_host = has_host || name == "host";
    last = name;
    if (end == signed_headers.size()) break;
    signed_headers.remove_prefix(end + 1);
  }
  if (!has_host) return invalid("The header host is to be signed.");
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    if (!is_amz(request.headers[i].name)) continue;
    if (std::ranges::find(signed_at_, i) != signed_at_.end()) continue;
    return invalid("Every x-amz- header is to be signed, and to be there once.");
  }
  return std::nullopt;
}

void SigV4::write_canonical_query(std::string_view query) {
  parameters_.clear();
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (end > 0) parameters_.push_back(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  const auto parts = [](std::string_view parameter) {
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    return std::pair(parameter.substr(0, equals),
                     parameter.substr(std::min(equals + 1, parameter.size())));
  };
  std::ranges::sort(parameters_, {}, parts);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto [name, value] = parts(parameters_[i]);
    if (i > 0) canonical_ += '&';
    canonical_.append(name).append("=").append(value);
  }
}

void SigV4::write_canonical(const HttpRequest& request, std::string_view signed_headers,
                            std::string_view body_hash) {
  canonical_.assign(request.method).append("\n");
  for (const char c : request.path) {
    if (c == '/' || is_unreserved(c)) {
      canonical_ += c;
      continue;
    }
    // What came encoded is encoded again, as the service has it.
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view kUpper = "0123456789ABCDEF";
    canonical_ += '%';
    canonical_ += kUpper[byte >> 4U];
    canonical_ += kUpper[byte & 15U];
  }
  canonical_ += '\n';
  write_canonical_query(request.query);
  canonical_ += '\n';
  std::string_view rest = signed_headers;
  for (const std::size_t at : signed_at_) {
    const std::string_view name = rest.substr(0, rest.find(';'));
    canonical_.append(name).append(":");
    append_value(request.headers[at].value, canonical_);
    canonical_ += '\n';
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  canonical_.append("\n").append(signed_headers).append("\n").append(body_hash);
}

SigV4::Outcome SigV4::verify(const HttpRequest& request, WallTime now) {
  const std::size_t authorizations = request.count("authorization");
  if (request.query.find("-Signature=") != std::string_view::npos ||
      request.query.find("-Credential=") != std::string_view::npos) {
    return invalid("Signatures in the query are not taken: sign in the header Authorization.");
  }
  if (authorizations == 0) {
    return AwsError{.code = "MissingAuthenticationTokenException",
                    .message = "Requests are to be signed with a key of this server."};
  }
  Authorization given;
  if (authorizations > 1 || !given.parse(request.header("authorization").text)) {
    return incomplete(
        "Authorization is to be there once: AWS4-HMAC-SHA256 "
        "Credential=ID/DATE/REGION/events/aws4_request, SignedHeaders=..., Signature=...");
  }
  if (auto error = check_head(request, given, now)) return *std::move(error);

  const auto body_hash = hex_of(crypto_->hash(request.body_sent));
  const HttpRequest::Value said = request.header("x-amz-content-sha256");
  if (said.found && said.text != view_of(body_hash)) {
    return invalid("X-Amz-Content-Sha256 is not the hash of the body, in one piece and signed.");
  }
  write_canonical(request, given.signed_headers, view_of(body_hash));
  const auto hash = hex_of(crypto_->hash(canonical_));
  to_sign_.assign(kAlgorithm).append("\n").append(request.header("x-amz-date").text);
  to_sign_.append("\n").append(given.scope).append("\n").append(view_of(hash));

  const auto found = std::ranges::lower_bound(keys_, given.id, {}, &AccessKey::id);
  const bool known = found != keys_.end() && found->id == given.id;
  const std::vector<Digest>& keys = keys_of(given.date);
  const std::size_t key = known ? static_cast<std::size_t>(found - keys_.begin()) : keys_.size();
  const auto right = hex_of(crypto_->mac(keys[key], to_sign_));
  const bool same = CRYPTO_memcmp(right.data(), given.signature.data(), right.size()) == 0;
  if (!same || !known) {
    return invalid("The signature is not that of a key of this server: check its id and secret.");
  }
  return &*found;
}

}  // namespace weir
