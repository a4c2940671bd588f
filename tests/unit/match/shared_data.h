// Reads the shared sample data, where it exists; tests that need it are skipped elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

// The folder of the data, or empty.
std::string shared_data_folder();
// A whole file, unpacked if its name ends in .gz.
std::string read_data(const std::string& name);
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace weir::test
