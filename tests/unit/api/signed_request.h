// A request and the signature that a client would give it, made apart from the code under test.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "core/http/http_header.h"
#include "core/serve/http_exchange.h"

namespace weir {

struct SignedRequest {
  std::string method = "POST";
  std::string path = "/";
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Host", "127.0.0.1:8080"},
      {"X-Amz-Target", "AWSEvents.PutEvents"},
      {"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Date", "20261130T221500Z"}};
  std::string body = R"({"Entries": []})";
  std::string id = "AKIDEXAMPLE";
  std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  std::string date = "20261130";
  std::string region = "us-east-1";
  std::string service = "events";
  std::string terminator = "aws4_request";
  std::string algorithm = "AWS4-HMAC-SHA256";
  std::string body_hash;  // empty: that of the body

  static std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
      text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
      text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
    }
    return text;
  }
  static std::string sha(std::string_view text) {
    std::string digest(32, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
  }
  static std::string hmac(std::string_view key, std::string_view text) {
    std::string digest(32, '\0');
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()), &size);
    return digest;
  }
  static std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  }

  std::string* header(std::string_view name) {
    for (auto& [key, value] : headers) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  std::string scope() const { return date + "/" + region + "/" + service + "/" + terminator; }
  // All headers' names but `without`, in lower case and sorted.
  std::vector<std::string> names(const std::string& without = "") const {
    std::vector<std::string> result;
    for (const auto& [name, value] : headers) {
      if (name != without && name != "Authorization") result.push_back(lower(name));
    }
    std::ranges::sort(result);
    return result;
  }
  static std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ";") + name;
    return text;
  }
  std::string signature(const std::vector<std::string>& names) const {
    std::string canonical = method + "\n" + path + "\n" + query + "\n";
    std::string amz_date;
    for (const std::string& name : names) {
      for (const auto& [key, value] : headers) {
        if (lower(key) == name) canonical += name + ":" + value + "\n";
      }
    }
    for (const auto& [key, value] : headers) {
      if (lower(key) == "x-amz-date") amz_date = value;
    }
    canonical += "\n" + joined(names) + "\n" + (body_hash.empty() ? hex(sha(body)) : body_hash);
    std::string key = hmac("AWS4" + secret, date);
    for (const std::string& part : {region, service, terminator}) key = hmac(key, part);
    return hex(
        hmac(key, "AWS4-HMAC-SHA256\n" + amz_date + "\n" + scope() + "\n" + hex(sha(canonical))));
  }
  std::string authorization(const std::vector<std::string>& names) const {
    return algorithm + " Credential=" + id + "/" + scope() + ", SignedHeaders=" + joined(names) +
           ", Signature=" + signature(names);
  }
  SignedRequest& sign(const std::string& without = "") {
    std::erase_if(headers, [](const auto& header) { return header.first == "Authorization"; });
    std::string text = authorization(names(without));
    headers.emplace_back("Authorization", std::move(text));
    return *this;
  }

  // Views into this and `views`.
  HttpRequest request(std::vector<HttpHeader>& views) const {
    views.clear();
    for (const auto& [name, value] : headers) views.push_back({name, value});
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.headers = views;
    request.body = request.body_sent = body;
    return request;
  }
};

}  // namespace weir
