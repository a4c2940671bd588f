#include "core/http/gzip_body.h"

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>

#include <string>

#include "core/base/random.h"

namespace weir {
namespace {

std::string inflate(std::string compressed, std::size_t bytes_max) {
  std::string out(bytes_max + 1, '\0');
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(compressed.data());
  state.avail_in = static_cast<std::uint32_t>(compressed.size());
  state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state.avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_inflate(&state), ISAL_DECOMP_OK);
  EXPECT_EQ(state.block_state, ISAL_BLOCK_FINISH);
  out.resize(out.size() - state.avail_out);
  return out;
}

TEST(GzipBody, ComesBack) {
  GzipBody gzip;
  Random random(1);
  std::string text;
  std::string noise;
  for (int i = 0; i < 20'000; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
  for (int i = 0; i < 300'000; ++i) noise += static_cast<char>(random.below(256));
  for (const std::string& body : {std::string(), std::string("x"), text, noise}) {
    std::string out(GzipBody::bound(body.size()), '\0');
    out.resize(gzip.compress(body, out));
    EXPECT_EQ(inflate(out, body.size()), body);
  }
  std::string out(GzipBody::bound(text.size()), '\0');
  EXPECT_LT(gzip.compress(text, out), text.size() / 3);
}

}  // namespace
}  // namespace weir
