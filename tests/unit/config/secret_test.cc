// Secrets: where they come from, what is refused, and that no message ever repeats one.
#include "io/config/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/random.h"
#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Base64, GoesThereAndBack) {
  // RFC 4648, section 10.
  const std::vector<std::pair<std::string, std::string>> cases = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64(bytes), text);
    ASSERT_TRUE(from_base64(text).ok()) << text;
    EXPECT_EQ(*from_base64(text), bytes);
  }
  Random random(4);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes(random.below(100), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    const Result<std::string> back = from_base64(base64(bytes));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, bytes);
  }
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z=g=", "====", "Zm 8=",
                           "Zm8-", "Zm8_", "Zg==Zg==", "\n"}) {
    EXPECT_FALSE(from_base64(text).ok()) << text;
  }
}

class SecretFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-secret-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& bytes, mode_t mode = 0600) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  // A configuration beside the secret files, whose bearer token is `value`.
  Result<Loaded, std::vector<Fault>> load(const std::string& value) const {
    return load_catalog_text(path("weir.yaml"),
                             "data_dir: d\nsources: {in: {stdin: true}}\n"
                             "rules: {r: {pattern: {a: [1]}, targets: [t]}}\n"
                             "targets: {t: {url: \"https://h/\", auth: {bearer: " +
                                 value + "}}}\n",
                             test_options());
  }
  std::string fault_of(const std::string& value) const {
    const auto loaded = load(value);
    if (loaded) return "none";
    EXPECT_EQ(loaded.error().size(), 1U);
    return to_string(loaded.error().front()).substr(path("weir.yaml").size());
  }

  std::filesystem::path folder_;
};

TEST_F(SecretFile, IsReadFromBesideTheConfiguration) {
  write("token", "s3cret\n");
  const auto loaded = load("{file: token}");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_THAT(texts(loaded->warnings), IsEmpty());
  EXPECT_EQ(loaded->catalog.targets[0].http.authorization, Secret("Bearer s3cret"));
  const auto absolute = load("{file: \"" + path("token") + "\"}");
  ASSERT_TRUE(absolute.ok());
  EXPECT_EQ(absolute->catalog.targets[0].http.authorization, Secret("Bearer s3cret"));
  const auto variable = load("\"${TOKEN}\"");
  ASSERT_TRUE(variable.ok());
  EXPECT_EQ(variable->catalog.targets[0].http.authorization, Secret("Bearer t0k3n"));
}

TEST_F(SecretFile, ThatOthersCanReadIsWarnedOf) {
  write("token", "s3cret", 0644);
  const auto loaded = load("{file: token}");
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(texts(loaded->warnings),
              ElementsAre(path("weir.yaml") +
                          ":4:56: target 't': auth: bearer: everybody on this machine can read the "
                          "file: chmod o= 'token'"));
  EXPECT_EQ(loaded->catalog.targets[0].http.authorization, Secret("Bearer s3cret"));
}

TEST_F(SecretFile, IsNeverWaitedForNorGuessed) {
  EXPECT_EQ(fault_of("{file: missing}"),
            ":4:56: target 't': auth: bearer: the file 'missing' cannot be read: No such file or "
            "directory");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(fault_of("{file: fifo}"), HasSubstr("the file 'fifo' is no regular file"));
  EXPECT_THAT(fault_of("{file: /dev/zero}"), HasSubstr("is no regular file"));
  EXPECT_THAT(fault_of("{file: .}"), HasSubstr("is no regular file"));
  write("large", std::string(65 * 1024, 'x'));
  EXPECT_THAT(fault_of("{file: large}"), HasSubstr("the file 'large' is larger than 64KiB"));
  write("empty", "\n");
  EXPECT_THAT(fault_of("{file: empty}"), HasSubstr("bearer is empty"));
  write("lines", "s3cret\nsecond\n");
  EXPECT_THAT(fault_of("{file: lines}"), HasSubstr("contains a line break or control character"));
  EXPECT_THAT(fault_of("{}"), HasSubstr("needs 'file', such as {file: token}"));
  EXPECT_THAT(fault_of("{fil: token}"), HasSubstr("unknown key 'fil'"));
  EXPECT_THAT(fault_of("[a]"), HasSubstr("bearer is a list, a single value is needed"));
  EXPECT_THAT(fault_of("\"${MISSING}\""),
              HasSubstr("the environment variable 'MISSING' is not set"));
  EXPECT_THAT(fault_of("\"${EMPTY}\""), HasSubstr("bearer is empty"));
}

