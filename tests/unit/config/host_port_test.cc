#include "io/config/host_port.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(HostPort, Reads) {
  EXPECT_EQ(*parse_host_port("127.0.0.1:7000"), (HostPort{"127.0.0.1", 7000}));
  EXPECT_EQ(*parse_host_port("[::1]:0"), (HostPort{"::1", 0}));
  EXPECT_EQ(*parse_host_port("example.com:65535"), (HostPort{"example.com", 65535}));
  EXPECT_EQ(*parse_host_port("a-b_c:1"), (HostPort{"a-b_c", 1}));
}

TEST(HostPort, Refuses) {
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
    EXPECT_FALSE(parse_host_port(bad).ok()) << bad;
  }
  EXPECT_FALSE(parse_host_port(std::string(300, 'a') + ":80").ok());
}

TEST(HostPort, KnowsLoopback) {
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
