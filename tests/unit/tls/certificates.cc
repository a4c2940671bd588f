#include "tests/unit/tls/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "core/base/check.h"

namespace weir {
namespace {

constexpr long kDay = 24L * 3600;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  WEIR_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate certify(EVP_PKEY* key, const std::string& name, long serial, bool expired) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expired ? -kDay : kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

void write_certificate(const std::string& path, X509* certificate) {
  const std::unique_ptr<std::FILE, Free> file(std::fopen(path.c_str(), "we"));
  WEIR_CHECK(file != nullptr && PEM_write_X509(file.get(), certificate) == 1);
}

}  // namespace

CertificateFiles make_certificates(const std::string& folder, const CertificateWish& wish) {
  const Key ca_key(EVP_EC_gen("P-256"));
  const Certificate ca = certify(ca_key.get(), "issuer", 1, false);
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  extend(ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  WEIR_CHECK(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0);

  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = certify(key.get(), wish.name, 2, wish.expired);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca.get()));
  extend(certificate.get(), NID_subject_alt_name, "DNS:" + wish.name + ",IP:" + wish.address);
  WEIR_CHECK(X509_sign(certificate.get(), ca_key.get(), EVP_sha256()) > 0);

  const CertificateFiles files{folder + "/ca.pem", folder + "/cert.pem", folder + "/key.pem"};
  write_certificate(files.ca_file, ca.get());
  write_certificate(files.cert_file, certificate.get());
  const std::unique_ptr<std::FILE, Free> file(std::fopen(files.key_file.c_str(), "we"));
  WEIR_CHECK(file != nullptr);
  WEIR_CHECK(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
             1);
  return files;
}

}  // namespace weir
