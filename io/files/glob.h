// File name patterns.
#pragma once

#include <string>
#include <vector>

namespace weir {

// Whether the text has any of * ? [
bool is_glob(const std::string& text);
// What matches now, in byte order; none is fine. Directories that match are left out.
std::vector<std::string> glob_matches(const std::string& pattern);

}  // namespace weir
