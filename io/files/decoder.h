// Decoder: turns the bytes of a file into the bytes of its content: plain as it is, gzip with any
// number of members, zstd with any number of frames. What it is, the first bytes tell.
//
// Bytes are passed on as they are decoded, so that a cut or corrupt file yields all that comes
// before the damage. Memory is constant, whatever a file inflates to.
//
// Life: one per file, on one thread; feed() until the end, then finish().
// Facts: RFC 1952, RFC 8878, and the headers of isa-l 2.30 and libzstd 1.5.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class DecodeOutcome : std::uint8_t {
  going_on,
  stopped,  // the taker wants no more
  damaged,  // see damage()
};

class Decoder {
 public:
  // Takes decoded bytes, in large pieces; false: no more.
  using Taker = std::function<bool(std::span<const char>)>;

  explicit Decoder(Taker taker);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  DecodeOutcome feed(std::span<const char> bytes);
  // The file ends here.
  DecodeOutcome finish();

  // What comes out is what goes in; false while that is not known.
  bool plain() const { return plain_; }
  // What `head`, the first bytes of a file, says.
  static bool is_plain(std::string_view head);

  // After `damaged`: "cut off inside a gzip member", and where in the file (compressed bytes).
  const std::string& damage() const { return damage_; }
  std::uint64_t damage_offset() const { return damage_offset_; }

  class Format;  // one of plain, gzip, zstd

 private:
  DecodeOutcome run(std::span<const char> bytes);
  DecodeOutcome fail(std::string what, std::size_t position);

  Taker taker_;
  std::string head_;  // first bytes, while they may still become a known beginning
  std::unique_ptr<Format> format_;
  bool plain_ = false;
  std::uint64_t fed_ = 0;  // bytes given to format_ before the present call
  std::string damage_;
  std::uint64_t damage_offset_ = 0;
};

}  // namespace weir
