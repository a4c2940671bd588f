#include "core/http/webhook_signer.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>

#include "core/base/check.h"

namespace weir {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kBase64Bytes = 44;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

struct WebhookSigner::Key {
  EVP_MAC_CTX* context = nullptr;
  ~Key() { EVP_MAC_CTX_free(context); }
};

WebhookSigner::WebhookSigner(const std::vector<Secret>& keys) {
  if (keys.empty()) return;
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  WEIR_CHECK(hmac != nullptr);
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  for (const Secret& secret : keys) {
    auto key = std::make_unique<Key>();
    key->context = EVP_MAC_CTX_new(hmac);
    const std::string& bytes = secret.reveal();
    WEIR_CHECK(key->context != nullptr);
    WEIR_CHECK(EVP_MAC_init(key->context, bytes_of(bytes), bytes.size(), parameters.data()) == 1);
    keys_.push_back(std::move(key));
  }
  EVP_MAC_free(hmac);
}

WebhookSigner::~WebhookSigner() = default;

std::size_t WebhookSigner::signature_bytes() const {
  return keys_.empty() ? 0 : keys_.size() * (3 + kBase64Bytes) + keys_.size() - 1;
}

void WebhookSigner::sign(std::string_view id, std::string_view seconds, std::string_view body,
                         std::string& out) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    EVP_MAC_CTX* context = keys_[i]->context;
    std::array<unsigned char, kDigestBytes> digest{};
    std::array<unsigned char, kBase64Bytes + 1> text{};
    std::size_t size = 0;
    // A null key means the same key again.
    bool done = EVP_MAC_init(context, nullptr, 0, nullptr) == 1;
    for (const std::string_view part :
         {id, std::string_view("."), seconds, std::string_view("."), body}) {
      done = done && EVP_MAC_update(context, bytes_of(part), part.size()) == 1;
    }
    done = done && EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1;
    WEIR_CHECK(done && size == kDigestBytes);
    EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(kDigestBytes));
    if (i > 0) out += ' ';
    out += "v1,";
    out.append(reinterpret_cast<const char*>(text.data()), kBase64Bytes);
  }
}

}  // namespace weir
