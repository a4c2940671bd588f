#include "core/serve/server_exchange.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/give_back.h"
#include "core/serve/http_server.h"

namespace weir {
namespace {

constexpr std::size_t kKeptBytes = 64 * 1024;  // of each buffer, from request to request

}  // namespace

void ServerExchange::begin(std::size_t slot, std::uint64_t id, SourceId source,
                           std::string_view peer, const HttpRequestLimits& limits) {
  slot_ = slot;
  id_ = id;
  reader_.begin(limits);
  request_ = {};
  request_.source = source;
  request_.peer = peer;
  coding_ = BodyInflater::Coding::identity;
  body_bytes_max_ = limits.body_bytes;
  answered_ = false;
  close_ = false;
  head_seen_ = false;
  out_.clear();
  out_sent_ = 0;
}

void ServerExchange::look_at_head() {
  head_seen_ = true;
  request_.method = reader_.method();
  request_.target = reader_.target();
  const std::size_t query = std::min(request_.target.find('?'), request_.target.size());
  request_.path = request_.target.substr(0, query);
  request_.query = request_.target.substr(std::min(query + 1, request_.target.size()));
  request_.headers = reader_.headers();
}

void ServerExchange::end() {
  work.reset();
  request_ = {};
  reader_.begin({});
  reader_.shrink();
  if (inflated_.capacity() > kKeptBytes) give_back(inflated_);
  if (out_.capacity() > kKeptBytes) give_back(out_);
  inflated_.clear();
}

void ServerExchange::limit_body(std::uint64_t bytes_max) {
  body_bytes_max_ = std::min(body_bytes_max_, bytes_max);
  reader_.limit_body(body_bytes_max_);
}

void ServerExchange::answer(HttpAnswer answer) {
  WEIR_CHECK(!answered_);
  answered_ = true;
  // What is left of the request would be taken for the next one.
  const bool whole = reader_.state() == HttpRequestReader::State::complete;
  close_ = answer.close || !whole || !reader_.keep_alive() || server_.stopping_;
  const std::string status = std::to_string(answer.status);
  out_.append("HTTP/1.1 ").append(status).append(" ").append(http_reason(answer.status));
  out_.append("\r\n").append(server_.date_line(server_.now_));
  if (answer.status != 204) {
    if (!answer.body.empty()) {
      out_.append("Content-Type: ").append(answer.content_type).append("\r\n");
    }
    out_.append("Content-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  }
  if (close_) out_.append("Connection: close\r\n");
  out_.append(answer.headers).append("\r\n");
  if (request_.method != "HEAD" && answer.status != 204) out_.append(answer.body);
  HttpServerCounters& counters = server_.counters_;
  if (answer.status < 300) {
    counters.answers_good.add();
  } else if (answer.status < 500) {
    counters.answers_client.add();
  } else {
    counters.answers_server.add();
  }
  server_.answer_due(slot_);
}

}  // namespace weir
