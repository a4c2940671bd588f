// Files of access keys: what is read, and where faults point.
#include "io/config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class KeysFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-keys-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name + "/";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes, mode_t mode = 0600) const {
    std::ofstream(folder_ + name, std::ios::binary) << bytes;
    ASSERT_EQ(::chmod((folder_ + name).c_str(), mode), 0);
  }
  // Reads keys.yaml; what is said is in faults_ and warnings_, without the folder.
  std::optional<std::vector<AccessKey>> read(const std::string& path = "keys.yaml") {
    const SourceText source(folder_ + "weir.yaml", "keys: " + path + "\n");
    const Result<YamlTree, Fault> tree = parse_yaml(source);
    Reading reading{source, *tree, test_options().environment, {}, {}};
    CatalogDraft draft{.reading = reading, .folder = folder_};
    const YamlNode& top = tree->root_node();
    auto keys = read_keys_file(tree->node(top.children[1]), path, "source 'api': keys", draft);
    faults_ = said(reading.faults);
    warnings_ = said(reading.warnings);
    EXPECT_EQ(keys.has_value(), faults_.empty());
    return keys;
  }
  // The only fault of a file with that text.
  std::string fault_of(const std::string& text) {
    write("keys.yaml", text);
    static_cast<void>(read());
    EXPECT_EQ(faults_.size(), 1U) << text;
    return faults_.empty() ? "" : faults_.front();
  }

  std::vector<std::string> said(const std::vector<Fault>& faults) const {
    std::vector<std::string> lines = texts(faults);
    for (std::string& line : lines) {
      for (std::size_t at = 0; (at = line.find(folder_)) != std::string::npos;) {
        line.erase(at, folder_.size());
      }
    }
    return lines;
  }

  std::string folder_;
  std::vector<std::string> faults_;
  std::vector<std::string> warnings_;
};

TEST_F(KeysFile, AreReadWithWhatIsAllowed) {
  write("shop.secret", "a/secret_of-16+chars\n");
  write("keys.yaml",
        "keys:\n"
        "  - {id: AKIDALL, secret: \"${KEY}\"}\n"
        "  - id: AKID-shop_2\n"
        "    secret_file: shop.secret\n"
        "    actions: [events:Put*, events:ListRules, \"*\", weir:GetMetrics]\n"
        "    buses: [shop, team/*]\n");
  const auto keys = read();
  ASSERT_TRUE(keys) << faults_.front();
  EXPECT_THAT(warnings_, IsEmpty());
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(0).id, "AKIDALL");
  EXPECT_EQ(keys->at(0).secret, Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"));
  EXPECT_THAT(keys->at(0).actions, IsEmpty());
  EXPECT_THAT(keys->at(0).buses, IsEmpty());
  EXPECT_EQ(keys->at(1).secret, Secret("a/secret_of-16+chars"));
  EXPECT_THAT(keys->at(1).actions,
              ElementsAre("events:Put*", "events:ListRules", "*", "weir:GetMetrics"));
  EXPECT_THAT(keys->at(1).buses, ElementsAre("shop", "team/*"));
}

TEST_F(KeysFile, FaultsPointIntoTheFile) {
  const std::string secret = "secret: 0123456789abcdef";
  EXPECT_THAT(fault_of("{}"), StartsWith("keys.yaml:1:1: "));
  EXPECT_THAT(fault_of("keys: []"), StartsWith("keys.yaml:1:7: "));
  EXPECT_THAT(fault_of("keys: a"), HasSubstr("a list of keys is needed"));
  EXPECT_THAT(fault_of("keys:\n  - {" + secret + "}\n"),
              AllOf(StartsWith("keys.yaml:2:5: key 1"), HasSubstr("'id' is missing")));
  EXPECT_THAT(fault_of("keys:\n  - {id: a/b, " + secret + "}\n"),
              AllOf(StartsWith("keys.yaml:2:10: "), HasSubstr("id is 'a/b'")));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, " + secret + "}\n  - {id: a, " + secret + "}\n"),
              AllOf(StartsWith("keys.yaml:3:10: "), HasSubstr("at keys.yaml:2:10 already")));
  EXPECT_THAT(fault_of("keys:\n  - {id: a}\n"), HasSubstr("either 'secret' or 'secret_file'"));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, secret_file: x, " + secret + "}\n"),
              HasSubstr("either 'secret' or 'secret_file'"));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, secret_file: none}\n"),
              AllOf(StartsWith("keys.yaml:2:26: "), HasSubstr("the file 'none' cannot be read")));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, " + secret + ", actions: [events:Put-Events]}\n"),
              AllOf(StartsWith("keys.yaml:2:49: "), HasSubstr("such as events:PutEvents")));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, " + secret + ", actions: [\"events:\"]}\n"),
              HasSubstr("such as events:PutEvents"));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, " + secret + ", actions: []}\n"),
              HasSubstr("actions is empty"));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, " + secret + ", buses: [\"sh op\"]}\n"),
              HasSubstr("is not the name of a bus"));
  EXPECT_THAT(fault_of("keys:\n  - {id: a, " + secret + ", bus: shop}\n"),
              HasSubstr("unknown key 'bus' in key 1"));
  EXPECT_THAT(fault_of("keys: [{"), StartsWith("keys.yaml:1:"));
}

TEST_F(KeysFile, FaultsNeverRepeatASecret) {
  for (const char* secret : {"short-hunter2", "\"hunter2 hunter2 hunter2\"", "\"${SECRET}\""}) {
    const std::string fault = fault_of(std::string("keys:\n  - {id: a, secret: ") + secret + "}\n");
    EXPECT_THAT(fault, StartsWith("keys.yaml:2:21: "));
    EXPECT_EQ(fault.find("hunter2"), std::string::npos) << fault;
  }
}

TEST_F(KeysFile, ThatOthersCanReadIsWarnedOf) {
  write("keys.yaml", "keys: [{id: a, secret: 0123456789abcdef}]", 0644);
  ASSERT_TRUE(read());
  EXPECT_THAT(warnings_, ElementsAre("weir.yaml:1:7: source 'api': keys: everybody on this machine "
                                     "can read the file: chmod o= 'keys.yaml'"));
}

TEST_F(KeysFile, IsNeverWaitedForNorGuessed) {
  EXPECT_FALSE(read("missing"));
  EXPECT_THAT(faults_,
              ElementsAre("weir.yaml:1:7: source 'api': keys: the file 'missing' cannot be "
                          "read: No such file or directory"));
  ASSERT_EQ(::mkfifo((folder_ + "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(read("fifo"));
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("'fifo' is no regular file")));
  write("keys.yaml", "keys: \xff");
  EXPECT_FALSE(read());
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("UTF-8")));
}

}  // namespace
}  // namespace weir
