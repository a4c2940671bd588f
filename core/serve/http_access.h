// HttpAccess: who may do what, asked for each request; TokenAccess: by bearer tokens.
//
// Threads: any, after it was made. Source: RFC 6750.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/secret.h"
#include "core/serve/http_exchange.h"

namespace weir {

class HttpAccess {
 public:
  enum class Verdict : std::uint8_t {
    allowed,
    refused,
    needs_body,  // can only be said once the whole request is there; never then
  };
  virtual ~HttpAccess() = default;
  // `action` is "events:PutEvents", `bus` its name or empty. `whole`: the body is there.
  virtual Verdict check(const HttpRequest& request, std::string_view action, std::string_view bus,
                        bool whole) const = 0;
};

// Tokens of each source; a source without any lets everybody in (and is bound to loopback).
class TokenAccess final : public HttpAccess {
 public:
  // By SourceId.
  explicit TokenAccess(const std::vector<std::vector<Secret>>& tokens);
  Verdict check(const HttpRequest& request, std::string_view action, std::string_view bus,
                bool whole) const override;

 private:
  using Digest = std::array<unsigned char, 32>;
  static Digest digest_of(std::string_view token);
  std::vector<std::vector<Digest>> digests_;  // by SourceId
};

// The answer to who is refused.
HttpAnswer unauthorized();
// An answer that is one error: {"error":"..."}. `error` is escaped.
HttpAnswer error_answer(int status, std::string_view error);

}  // namespace weir
