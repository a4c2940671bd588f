// WriterHost: what a Writer tells the outside beyond its counters. Called on the Writer's thread,
// from inside its poll: take note and return at once. Lifetime: longer than the Writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/catalog/catalog.h"

namespace weir {

// A file that rotation has closed and renamed; nobody writes to it any more.
struct FinishedFile {
  TargetId target;
  std::string path;
  Compression compress = Compression::none;
};

class WriterHost {
 public:
  enum class Level : std::uint8_t { info, warning };
  virtual ~WriterHost() = default;
  // For people; at most one in a few seconds per target, with the number left out in between.
  virtual void message(Level level, TargetId target, std::string_view text) = 0;
  // To be compressed in the background where `compress` says so.
  virtual void file_finished(const FinishedFile& file) = 0;
};

}  // namespace weir
