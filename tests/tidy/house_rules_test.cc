// Each house rule on small samples: that it fails where it should, and only there.
#include "tests/tidy/house_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::tidy {
namespace {

const ModuleOrders kOrders{{"base", "sync", "block"}, {"ring", "run"}};

std::string repeat(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

SourceFile including(const std::string& path, const std::string& what) {
  return {path, "#pragma once\n#include " + what + "\n"};
}

TEST(SourceText, CodeOnlyKeepsLinesAndDropsLiterals) {
  EXPECT_EQ(code_only("a \"x{\\\"y\" b\n"), "a         b\n");
  EXPECT_EQ(code_only("a // {\nb"), "a     \nb");
  EXPECT_EQ(code_only("/* {\n} */c"), "    \n    c");
  EXPECT_EQ(code_only("R\"j({\n)j\";"), "     \n   ;");
  EXPECT_EQ(code_only("'{' 1'000{"), "    1'000{");
  EXPECT_EQ(code_only("#include \"a/b.h\"\n"), "#include \"a/b.h\"\n");
  EXPECT_EQ(code_only("\"open"), "     ");
  EXPECT_EQ(code_only("/* open"), "       ");
}

TEST(SourceText, RoomsAndTops) {
  EXPECT_EQ(top_of("core/base/check.h"), "core");
  EXPECT_EQ(room_of("core/base/check.h"), "core/base");
  EXPECT_EQ(room_of("core/CMakeLists.txt"), "core");
  EXPECT_EQ(lines_of("a\n\nb\n").size(), 3U);
}

TEST(HouseRules, ModuleOrderIsReadFromCMake) {
  EXPECT_EQ(module_order("# x\nforeach(module base sync\n  block)\n"),
            (std::vector<std::string>{"base", "sync", "block"}));
  EXPECT_TRUE(module_order("nothing").empty());
}

TEST(HouseRules, IncludeDirection) {
  const auto breaches = [](const std::string& path, const std::string& what) {
    return check_include_direction(including(path, what), kOrders).size();
  };
  EXPECT_EQ(breaches("core/sync/a.h", "\"core/base/b.h\""), 0U);
  EXPECT_EQ(breaches("core/sync/a.h", "\"core/sync/b.h\""), 0U);
  EXPECT_EQ(breaches("core/sync/a.h", "\"core/block/b.h\""), 1U) << "up the module order";
  EXPECT_EQ(breaches("core/other/a.h", "\"core/base/b.h\""), 1U) << "a module nobody lists";
  EXPECT_EQ(breaches("core/base/a.h", "\"io/ring/b.h\""), 1U);
  EXPECT_EQ(breaches("io/ring/a.h", "\"io/run/b.h\""), 1U);
  EXPECT_EQ(breaches("io/run/a.h", "\"tools/gen/b.h\""), 1U);
  EXPECT_EQ(breaches("tools/gen/a.h", "\"bench/x/b.h\""), 1U);
  EXPECT_EQ(breaches("tools/gen/a.h", "\"tests/x/b.h\""), 1U);
  EXPECT_EQ(breaches("tests/x/a.cc", "\"tools/gen/b.h\""), 0U);
  EXPECT_EQ(breaches("core/base/a.cc", "\"check.h\""), 1U) << "not written from the root";
}

TEST(HouseRules, Homes) {
  const auto breaches = [](const std::string& path, const std::string& what) {
    return check_homes(including(path, what)).size();
  };
  EXPECT_EQ(breaches("io/run/a.cc", "<liburing.h>"), 1U);
  EXPECT_EQ(breaches("io/ring/a.cc", "<liburing.h>"), 0U);
  EXPECT_EQ(breaches("core/wire/a.cc", "<simdjson.h>"), 1U);
  EXPECT_EQ(breaches("core/event/a.cc", "<simdjson.h>"), 0U);
  EXPECT_EQ(breaches("core/block/a.h", "<concurrentqueue/concurrentqueue.h>"), 1U);
  EXPECT_EQ(breaches("core/sync/a.h", "<concurrentqueue/concurrentqueue.h>"), 0U);
  EXPECT_EQ(breaches("tools/run/a.cc", "<atomic>"), 1U);
  EXPECT_EQ(breaches("core/synchronous/a.h", "<atomic>"), 1U) << "a name that begins alike";
  EXPECT_EQ(check_homes({"io/run/a.h", "std::atomic<int> a;\n"}).size(), 1U);
  EXPECT_EQ(check_homes({"io/run/a.h", "// std::atomic<int> a;\n"}).size(), 0U);
  EXPECT_EQ(check_homes({"core/sync/a.h", "std::atomic<int> a;\n"}).size(), 0U);
}

TEST(HouseRules, CoreIsPure) {
  EXPECT_EQ(check_core_is_pure(including("core/base/a.cc", "<sys/socket.h>")).size(), 1U);
  EXPECT_EQ(check_core_is_pure(including("core/base/a.cc", "<unistd.h>")).size(), 1U);
  EXPECT_EQ(check_core_is_pure(including("core/base/a.cc", "<thread>")).size(), 1U);
  EXPECT_EQ(check_core_is_pure(including("core/base/a.cc", "<mutex>")).size(), 1U);
  EXPECT_EQ(check_core_is_pure(including("core/sync/a.cc", "<mutex>")).size(), 0U);
  EXPECT_EQ(check_core_is_pure(including("io/run/a.cc", "<unistd.h>")).size(), 0U);
  const std::string clock = "auto t = std::chrono::steady_clock::now();\n";
  EXPECT_EQ(check_core_is_pure({"core/base/a.cc", clock}).size(), 1U);
  EXPECT_EQ(check_core_is_pure({"core/base/a.cc", "// steady_clock\n"}).size(), 0U);
  EXPECT_EQ(check_core_is_pure({"core/base/a.cc", "my_getenv();\n"}).size(), 0U);
}

TEST(HouseRules, FileLength) {
  EXPECT_EQ(check_file_length({"core/base/a.cc", repeat("\n", 600)}).size(), 0U);
  EXPECT_EQ(check_file_length({"core/base/a.cc", repeat("\n", 601)}).size(), 1U);
  EXPECT_EQ(check_file_length({"tools/x", "#!/bin/sh\n" + repeat("\n", 600)}).size(), 1U);
  EXPECT_EQ(check_file_length({"tests/data/a.json", repeat("\n", 601)}).size(), 0U);
}

TEST(HouseRules, LineLength) {
  EXPECT_EQ(check_line_length({"io/run/a.h", std::string(100, 'a') + "\n"}).size(), 0U);
  EXPECT_EQ(check_line_length({"io/run/a.h", std::string(101, 'a') + "\n"}).size(), 1U);
  EXPECT_EQ(check_line_length({"io/run/a.h", repeat("\u00e4", 100) + "\n"}).size(), 0U)
      << "columns, not bytes";
}

TEST(HouseRules, FunctionLength) {
  const auto findings = [](const std::string& text) {
    return check_function_length({"core/base/a.cc", text});
  };
  const std::string body68 = repeat("  a();\n", 68);
  EXPECT_EQ(findings("int f() {\n" + body68 + "}\n").size(), 0U);
  EXPECT_EQ(findings("int f() {\n" + body68 + "  a();\n}\n").size(), 1U);
  EXPECT_EQ(findings("int\nf() {\n" + body68 + "}\n").size(), 1U) << "the head counts";
  EXPECT_EQ(findings("namespace a {\nclass B {\n int f() {\n" + body68 + "a();\n}\n};\n}\n"),
            (Findings{{"core/base/a.cc", 3, "function f has 71 lines"}}));
  EXPECT_EQ(findings("B::B(int a)\n    : a_{a}, b_(a) {\n" + body68 + "}\n").size(), 1U)
      << "a constructor with initialisers";
  EXPECT_EQ(findings("template <class T>\nvoid g(T) {\n" + body68 + "}\n").size(), 1U);
  EXPECT_EQ(findings("struct A {\n" + repeat("  int a = f();\n", 100) + "};\n").size(), 0U);
  EXPECT_EQ(findings("constexpr int a[] = {\n" + repeat("  1,\n", 100) + "};\n").size(), 0U);
  EXPECT_EQ(findings("#define A(x) {\nint f() { return 1; }\n").size(), 0U);
  EXPECT_EQ(findings("int f() {\n").size(), 1U) << "never closed";
  const std::string lambda = "  auto l = [] {\n" + repeat("    a();\n", 60) + "  };\n";
  EXPECT_EQ(findings("int f() {\n" + lambda + repeat("  a();\n", 10) + "}\n").size(), 1U)
      << "a lambda belongs to its function";
}

TEST(HouseRules, HeaderOpening) {
  EXPECT_EQ(check_header_opening({"io/run/a.h", "// What.\n#pragma once\n"}).size(), 0U);
  EXPECT_EQ(check_header_opening({"io/run/a.h", "#pragma once\n"}).size(), 2U);
  EXPECT_EQ(check_header_opening({"io/run/a.h", "// What.\nint a;\n"}).size(), 1U);
  EXPECT_EQ(check_header_opening({"io/run/a.cc", "int a;\n"}).size(), 0U);
}

TEST(HouseRules, Words) {
  EXPECT_EQ(check_words({"io/run/a.h",
                         "// TO"
                         "DO: later\n"})
                .size(),
            1U);
  EXPECT_EQ(check_words({"README.md",
                         "see /ho"
                         "me/me/x\n"})
                .size(),
            1U);
  EXPECT_EQ(check_words({"io/run/a.h",
                         "int MASTO"
                         "DON;\n"})
                .size(),
            0U);
}

TEST(HouseRules, AllUsed) {
  const std::vector<SourceFile> tree = {
      {"core/base/CMakeLists.txt", "weir_module(base SOURCES a.cc)\n"},
      {"core/base/a.cc", "#include \"core/base/a.h\"\n"},
      {"core/base/a.h", ""},
      {"core/base/aa.cc", ""},
      {"core/base/lost.h", ""},
      {"io/run/a.cc", ""},
  };
  EXPECT_EQ(check_all_used(tree), (Findings{{"core/base/aa.cc", 0, "named in no CMakeLists.txt"},
                                            {"core/base/lost.h", 0, "included by nobody"},
                                            {"io/run/a.cc", 0, "named in no CMakeLists.txt"}}));
}

TEST(HouseRules, TopLevel) {
  std::vector<std::string> names = {"CMakeLists.txt", "core",      "io",      "bench", "tests",
                                    "tools",          "README.md", "LICENSE", ".ci",   "build"};
  EXPECT_TRUE(check_top_level(names).empty());
  names.emplace_back("docs");
  EXPECT_EQ(check_top_level(names).size(), 1U);
  names.erase(names.begin());
  EXPECT_EQ(check_top_level(names).size(), 2U);
}

}  // namespace
}  // namespace weir::tidy
