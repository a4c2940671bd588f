// Compressor: a background thread that compresses finished (rotated) files: FILE becomes FILE.gz
// or FILE.zst. The result is written under a temporary name, synced and renamed; only then is the
// original removed, so that a crash at any point leaves one whole copy.
//
// Life: the destructor finishes what is queued. Threads: add() from any thread; `done` is called on
// the compressor's own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/catalog/catalog.h"

namespace weir {

// Now, on the calling thread. Returns the name of the compressed file; on an error the original
// stays. Compression::none does nothing.
Result<std::string> compress_file(const std::string& path, Compression compression);

class Compressor {
 public:
  using DoneCallback = std::function<void(const std::string& path, const Result<std::string>&)>;
  explicit Compressor(DoneCallback done);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void add(std::string path, Compression compression);
  std::size_t waiting() const;  // files not yet finished

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace weir
