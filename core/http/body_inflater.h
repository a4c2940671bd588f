// BodyInflater: inflates the body of a request, gzip (any number of members) or zstd (any number of
// frames), with one limit on inflated bytes that holds while inflating: whatever a body claims or
// becomes, no more than that is ever made.
//
// Threads: one. Lifetime: reused, so that its working memory is allocated once: about 170 KiB, and
// for zstd up to kZstdWindowLogMax more (a body that asks for a larger window is refused).
// Facts: RFC 1952, RFC 8878, and the headers of isa-l 2.30 and libzstd 1.5.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct inflate_state;
struct ZSTD_DCtx_s;

namespace weir {

class BodyInflater {
 public:
  static constexpr int kZstdWindowLogMax = 23;  // 8 MiB, what the standard asks decoders to take
  enum class Coding : std::uint8_t { identity, gzip, zstd, unknown };
  enum class Outcome : std::uint8_t { done, damaged, over_limit };

  // Of a Content-Encoding header; several codings one behind the other are not taken.
  static Coding coding_of(std::string_view name);

  BodyInflater();
  ~BodyInflater();
  BodyInflater(const BodyInflater&) = delete;
  BodyInflater& operator=(const BodyInflater&) = delete;

  // Replaces `to`. `coding` is gzip or zstd.
  Outcome inflate(Coding coding, std::string_view from, std::uint64_t bytes_max, std::string& to);

 private:
  Outcome inflate_gzip(std::string_view from, std::uint64_t bytes_max, std::string& to);
  Outcome inflate_member(std::string_view& from, std::uint64_t bytes_max, std::string& to);
  Outcome inflate_zstd(std::string_view from, std::uint64_t bytes_max, std::string& to);

  std::unique_ptr<inflate_state> gzip_;
  ZSTD_DCtx_s* zstd_;
  std::vector<char> piece_;
};

}  // namespace weir
