#include "core/http/header_check.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(HeaderCheck, TakesOrdinaryHeaders) {
  EXPECT_EQ(header_fault("X-Api-Key", "abc 123; q=\"1\""), "");
  EXPECT_EQ(header_fault("Authorization", "Bearer a.b.c"), "");
  EXPECT_EQ(header_fault("X-Empty", ""), "");
  EXPECT_EQ(header_fault("X-Name", "J\xc3\xb6rg"), "");
}

TEST(HeaderCheck, RefusesWhatCouldEndALine) {
  for (const char* value : {"a\r\nHost: b", "a\nb", "a\rb", "a\x01", "a\x7f"}) {
    EXPECT_NE(header_fault("X", value), "") << value;
  }
  EXPECT_NE(header_fault("X", std::string_view("a\0b", 3)), "");
  for (const char* name : {"", "X Y", "X:", "X\r\nY", "X\xc3\xb6", "(x)"}) {
    EXPECT_NE(header_fault(name, "v"), "") << name;
  }
}

TEST(HeaderCheck, RefusesWhatFramesTheMessage) {
  for (const char* name : {"Content-Length", "transfer-encoding", "HOST", "Connection", "TE",
                           "Trailer", "Upgrade", "Expect", "Keep-Alive", "Content-Encoding"}) {
    EXPECT_NE(header_fault(name, "1"), "") << name;
  }
}

TEST(HeaderCheck, Limits) {
  EXPECT_EQ(header_fault("X", std::string(131'071, 'v')), "");
  EXPECT_NE(header_fault("X", std::string(131'072, 'v')), "");
}

TEST(HeaderCheck, RequestTargets) {
  EXPECT_EQ(request_target_fault("/"), "");
  EXPECT_EQ(request_target_fault("/a/b?x=%20&y=1"), "");
  for (const char* target :
       {"", "a", "http://x/", "/a b", "/a\r\nHost: b", "/a#b", "/a\\b", "/\t"}) {
    EXPECT_NE(request_target_fault(target), "") << target;
  }
  EXPECT_NE(request_target_fault("/" + std::string(200'000, 'a')), "");
}

TEST(HeaderCheck, NamesHaveNoCase) {
  EXPECT_TRUE(same_header("Retry-After", "retry-AFTER"));
  EXPECT_FALSE(same_header("Retry-After", "Retry-Afte"));
}

}  // namespace
}  // namespace weir
