#include "core/http/body_inflater.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "core/base/check.h"
#include "core/http/header_check.h"

namespace weir {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kGzipHeaderBytes = 10;

// Appends a piece; false: more than may be.
bool append(std::string& to, std::string_view piece, std::uint64_t bytes_max) {
  if (to.size() + piece.size() > bytes_max) return false;
  to.append(piece);
  return true;
}

}  // namespace

BodyInflater::Coding BodyInflater::coding_of(std::string_view name) {
  if (name.empty() || same_header(name, "identity")) return Coding::identity;
  if (same_header(name, "gzip") || same_header(name, "x-gzip")) return Coding::gzip;
  if (same_header(name, "zstd")) return Coding::zstd;
  return Coding::unknown;
}

BodyInflater::BodyInflater()
    : gzip_(std::make_unique<inflate_state>()), zstd_(ZSTD_createDCtx()), piece_(kPieceBytes) {
  WEIR_CHECK(zstd_ != nullptr);
  const std::size_t set = ZSTD_DCtx_setParameter(zstd_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  WEIR_CHECK(ZSTD_isError(set) == 0);
}

BodyInflater::~BodyInflater() {
  ZSTD_freeDCtx(zstd_);
}

BodyInflater::Outcome BodyInflater::inflate(Coding coding, std::string_view from,
                                            std::uint64_t bytes_max, std::string& to) {
  WEIR_CHECK(coding == Coding::gzip || coding == Coding::zstd);
  to.clear();
  if (from.empty()) return Outcome::damaged;
  return coding == Coding::gzip ? inflate_gzip(from, bytes_max, to)
                                : inflate_zstd(from, bytes_max, to);
}

BodyInflater::Outcome BodyInflater::inflate_gzip(std::string_view from, std::uint64_t bytes_max,
                                                 std::string& to) {
  while (!from.empty()) {
    if (const Outcome outcome = inflate_member(from, bytes_max, to); outcome != Outcome::done) {
      return outcome;
    }
  }
  return Outcome::done;
}

BodyInflater::Outcome BodyInflater::inflate_member(std::string_view& from, std::uint64_t bytes_max,
                                                   std::string& to) {
  // Reserved flags may change what follows the header; isa-l does not look at them.
  const bool sound = from.size() >= kGzipHeaderBytes && from.starts_with("\x1f\x8b\x08") &&
                     (static_cast<unsigned char>(from[3]) & 0xe0U) == 0;
  if (!sound) return Outcome::damaged;
  isal_inflate_init(gzip_.get());
  gzip_->crc_flag = ISAL_GZIP;
  // isa-l reads what next_in points at and writes nothing there.
  gzip_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(from.data()));  // NOLINT
  gzip_->avail_in = static_cast<std::uint32_t>(from.size());
  while (gzip_->block_state != ISAL_BLOCK_FINISH) {
    const std::uint32_t before = gzip_->avail_in;
    gzip_->next_out = reinterpret_cast<std::uint8_t*>(piece_.data());
    gzip_->avail_out = static_cast<std::uint32_t>(piece_.size());
    const int result = isal_inflate(gzip_.get());
    const std::size_t made = piece_.size() - gzip_->avail_out;
    if (!append(to, {piece_.data(), made}, bytes_max)) return Outcome::over_limit;
    if (result < 0) return Outcome::damaged;
    // All was read, nothing was made, and it has no end: cut off.
    const bool moved = made > 0 || gzip_->avail_in < before;
    if (!moved && gzip_->block_state != ISAL_BLOCK_FINISH) return Outcome::damaged;
  }
  from.remove_prefix(from.size() - gzip_->avail_in);
  return Outcome::done;
}

BodyInflater::Outcome BodyInflater::inflate_zstd(std::string_view from, std::uint64_t bytes_max,
                                                 std::string& to) {
  ZSTD_DCtx_reset(zstd_, ZSTD_reset_session_only);
  ZSTD_inBuffer input{from.data(), from.size(), 0};
  std::size_t left = 1;
  bool full = false;
  while (input.pos < input.size || full) {
    ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
    left = ZSTD_decompressStream(zstd_, &output, &input);
    if (!append(to, {piece_.data(), output.pos}, bytes_max)) return Outcome::over_limit;
    if (ZSTD_isError(left) != 0) return Outcome::damaged;
    full = left != 0 && output.pos == output.size;
  }
  return left == 0 ? Outcome::done : Outcome::damaged;
}

}  // namespace weir
