#include "core/serve/http_access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "core/http/header_check.h"
#include "core/wire/json_text.h"

namespace weir {

TokenAccess::TokenAccess(const std::vector<std::vector<Secret>>& tokens) {
  for (const std::vector<Secret>& of_source : tokens) {
    std::vector<Digest>& digests = digests_.emplace_back();
    for (const Secret& token : of_source) digests.push_back(digest_of(token.reveal()));
  }
}

TokenAccess::Digest TokenAccess::digest_of(std::string_view token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

// Digests are compared, all of them and each to its end, so that time tells nothing of a token.
HttpAccess::Verdict TokenAccess::check(const HttpRequest& request, std::string_view action,
                                       std::string_view bus, bool whole) const {
  static_cast<void>(action);
  static_cast<void>(bus);
  static_cast<void>(whole);
  const std::vector<Digest>& known = digests_[request.source.value];
  if (known.empty()) return Verdict::allowed;
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view value = request.header("authorization").text;
  if (request.count("authorization") != 1 || value.size() <= kScheme.size() ||
      !same_header(value.substr(0, kScheme.size()), kScheme)) {
    return Verdict::refused;
  }
  const Digest given = digest_of(value.substr(kScheme.size()));
  bool found = false;
  for (const Digest& digest : known) {
    const bool same = CRYPTO_memcmp(digest.data(), given.data(), digest.size()) == 0;
    found = found || same;
  }
  return found ? Verdict::allowed : Verdict::refused;
}

HttpAnswer unauthorized() {
  HttpAnswer answer = error_answer(401, "a bearer token is needed, and this is none of ours");
  answer.headers = "WWW-Authenticate: Bearer\r\n";
  return answer;
}

HttpAnswer error_answer(int status, std::string_view error) {
  return {.status = status, .body = R"({"error":")" + json_escaped(error) + "\"}\n"};
}

}  // namespace weir
