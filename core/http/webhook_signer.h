// WebhookSigner: the signature of Standard Webhooks, so that a receiver knows who sent a request
// and when: HMAC-SHA256 over "ID.TIME.BODY", base64, one for each key (two while a key is
// replaced). The body is signed as it is sent, that is after compression.
//
// Threads: one. Lifetime: reused; keys are set up once.
// Source: the Standard Webhooks specification, "Signature scheme".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.h"

namespace weir {

class WebhookSigner {
 public:
  // Raw key bytes. Throws nothing; without keys nothing is signed.
  explicit WebhookSigner(const std::vector<Secret>& keys);
  ~WebhookSigner();
  WebhookSigner(const WebhookSigner&) = delete;
  WebhookSigner& operator=(const WebhookSigner&) = delete;

  bool signs() const { return !keys_.empty(); }
  // Bytes of sign()'s result.
  std::size_t signature_bytes() const;
  // Appends "v1,BASE64 v1,BASE64": the value of the header webhook-signature.
  void sign(std::string_view id, std::string_view seconds, std::string_view body, std::string& out);

 private:
  struct Key;
  std::vector<std::unique_ptr<Key>> keys_;
};

}  // namespace weir
