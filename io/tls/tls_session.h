// TlsSession: one TLS connection without a socket: ciphertext goes in and comes out as bytes
// (memory BIOs of OpenSSL). What carries them is the caller's.
//
// Threads: one at a time; may be handed over between calls.
// Errors: negative, from core/port/port.h.
// Source: SSL_read(3), SSL_do_handshake(3), BIO_s_mem(3).
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/port/tls.h"

namespace weir {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslFree>;
using SslSession = std::unique_ptr<SSL_SESSION, SslFree>;

// For clients; reads the files that the spec names.
Result<SslContext> make_client_context(const TlsSpec& spec);
Result<SslContext> make_server_context(const std::string& cert_file, const std::string& key_file);

class TlsSession {
 public:
  // A client: `host` goes into SNI and is what the certificate has to name; `resume` may be null.
  TlsSession(SSL_CTX* context, const TlsSpec& spec, const std::string& host, SSL_SESSION* resume);
  // A server.
  explicit TlsSession(SSL_CTX* context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Ciphertext from the peer.
  void feed(std::span<const char> bytes);
  // Appends ciphertext for the peer.
  void drain(std::string& out);

  // 1: done; 0: more bytes have to go and come; negative: failed.
  std::int64_t handshake();
  static constexpr std::int64_t kMore = -1'000'000;
  // Bytes; kMore; 0: the peer has ended the session; negative: broken.
  std::int64_t read(std::span<char> into);
  // Takes all; false: broken.
  bool write(std::span<const char> bytes);
  // For who keeps sessions: the name under which this one is to be kept.
  void remember(std::string address);
  static const std::string* address_of(SSL* ssl);
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

 private:
  std::int64_t failure() const;
  std::unique_ptr<SSL, SslFree> ssl_;
  std::string address_;
  BIO* in_ = nullptr;   // the SSL's
  BIO* out_ = nullptr;  // the SSL's
};

}  // namespace weir
