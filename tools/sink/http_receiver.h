// HttpReceiver: what a sink makes of one HTTP connection: whole requests by llhttp, their records
// counted and checked as lines are elsewhere, answers with faults on demand.
//
// Records of a request that is answered with a failure, or that the answer names as failed, do not
// count as received: whoever sent them has to send them again.
// Owned by one Sink and its thread.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/base/units.h"

namespace weir {

struct SinkConnection;

struct HttpSinkOptions {
  bool on = false;
  int status = 200;
  Nanoseconds delay{0};          // of each answer
  std::uint64_t fail_every = 0;  // requests: each n-th fails; 0: none
  int fail_status = 503;
  std::uint64_t fail_records_every = 0;  // records: each n-th is named as failed; 0: none
  std::string retry_after = {};          // value of that header in failures; empty: none
};

class HttpReceiver {
 public:
  HttpReceiver(const HttpSinkOptions& options, SinkConnection& connection);
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  // False: not HTTP; the connection should be closed.
  bool take(std::string_view bytes, std::int64_t now_ns, bool read_stamps);
  // Answers that are due, ready to be sent; empty if none is.
  std::string due(std::int64_t now_ns);
  std::int64_t next_ns() const;  // when the next answer is due; the maximum if none waits

 private:
  struct Answer {
    std::int64_t due_ns = 0;
    std::string text;
  };
  struct Callbacks;
  void request_complete();
  void count_records(std::string_view body);
  std::string partial_results(std::string_view body);
  void answer(int status, std::string_view body);

  const HttpSinkOptions& options_;
  SinkConnection& connection_;
  llhttp_t parser_{};
  std::string name_;
  std::string value_;
  bool coded_ = false;
  std::string body_;
  std::string taken_;  // the records of a request that was not taken whole
  std::deque<Answer> answers_;
  std::int64_t now_ns_ = 0;
  bool read_stamps_ = false;
};

// All of a gzip stream; empty if it is damaged or larger than 1 GiB.
std::string gunzip(std::string_view compressed);

}  // namespace weir
