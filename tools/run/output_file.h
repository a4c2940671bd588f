// Files that `weir run` writes: whether they can be written is found out at the start, not hours
// later under load.
#pragma once

#include <string>

#include "core/base/result.h"

namespace weir {

// Makes the directory if it is missing and sees that the file can be opened for appending. The
// error names the file and the remedy.
Status prepare_output_file(const std::string& path);

}  // namespace weir
