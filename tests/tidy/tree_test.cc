// The house rules over the whole source tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/tidy/house_rules.h"

namespace weir::tidy {
namespace {

class Tree : public testing::Test {
 protected:
  static const std::vector<SourceFile>& files() {
    static const std::vector<SourceFile> loaded = load_tree(WEIR_SOURCE_DIR);
    return loaded;
  }

  static std::string text_of(const std::string& path) {
    const auto at = std::find_if(files().begin(), files().end(),
                                 [&](const SourceFile& file) { return file.path == path; });
    return at == files().end() ? std::string() : at->text;
  }

  static void expect_none(const Findings& findings) {
    for (const Finding& finding : findings) {
      ADD_FAILURE() << finding.path << ':' << finding.line << ": " << finding.message;
    }
  }

  template <typename Rule>
  static void expect_all_keep(Rule rule) {
    for (const SourceFile& file : files()) expect_none(rule(file));
  }
};

TEST_F(Tree, IsFound) {
  EXPECT_GT(files().size(), 30U);
  EXPECT_FALSE(text_of("core/base/check.h").empty());
}

TEST_F(Tree, IncludesPointOneWay) {
  const ModuleOrders orders{module_order(text_of("core/CMakeLists.txt")),
                            module_order(text_of("io/CMakeLists.txt"))};
  ASSERT_FALSE(orders.core.empty());
  ASSERT_FALSE(orders.io.empty());
  expect_all_keep([&](const SourceFile& file) { return check_include_direction(file, orders); });
}

TEST_F(Tree, RingsParserQueueAndAtomicsStayHome) {
  expect_all_keep(check_homes);
}
TEST_F(Tree, CoreMakesNoSystemCall) {
  expect_all_keep(check_core_is_pure);
}
TEST_F(Tree, FilesAreShort) {
  expect_all_keep(check_file_length);
}
TEST_F(Tree, LinesAreShort) {
  expect_all_keep(check_line_length);
}
TEST_F(Tree, FunctionsFitAScreen) {
  expect_all_keep(check_function_length);
}
TEST_F(Tree, HeadersIntroduceThemselves) {
  expect_all_keep(check_header_opening);
}
TEST_F(Tree, NothingIsLeftOpen) {
  expect_all_keep(check_words);
}
TEST_F(Tree, EveryFileIsUsed) {
  expect_none(check_all_used(files()));
}
TEST_F(Tree, TopLevelIsFixed) {
  expect_none(check_top_level(top_level_names(WEIR_SOURCE_DIR)));
}

}  // namespace
}  // namespace weir::tidy
