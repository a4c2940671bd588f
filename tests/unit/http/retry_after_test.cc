#include "core/http/retry_after.h"

#include <gtest/gtest.h>

#include "core/http/response_status.h"

namespace weir {
namespace {

constexpr WallTime kNow{std::chrono::seconds(784111777)};  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(parse_retry_after("0", kNow).wait, 0s);
  EXPECT_TRUE(parse_retry_after("0", kNow).given);
  EXPECT_EQ(parse_retry_after("120", kNow).wait, 120s);
  EXPECT_EQ(parse_retry_after("100000000000000000000", kNow).wait, kRetryAfterMost);
}

TEST(RetryAfter, NegativeEndsTheRetries) {
  EXPECT_TRUE(parse_retry_after("-5", kNow).never);
  EXPECT_FALSE(parse_retry_after("-", kNow).given);
}

TEST(RetryAfter, Dates) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kNow).wait, 60s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow).wait, 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1974 08:49:37 GMT", kNow).wait, 0s);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kNow).wait, kRetryAfterMost);
}

TEST(RetryAfter, NonsenseSaysNothing) {
  for (const char* text : {"", "soon", "1.5", "+3", "1 2", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Xxx 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 0x:49:37 GMT"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow).given) << text;
  }
}

TEST(ResponseStatus, Table) {
  for (const int status : {200, 201, 202, 204, 207, 299}) {
    EXPECT_EQ(judge_status(status), StatusVerdict::delivered) << status;
  }
  for (const int status : {401, 407, 408, 409, 421, 425, 429, 500, 501, 502, 503, 504, 599}) {
    EXPECT_EQ(judge_status(status), StatusVerdict::again) << status;
  }
  for (const int status : {400, 402, 403, 404, 405, 410, 411, 413, 415, 418, 422, 431, 451}) {
    EXPECT_EQ(judge_status(status), StatusVerdict::refused) << status;
  }
  for (const int status : {300, 301, 302, 303, 304, 307, 308}) {
    EXPECT_EQ(judge_status(status), StatusVerdict::elsewhere) << status;
  }
}

}  // namespace
}  // namespace weir
