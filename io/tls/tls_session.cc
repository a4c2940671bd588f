#include "io/tls/tls_session.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

#include "core/base/check.h"
#include "core/port/port.h"

namespace weir {
namespace {

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  if (code == 0) return "unknown error";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

bool is_address(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

Result<SslContext> make_client_context(const TlsSpec& spec) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Error{"cannot set up TLS: " + openssl_error()};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_set_verify(context.get(), spec.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (spec.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), spec.ca_file.c_str(), nullptr) != 1) {
    return Error{"cannot read certificates from '" + spec.ca_file + "': " + openssl_error()};
  }
  if (spec.cert_file.empty()) return context;
  const std::string& key = spec.key_file.empty() ? spec.cert_file : spec.key_file;
  if (SSL_CTX_use_certificate_chain_file(context.get(), spec.cert_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{"cannot read the client certificate '" + spec.cert_file + "': " + openssl_error()};
  }
  return context;
}

Result<SslContext> make_server_context(const std::string& cert_file, const std::string& key_file) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return Error{"cannot set up TLS: " + openssl_error()};
  if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{"cannot read the certificate '" + cert_file + "' and its key '" + key_file +
                 "': " + openssl_error()};
  }
  return context;
}

TlsSession::TlsSession(SSL_CTX* context, const TlsSpec& spec, const std::string& host,
                       SSL_SESSION* resume)
    : TlsSession(context) {
  SSL_set_connect_state(ssl_.get());
  const std::string& name = spec.server_name.empty() ? host : spec.server_name;
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_.get(), name.c_str());
  }
  if (resume != nullptr) SSL_set_session(ssl_.get(), resume);
}

TlsSession::TlsSession(SSL_CTX* context) : ssl_(SSL_new(context)) {
  WEIR_CHECK(ssl_ != nullptr);
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  WEIR_CHECK(in_ != nullptr && out_ != nullptr);
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_accept_state(ssl_.get());
}

// OpenSSL holds a session that was not shut down for unfit to be taken up again; but HTTP
// connections just end.
TlsSession::~TlsSession() {
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsSession::remember(std::string address) {
  address_ = std::move(address);
  SSL_set_app_data(ssl_.get(), &address_);
}

const std::string* TlsSession::address_of(SSL* ssl) {
  return static_cast<const std::string*>(SSL_get_app_data(ssl));
}

void TlsSession::feed(std::span<const char> bytes) {
  if (bytes.empty()) return;
  const int took = BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  WEIR_CHECK(took == static_cast<int>(bytes.size()));
}

void TlsSession::drain(std::string& out) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(out_, &bytes);
  if (count <= 0) return;
  out.append(bytes, static_cast<std::size_t>(count));
  BIO_reset(out_);
}

std::int64_t TlsSession::failure() const {
  ERR_clear_error();
  switch (SSL_get_verify_result(ssl_.get())) {
    case X509_V_OK:
      return kTlsFailed;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return kTlsExpired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return kTlsWrongName;
    default:
      return kTlsUntrusted;
  }
}

std::int64_t TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return 1;
  const int error = SSL_get_error(ssl_.get(), result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : failure();
}

std::int64_t TlsSession::read(std::span<char> into) {
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
  if (result > 0) return result;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return kMore;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      ERR_clear_error();
      return kTlsFailed;
  }
}

bool TlsSession::write(std::span<const char> bytes) {
  ERR_clear_error();
  std::size_t took = 0;
  // A memory BIO takes all.
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &took);
  return result == 1 && took == bytes.size();
}

}  // namespace weir
