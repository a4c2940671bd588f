// SigV4: whether a request was signed with a key of ours, by the AWS Signature Version 4.
//
// One mode only: the signature stands in the Authorization header, and the body is hashed here
// whatever the request says of its hash. So signatures in the query, unsigned and streamed bodies
// are refused, and so are session tokens, because keys here are lasting ones. What says when and
// what is asked for must be signed: host, x-amz-date and every other x-amz-* header, each there
// once.
//
// A key that is not known and a secret that is wrong get the same answer by the same work: an
// unknown id is checked against a key that nobody has, and signatures are compared in constant
// time. The same request again within the five minutes of its date is a second request: what is
// asked for must be safe to repeat, as with the service.
//
// Threads: one. Lifetime: reused; keys are derived once a day. Errors: as the service calls
// them, all with status 400; texts never show a key, a secret or what would have been right.
// Source: "Create a signed AWS API request" in the IAM user guide.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/api/aws_answer.h"
#include "core/base/units.h"
#include "core/catalog/access_key.h"
#include "core/serve/http_exchange.h"

namespace weir {

class SigV4 {
 public:
  static constexpr Nanoseconds kSkewMax = 5min;

  // Ids are different from each other. `region`: what requests must be signed for.
  SigV4(std::vector<AccessKey> keys, std::string region);
  ~SigV4();
  SigV4(const SigV4&) = delete;
  SigV4& operator=(const SigV4&) = delete;

  // The key that signed the request, which lives as long as this.
  using Outcome = std::variant<const AccessKey*, AwsError>;
  Outcome verify(const HttpRequest& request, WallTime now);

  // Whether the request has a header that could be a signature.
  static bool is_signed(const HttpRequest& request);

 private:
  using Digest = std::array<unsigned char, 32>;
  class Crypto;
  struct Authorization;
  // The derived keys of one date, in the order of keys_, and that of nobody behind them.
  struct Day {
    std::string date;
    std::vector<Digest> keys;
  };

  std::optional<AwsError> check_head(const HttpRequest& request, const Authorization& given,
                                     WallTime now);
  std::optional<AwsError> check_signed_headers(const HttpRequest& request,
                                               std::string_view signed_headers);
  void write_canonical(const HttpRequest& request, std::string_view signed_headers,
                       std::string_view body_hash);
  void write_canonical_query(std::string_view query);
  const std::vector<Digest>& keys_of(std::string_view date);
  void derive(std::string_view secret, std::string_view date, Digest& out);

  const std::vector<AccessKey> keys_;  // by id
  const std::string region_;
  std::unique_ptr<Crypto> crypto_;
  std::array<Day, 2> days_;  // no more can be within the skew
  std::string canonical_;
  std::string to_sign_;
  std::vector<std::size_t> signed_at_;  // indexes of headers, in the order of SignedHeaders
  std::vector<std::string_view> parameters_;
};

}  // namespace weir
