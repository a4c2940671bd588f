// What the Matcher is told of each field beyond its tests: path_flags and array_depths of Tables,
// and from these the marks of the tree. A piece of compile_tables(), and the last but for
// the texts. Threads: one.
#pragma once

#include "core/rule/tables.h"

namespace weir::engine {

// `t` holds all but these; the tree is built.
void note_path_facts(Tables& t);

}  // namespace weir::engine
