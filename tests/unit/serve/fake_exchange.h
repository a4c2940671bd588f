// FakeExchange: a request made by hand, and the answer it was given.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/serve/http_exchange.h"

namespace weir {

class FakeExchange final : public HttpExchange {
 public:
  FakeExchange(std::string method, std::string target, std::vector<HttpHeader> headers,
               std::string body, SourceId source = SourceId(0))
      : method_(std::move(method)),
        target_(std::move(target)),
        headers_(std::move(headers)),
        body_(std::move(body)) {
    request_.source = source;
    request_.method = method_;
    request_.target = target_;
    request_.path = request_.target.substr(0, request_.target.find('?'));
    request_.headers = headers_;
    request_.body = request_.body_sent = body_;
    request_.peer = "peer";
  }
  const HttpRequest& request() const override { return request_; }
  void answer(HttpAnswer answer) override {
    EXPECT_FALSE(answered_);
    answered_ = true;
    given = std::move(answer);
  }
  bool answered() const override { return answered_; }
  std::uint64_t id() const override { return 7; }
  void limit_body(std::uint64_t bytes_max) override { body_max = bytes_max; }

  HttpAnswer given{.status = 0};
  std::uint64_t body_max = ~std::uint64_t{0};

 private:
  std::string method_;
  std::string target_;
  std::vector<HttpHeader> headers_;
  std::string body_;
  HttpRequest request_;
  bool answered_ = false;
};

// Finds that one, by the id all of them have.
class OneExchange final : public HttpExchanges {
 public:
  explicit OneExchange(HttpExchange& exchange) : exchange_(exchange) {}
  HttpExchange* find(std::uint64_t id) override { return id == 7 ? &exchange_ : nullptr; }

 private:
  HttpExchange& exchange_;
};

}  // namespace weir
