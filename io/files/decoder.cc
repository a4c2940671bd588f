#include "io/files/decoder.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "io/files/gzip_header.h"

namespace weir {
namespace {

constexpr std::size_t kOutputBytes = std::size_t{256} * 1024;

struct Step {
  DecodeOutcome outcome = DecodeOutcome::going_on;
  std::size_t position = 0;  // of the damage, in the bytes given
  std::string damage;
};

Step damaged(std::string what, std::size_t position) {
  return {DecodeOutcome::damaged, position, std::move(what)};
}

}  // namespace

class Decoder::Format {
 public:
  virtual ~Format() = default;
  virtual Step decode(std::span<const char> in, const Taker& taker) = 0;
  virtual std::string cut() const = 0;  // why the file may not end here; empty: it may
};

namespace {

class PlainFormat final : public Decoder::Format {
 public:
  Step decode(std::span<const char> in, const Decoder::Taker& taker) override {
    if (!in.empty() && !taker(in)) return {DecodeOutcome::stopped, 0, {}};
    return {};
  }
  std::string cut() const override { return {}; }
};

class GzipFormat final : public Decoder::Format {
 public:
  Step decode(std::span<const char> in, const Decoder::Taker& taker) override {
    // isa-l takes a pointer to non-const, and only reads.
    state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
    state_->avail_in = static_cast<std::uint32_t>(in.size());
    output_pending_ = false;
    while (state_->avail_in > 0 || output_pending_) {
      const std::size_t position = in.size() - state_->avail_in;
      Step step = part_ == Part::data ? inflate(in.size(), taker) : outside_data(position);
      if (step.outcome != DecodeOutcome::going_on) return step;
    }
    return {};
  }

  std::string cut() const override {
    return part_ == Part::between ? "" : "cut off inside a gzip member";
  }

 private:
  enum class Part : std::uint8_t { header, data, between };

  std::uint8_t next_byte() {
    --state_->avail_in;
    return *state_->next_in++;
  }

  // One byte of a header, of zero padding (tape blocks), or of what should not be there.
  Step outside_data(std::size_t position) {
    if (part_ == Part::between) {
      const std::uint8_t byte = *state_->next_in;
      if (byte == 0) {
        padding_ = true;
        next_byte();
        return {};
      }
      if (byte != 0x1f || padding_) {
        return damaged("bytes that are no gzip follow the last member", position);
      }
      header_ = {};
      part_ = Part::header;
    }
    switch (header_.take(next_byte())) {
      case GzipHeader::State::more:
        break;
      case GzipHeader::State::bad:
        return damaged(header_.fault(), position);
      case GzipHeader::State::done:
        start_data();
        break;
    }
    return {};
  }

  void start_data() {
    std::uint8_t* const next_in = state_->next_in;
    const std::uint32_t avail_in = state_->avail_in;
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP_NO_HDR_VER;  // checks the trailer; the header is ours
    state_->next_in = next_in;
    state_->avail_in = avail_in;
    part_ = Part::data;
  }

  Step inflate(std::size_t in_size, const Decoder::Taker& taker) {
    const std::uint32_t avail_before = state_->avail_in;
    state_->next_out = output_.data();
    state_->avail_out = static_cast<std::uint32_t>(output_.size());
    const int result = isal_inflate(state_.get());
    const std::size_t made = output_.size() - state_->avail_out;
    output_pending_ = state_->avail_out == 0;
    if (made > 0 && !taker({reinterpret_cast<const char*>(output_.data()), made})) {
      return {DecodeOutcome::stopped, 0, {}};
    }
    const std::size_t position = in_size - state_->avail_in;
    if (result == ISAL_INCORRECT_CHECKSUM) {
      return damaged("corrupt gzip data (the checksum or the length is wrong)", position);
    }
    if (result < 0) return damaged("corrupt gzip data", position);
    if (state_->block_state == ISAL_BLOCK_FINISH) {
      part_ = Part::between;
      output_pending_ = false;
    } else if (made == 0 && avail_before > 0 && state_->avail_in == avail_before) {
      return damaged("corrupt gzip data", position);  // never turn round in place
    }
    return {};
  }

