// Reads a configuration file into a Catalog, strictly: every fault is found in one go, with its
// place, and nothing is taken that is not understood.
//
// Threads: any; a load shares nothing. Nothing waits: what is no regular file is refused unopened,
// no name is resolved, no address is bound. README.md of this folder holds the decisions;
// tools/weir/README.md the reference of all keys.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/catalog/catalog.h"
#include "io/config/environment.h"
#include "io/config/fault.h"

namespace weir {

struct LoadOptions {
  Environment environment = process_environment();
  // Look whether the files that sources read and targets write can be there. Rule files are read in
  // any case.
  bool look_at_files = true;
  // Take keys whose work is not done yet: for tests.
  bool allow_unfinished = false;
};

struct Loaded {
  Catalog catalog;
  std::vector<Fault> warnings;
};

// Faults in the order of the file; those of rule files follow.
Result<Loaded, std::vector<Fault>> load_catalog(const std::string& path,
                                                const LoadOptions& options = {});

// The same for text in memory; `name` stands in faults, and rule files are looked for beside it.
Result<Loaded, std::vector<Fault>> load_catalog_text(std::string name, std::string text,
                                                     const LoadOptions& options = {});

}  // namespace weir
