// Certificates for tests, made when they are needed: an issuer, and what it signs.
#pragma once

#include <string>

namespace weir {

struct CertificateFiles {
  std::string ca_file;    // of the issuer
  std::string cert_file;  // of the server
  std::string key_file;
};

struct CertificateWish {
  std::string name = "localhost";
  std::string address = "127.0.0.1";
  bool expired = false;
};

// Writes them into `folder`.
CertificateFiles make_certificates(const std::string& folder, const CertificateWish& wish = {});

}  // namespace weir
