#include "io/config/address.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(Address, Reads) {
  EXPECT_EQ(*parse_address("127.0.0.1:7000"), (Address{"127.0.0.1", 7000}));
  EXPECT_EQ(*parse_address("[::1]:0"), (Address{"::1", 0}));
  EXPECT_EQ(*parse_address("example.com:65535"), (Address{"example.com", 65535}));
  EXPECT_EQ(*parse_address("a-b_c:1"), (Address{"a-b_c", 1}));
}

TEST(Address, Refuses) {
  for (const std::string bad : {"",
                                ":",
                                "7000",
                                "host",
                                "host:",
                                ":7000",
                                "host:65536",
                                "host:-1",
                                "host:+1",
                                "host: 1",
                                "host:1x",
                                "host:0x50",
                                "127.1:80",
                                "2130706433:80",
                                "0177.0.0.1:80",
                                "1.2.3.4.5:80",
                                "256.0.0.1:80",
                                "::1:80",
                                "[::1:80",
                                "[::g]:80",
                                "[]:80",
                                "[127.0.0.1]:80",
                                "a b:80",
                                "-x:80",
                                "a/b:80",
                                "user@host:80",
                                "h\xc3\xa9:80",
                                ".:80",
                                "host:80:",
                                "host:\xd9\xa1"}) {
    EXPECT_FALSE(parse_address(bad).ok()) << bad;
  }
  EXPECT_FALSE(parse_address(std::string(300, 'a') + ":80").ok());
}

TEST(Address, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::2", "example.com",
                           "::ffff:10.0.0.1", "localhost.example.com"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
  EXPECT_TRUE(is_wildcard_host("0.0.0.0"));
  EXPECT_TRUE(is_wildcard_host("::"));
  EXPECT_FALSE(is_wildcard_host("127.0.0.1"));
}

}  // namespace
}  // namespace weir
