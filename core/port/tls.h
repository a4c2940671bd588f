// TlsSpec: how a connection is encrypted. What reads the files and does it is io/tls.
#pragma once

#include <string>

namespace weir {

struct TlsSpec {
  bool verify = true;       // the peer's certificate and name, against `ca_file`
  std::string server_name;  // for SNI and verification; empty: the endpoint's host
  std::string ca_file;      // PEM; empty: the system's
  std::string cert_file;    // PEM, for a client certificate; empty: none
  std::string key_file;     // PEM, of that certificate
  friend bool operator==(const TlsSpec&, const TlsSpec&) = default;
};

// The other side: what a listener shows of itself.
struct TlsServerSpec {
  std::string cert_file;  // PEM, with the chain behind it
  std::string key_file;   // PEM
  friend bool operator==(const TlsServerSpec&, const TlsServerSpec&) = default;
};

}  // namespace weir
