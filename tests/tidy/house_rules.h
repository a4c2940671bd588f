// The house rules that a machine can check, each a pure function from files to findings. The tree
// test runs them over the sources; their own tests show that each of them can fail.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_text.h"

namespace weir::tidy {

constexpr std::size_t kFileLinesMax = 600;
constexpr std::size_t kFunctionLinesMax = 70;
constexpr std::size_t kLineColumnsMax = 100;

// The order of dependence among the modules of a room, as its CMakeLists.txt lists them in
// foreach(module ...): a module includes those before it.
std::vector<std::string> module_order(std::string_view cmake_text);

struct ModuleOrders {
  std::vector<std::string> core;
  std::vector<std::string> io;
};

// Arrows point from tools, bench and tests to io to core, and down the module order; a quoted
// include is always written from the root.
Findings check_include_direction(const SourceFile& file, const ModuleOrders& orders);

// The kernel's rings, the parser, the queue and the atomics each have one home.
Findings check_homes(const SourceFile& file);

// core is the router minus the kernel: no sockets, files, clocks, threads, environment.
Findings check_core_is_pure(const SourceFile& file);

Findings check_file_length(const SourceFile& file);
Findings check_line_length(const SourceFile& file);
Findings check_function_length(const SourceFile& file);

// A header says first what it is for, and is read once.
Findings check_header_opening(const SourceFile& file);

// Work left open, and paths that exist on one machine only.
Findings check_words(const SourceFile& file);

// Every .cc is built and every header of ours is included by somebody.
Findings check_all_used(std::span<const SourceFile> files);

Findings check_top_level(std::span<const std::string> names);

}  // namespace weir::tidy