  std::unique_ptr<inflate_state> state_ = std::make_unique<inflate_state>();
  std::vector<std::uint8_t> output_ = std::vector<std::uint8_t>(kOutputBytes);
  GzipHeader header_;
  Part part_ = Part::header;
  bool output_pending_ = false;
  bool padding_ = false;
};

class ZstdFormat final : public Decoder::Format {
 public:
  ZstdFormat() : context_(ZSTD_createDCtx()) { WEIR_CHECK(context_ != nullptr); }
  ~ZstdFormat() override { ZSTD_freeDCtx(context_); }
  ZstdFormat(const ZstdFormat&) = delete;
  ZstdFormat& operator=(const ZstdFormat&) = delete;

  Step decode(std::span<const char> in, const Decoder::Taker& taker) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    bool output_pending = false;
    while (input.pos < input.size || output_pending) {
      ZSTD_outBuffer output{output_.data(), output_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_, &output, &input);
      if (output.pos > 0 && !taker({output_.data(), output.pos})) {
        return {DecodeOutcome::stopped, 0, {}};
      }
      if (ZSTD_isError(left) != 0) {
        return damaged(std::string("corrupt zstd data (") + ZSTD_getErrorName(left) + ")",
                       input.pos);
      }
      in_frame_ = left != 0;
      output_pending = in_frame_ && output.pos == output.size;
    }
    return {};
  }

  std::string cut() const override { return in_frame_ ? "cut off inside a zstd frame" : ""; }

 private:
  ZSTD_DCtx* context_;
  std::vector<char> output_ = std::vector<char>(kOutputBytes);
  bool in_frame_ = true;
};

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kSkippableMagic = "\x2a\x4d\x18";  // behind a first byte 0x50 .. 0x5f

bool may_become(std::string_view head, std::string_view magic) {
  const std::size_t length = std::min(head.size(), magic.size());
  return head.substr(0, length) == magic.substr(0, length);
}

bool may_become_skippable(std::string_view head) {
  return !head.empty() && (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50 &&
         may_become(head.substr(1), kSkippableMagic);
}

// Null while the first bytes are too few to tell.
std::unique_ptr<Decoder::Format> recognize(std::string_view head, bool whole) {
  const bool gzip = may_become(head, kGzipMagic);
  const bool zstd = may_become(head, kZstdMagic) || may_become_skippable(head);
  if (gzip && head.size() >= kGzipMagic.size()) return std::make_unique<GzipFormat>();
  if (zstd && head.size() >= kZstdMagic.size()) return std::make_unique<ZstdFormat>();
  if (!whole && (gzip || zstd)) return nullptr;
  return std::make_unique<PlainFormat>();
}

}  // namespace

bool Decoder::is_plain(std::string_view head) {
  const bool zstd = head.starts_with(kZstdMagic) ||
                    (head.size() >= kZstdMagic.size() && may_become_skippable(head));
  return !head.starts_with(kGzipMagic) && !zstd;
}

Decoder::Decoder(Taker taker) : taker_(std::move(taker)) {}
Decoder::~Decoder() = default;

DecodeOutcome Decoder::feed(std::span<const char> bytes) {
  if (format_ == nullptr) {
    const std::size_t missing = std::min(bytes.size(), kZstdMagic.size() - head_.size());
    head_.append(bytes.data(), missing);
    if (head_.empty()) return DecodeOutcome::going_on;
    format_ = recognize(head_, false);
    if (format_ == nullptr) return DecodeOutcome::going_on;
    plain_ = is_plain(head_);
    const std::string head = std::exchange(head_, {});
    if (const DecodeOutcome outcome = run(head); outcome != DecodeOutcome::going_on) {
      return outcome;
    }
    bytes = bytes.subspan(missing);
  }
  return run(bytes);
}

DecodeOutcome Decoder::run(std::span<const char> bytes) {
  Step step = format_->decode(bytes, taker_);
  if (step.outcome == DecodeOutcome::damaged) return fail(std::move(step.damage), step.position);
  fed_ += bytes.size();
  return step.outcome;
}

DecodeOutcome Decoder::finish() {
  if (format_ == nullptr) {
    format_ = recognize(head_, true);
    const std::string head = std::exchange(head_, {});
    if (const DecodeOutcome outcome = run(head); outcome != DecodeOutcome::going_on) {
      return outcome;
    }
  }
  std::string cut = format_->cut();
  return cut.empty() ? DecodeOutcome::going_on : fail(std::move(cut), 0);
}

DecodeOutcome Decoder::fail(std::string what, std::size_t position) {
  damage_ = std::move(what);
  damage_offset_ = fed_ + position;
  return DecodeOutcome::damaged;
}

}  // namespace weir
