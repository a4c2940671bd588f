// Names, not ids, stand in a log: what has number 3 in this process had another in the last. These
// are the two translations; the process that owns the ids implements them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/wire/render.h"

namespace weir {

// From ids to names, for writing. Called on the log's thread, once for each id that is new to it.
class LogNames {
 public:
  virtual ~LogNames() = default;
  virtual std::string target(TargetId id) const = 0;
  virtual std::string source(SourceId id) const = 0;
  // How events of the source are rendered now. Valid as long as this object.
  virtual const Rendering& rendering(SourceId id) const = 0;
};

// From names to ids, for reading. Called on the reader's thread, a few times for each record:
// cheap, and able to be asked on several threads at once.
class ReplayNames {
 public:
  virtual ~ReplayNames() = default;
  // Invalid for a name that nobody has; its events are passed over.
  virtual TargetId target(std::string_view name) const = 0;
  virtual SourceId source(std::string_view name) const = 0;
};

}  // namespace weir
