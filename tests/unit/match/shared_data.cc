#include "tests/unit/match/shared_data.h"

#include <isa-l/igzip_lib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/check.h"

namespace weir::test {
namespace {

std::string unpack(std::string packed) {
  std::string out;
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(packed.data());
  state.avail_in = static_cast<std::uint32_t>(packed.size());
  std::vector<std::uint8_t> piece(1U << 20U);
  do {
    state.next_out = piece.data();
    state.avail_out = static_cast<std::uint32_t>(piece.size());
    WEIR_CHECK(isal_inflate(&state) == ISAL_DECOMP_OK);
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - state.avail_out);
  } while (state.block_state != ISAL_BLOCK_FINISH);
  return out;
}

}  // namespace

std::string shared_data_folder() {
  const char* given = std::getenv("WEIR_SHARED_DATA");
  const std::string folder = given != nullptr ? given : WEIR_SOURCE_DIR "/../shared/data";
  return std::filesystem::is_directory(folder) ? folder : "";
}

std::string read_data(const std::string& name) {
  std::ifstream file(shared_data_folder() + "/" + name, std::ios::binary);
  WEIR_CHECK(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return name.ends_with(".gz") ? unpack(std::move(text).str()) : std::move(text).str();
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

}  // namespace weir::test
