// Objects of the API on a real disk: there after a restart, refused where they are not sound.
#include "io/objects/object_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

class ObjectFileTest : public testing::Test {
 protected:
  ObjectFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-objects-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~ObjectFileTest() override { std::filesystem::remove_all(dir_); }

  std::unique_ptr<ObjectFile> open() {
    auto file = ObjectFile::open(dir_);
    EXPECT_TRUE(file) << file.error().message;
    return file ? std::move(*file) : nullptr;
  }
  std::string path() const { return dir_ + "/api.db"; }
  std::string refusal() const {
    auto file = ObjectFile::open(dir_);
    if (!file) return file.error().message;
    const auto objects = (*file)->load();
    return objects ? "" : objects.error().message;
  }

  std::string dir_;
};

StoredRule sample() {
  StoredRule rule;
  rule.pattern = "{\"a\":[\"\\u00e9 'x' \xc3\xa9\"]}";
  rule.description = "line\nend";
  rule.enabled = false;
  rule.targets = {{"t", "arn:aws:sqs:a:1:q"}, {"u", "arn:aws:weir:::target/out"}};
  rule.roles = {{"t", "role"}};
  rule.tags = {{"", ""}, {"k", "v"}};
  return rule;
}

TEST_F(ObjectFileTest, KeepsRulesOverARestart) {
  ApiObjects objects = {{{"default", "a"}, sample()}, {{"shop", "a"}, {}}, {{"shop", "b"}, {}}};
  {
    const auto file = open();
    EXPECT_TRUE(file->load()->empty());
    for (const auto& [key, rule] : objects) EXPECT_TRUE(file->put(key, rule));
    objects[{"shop", "a"}].pattern = "{}";
    EXPECT_TRUE(file->put({"shop", "a"}, objects[{"shop", "a"}]));
    EXPECT_TRUE(file->erase({"shop", "b"}));
    EXPECT_TRUE(file->erase({"shop", "nobody"}));
  }
  objects.erase({"shop", "b"});
  EXPECT_EQ(*open()->load(), objects);
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ObjectFileTest, RefusesWhatIsNotItsOwn) {
  std::ofstream(path()) << "this is a text, and long enough to be looked at as a header of a file";
  EXPECT_NE(refusal().find("api.db"), std::string::npos);
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_NE(refusal(), "");
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/nowhere", path());
  EXPECT_NE(refusal(), "");
  std::filesystem::remove(path());
  dir_ += "/missing";
  EXPECT_NE(refusal().find("No such file"), std::string::npos);
  dir_.resize(dir_.rfind('/'));
}

TEST_F(ObjectFileTest, DamageIsAnErrorAndNoEmptySet) {
  { EXPECT_TRUE(open()->put({"default", "a"}, sample())); }
  std::string bytes;
  {
    std::ifstream in(path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::size_t at = bytes.find("\"pattern\"");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = '!';
  std::ofstream(path(), std::ios::binary) << bytes;
  EXPECT_NE(refusal().find("rule a of bus default cannot be read"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace weir
