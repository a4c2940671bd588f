// The address of an HTTP target: what is taken apart, and every disguise that is refused.
#include "io/config/url.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

struct Taken {
  const char* text;
  bool https;
  const char* host;
  std::uint16_t port;
  const char* authority;
  const char* path;
};

TEST(Url, IsTakenApart) {
  for (const Taken& one : {
           Taken{"https://example.com/hook", true, "example.com", 443, "example.com", "/hook"},
           Taken{"http://example.com", false, "example.com", 80, "example.com", "/"},
           Taken{"HTTPS://Example.COM:8443/A?b=C", true, "example.com", 8443, "example.com:8443",
                 "/A?b=C"},
           Taken{"http://127.0.0.1:80/", false, "127.0.0.1", 80, "127.0.0.1", "/"},
           Taken{"http://[::1]:7003/x", false, "::1", 7003, "[::1]:7003", "/x"},
           Taken{"https://[2001:db8::1]/", true, "2001:db8::1", 443, "[2001:db8::1]", "/"},
           Taken{"https://example.com?q=1", true, "example.com", 443, "example.com", "/?q=1"},
           Taken{"https://h/a%20b/@x:y;z=1,2?u=http://other/", true, "h", 443, "h",
                 "/a%20b/@x:y;z=1,2?u=http://other/"},
           Taken{"https://h//../a", true, "h", 443, "h", "//../a"},
       }) {
    const Result<Url> url = parse_url(one.text);
    ASSERT_TRUE(url.ok()) << one.text << ": " << url.error().message;
    EXPECT_EQ(url->https, one.https) << one.text;
    EXPECT_EQ(url->host, one.host) << one.text;
    EXPECT_EQ(url->port, one.port) << one.text;
    EXPECT_EQ(url->authority, one.authority) << one.text;
    EXPECT_EQ(url->path, one.path) << one.text;
  }
}

std::string fault_of(const std::string& text) {
  const Result<Url> url = parse_url(text);
  return url ? "none" : url.error().message;
}

TEST(Url, RefusesWhatIsNoAddressToPostTo) {
  constexpr const char* kNoScheme = "begins with neither http:// nor https://";
  for (const char* text : {"", "example.com", "//example.com/", "ftp://h/", "file:///etc/passwd",
                           "javascript:alert(1)", "https:/h/", "https:h", "://h", "httpss://h/",
                           "gopher://h", "unix:/run/x"}) {
    EXPECT_EQ(fault_of(text), kNoScheme) << text;
  }
  for (const char* text :
       {"http://", "http:///x", "http://?q", "http://.../", "http://a..-b c/", "http://-h/",
        "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
        "http://1.2.3.4.5/", "http://[::1/", "http://[1.2.3.4]/", "http://::1/", "http://h_%41/",
        "http://h,/", "http://[fe80::1%25eth0]/"}) {
    EXPECT_NE(fault_of(text), "none") << text;
  }
}

TEST(Url, RefusesDisguises) {
  EXPECT_EQ(fault_of("http://good@evil/"),
            "has a user part ('@'): write it as 'auth: {basic: {user: ..., password: ...}}'");
  EXPECT_NE(fault_of("http://user:hunter2@h/").find("user part"), std::string::npos);
  EXPECT_EQ(fault_of("http://user:hunter2@h/").find("hunter2"), std::string::npos);
  EXPECT_EQ(fault_of("http://h\\@evil/"), "contains a '\\', write '/'");
  EXPECT_EQ(fault_of("http://h#@evil/"), "has a fragment ('#'), which is never sent: leave it out");
  EXPECT_EQ(fault_of("http://h/\r\nX: y"), "contains a control character");
  EXPECT_EQ(fault_of(std::string("http://h/\0", 10)), "contains a control character");
  EXPECT_EQ(fault_of("http://h/\x7f"), "contains a control character");
  EXPECT_EQ(fault_of("http://h/a b"), "contains a blank, write it as %20");
  EXPECT_EQ(fault_of("http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/"),
            "contains a character beyond ASCII, write it percent-encoded");
  EXPECT_EQ(fault_of("http://h/<a>"), "the path or query has a '<', write it as %3C");
  EXPECT_EQ(fault_of("http://h/%4"), "a '%' in the path that two hexadecimal digits do not follow");
  EXPECT_EQ(fault_of("http://h/%zz"),
            "a '%' in the path that two hexadecimal digits do not follow");
}

TEST(Url, RefusesBadPortsAndLengths) {
  constexpr const char* kBadPort =
      "has no port behind the colon, a number from 1 to 65535 is needed";
  for (const char* text : {"http://h:/", "http://h:65536/", "http://h:-1/", "http://h:8o/",
                           "http://[::1]:x/", "http://h:99999999999999999999/"}) {
    EXPECT_EQ(fault_of(text), kBadPort) << text;
  }
  EXPECT_EQ(fault_of("http://h:0/"), "nothing can be sent to port 0");
  EXPECT_EQ(fault_of("http://0.0.0.0/"), "an address to send to is needed, such as 127.0.0.1");
  EXPECT_EQ(fault_of("http://h/" + std::string(20'000, 'a')), "longer than 8192 bytes");
}

}  // namespace
}  // namespace weir