TEST_F(SecretFile, HoldsTheKeyOfACertificate) {
  LoadOptions options = test_options();
  options.look_at_files = true;
  write("in", "");
  write("cert", "");
  const std::string text =
      "sources: {in: {file: \"" + path("in") +
      "\"}}\ntargets: {t: {url: \"https://h/\", dead_letter: none, tls: {cert: cert, key: key}}}\n";
  const auto missing = load_catalog_text(path("weir.yaml"), text, options);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(texts(missing.error()),
              ElementsAre(HasSubstr("tls: key: the file 'key' cannot be read")));
  write("key", "", 0644);
  const auto loaded = load_catalog_text(path("weir.yaml"), text, options);
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(texts(loaded->warnings), testing::Contains(HasSubstr("tls: key: everybody")));
  EXPECT_EQ(loaded->catalog.targets[0].endpoint.tls->key_file, path("key"));
}

// Faults and warnings of configurations that hold the secret in every place where one can stand,
// and in places where it should not.
TEST_F(SecretFile, IsNeverPrinted) {
  write("leak", "hunter2\nhunter2", 0644);
  const std::vector<std::string> bodies = {
      "url: \"https://h/hunter2\", auth: {bearer: hunter2}, retries: x",
      "url: \"https://u:hunter2@h/\"",
      "url: \"https://h:hunter2/\"",
      "url: \"hunter2\"",
      "url: \"https://h/hunter2 \"",
      "url: \"https://h/\", auth: hunter2",
      "url: \"https://h/\", auth: {bearer: \"hunter2\\n\"}",
      "url: \"https://h/\", auth: {bearer: [hunter2]}",
      "url: \"https://h/\", auth: {bearer: {file: leak}}",
      "url: \"https://h/\", auth: {bearer: hunter2, basic: {user: a, password: hunter2}}",
      "url: \"https://h/\", auth: {basic: {user: a, password: \"hunter2\\0\"}}",
      "url: \"https://h/\", auth: {basic: hunter2}",
      "url: \"https://h/\", sign: {standard_webhooks: hunter2}",
      "url: \"https://h/\", sign: {standard_webhooks: whsec_hunter2}",
      "url: \"https://h/\", sign: {standard_webhooks: [hunter2, hunter2, hunter2]}",
      "url: \"https://h/\", sign: hunter2",
      "url: \"https://h/\", headers: {X-Key: hunter2, x-key: hunter2}",
      "url: \"https://h/\", headers: {Host: hunter2}",
      "url: \"https://h/\", headers: {X-Key: \"a\\rhunter2\"}",
      "url: \"https://h/\", headers: [hunter2]",
      "url: \"https://h/\", auth: {bearer: \"${SECRET}\"}",
      "url: \"https://h/${SECRET}\"",
      "url: \"https://h/\", auth: {bearer: hunter2",         // syntax: not closed
      "url: \"https://h/\", auth: {bearer: hunter2: : : }",  // syntax: on the very line
  };
  for (const std::string& body : bodies) {
    const auto loaded = load_catalog_text(
        path("weir.yaml"), "sources: {in: {stdin: true}}\ntargets: {t: {" + body + "}}\n",
        test_options());
    ASSERT_FALSE(loaded.ok()) << body;
    for (const std::string& text : texts(loaded.error())) {
      EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace weir
