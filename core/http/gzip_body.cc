#include "core/http/gzip_body.h"

#include <isa-l/igzip_lib.h>

#include "core/base/check.h"

namespace weir {

GzipBody::GzipBody()
    : stream_(std::make_unique<isal_zstream>()), level_memory_(ISAL_DEF_LVL1_DEFAULT) {}

GzipBody::~GzipBody() = default;

std::size_t GzipBody::bound(std::size_t bytes) {
  // Stored blocks of at most 64 KiB where nothing is gained, and the frame of gzip.
  constexpr std::size_t kFrame = 64;
  return bytes + bytes / 1024 + kFrame;
}

std::size_t GzipBody::compress(std::span<const char> from, std::span<char> to) {
  isal_deflate_init(stream_.get());
  stream_->gzip_flag = IGZIP_GZIP;
  stream_->level = 1;
  stream_->level_buf = level_memory_.data();
  stream_->level_buf_size = static_cast<std::uint32_t>(level_memory_.size());
  stream_->end_of_stream = 1;
  // isa-l takes its input as writable bytes; it does not write there.
  stream_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(from.data()));
  stream_->avail_in = static_cast<std::uint32_t>(from.size());
  stream_->next_out = reinterpret_cast<std::uint8_t*>(to.data());
  stream_->avail_out = static_cast<std::uint32_t>(to.size());
  WEIR_CHECK(isal_deflate(stream_.get()) == COMP_OK);
  WEIR_CHECK(stream_->internal_state.state == ZSTATE_END);
  return to.size() - stream_->avail_out;
}

}  // namespace weir
