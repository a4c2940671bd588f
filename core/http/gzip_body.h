// GzipBody: compresses request bodies (isa-l, its fastest level: a batch is compressed on the
// thread that delivers it).
//
// Threads: one. Lifetime: reused, so that its working memory is allocated once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct isal_zstream;

namespace weir {

class GzipBody {
 public:
  GzipBody();
  ~GzipBody();
  GzipBody(const GzipBody&) = delete;
  GzipBody& operator=(const GzipBody&) = delete;

  // Most bytes that so many compress to.
  static std::size_t bound(std::size_t bytes);
  // One gzip member of all of `from` into `to`, which has room for bound(). Returns its size.
  std::size_t compress(std::span<const char> from, std::span<char> to);

 private:
  std::unique_ptr<isal_zstream> stream_;
  std::vector<std::uint8_t> level_memory_;
};

}  // namespace weir
