// RecordMemory: the records to send, whole in memory before the clock starts, so that neither disk
// nor generation costs anything during a run. Immutable once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace weir {

// Whole lines, the last one ended too.
struct Slice {
  std::string_view text;
  std::uint64_t lines = 0;
};

class RecordMemory {
 public:
  // A file, or what a generator appends: `fill` adds one record to the string it is given and is
  // called until that holds `bytes` or `records_max` records.
  static Result<RecordMemory> from_file(const std::string& path);
  static RecordMemory from_generator(const std::function<void(std::string&)>& fill,
                                     std::size_t bytes, std::uint64_t records_max);

  RecordMemory(RecordMemory&& other) noexcept;
  RecordMemory& operator=(RecordMemory&&) = delete;
  ~RecordMemory();

  Slice all() const { return {{memory_, size_}, lines_}; }
  // Contiguous parts of nearly equal numbers of lines, in order; all() again where there are fewer
  // lines than parts.
  std::vector<Slice> split(std::size_t parts) const;

 private:
  explicit RecordMemory(std::size_t capacity);
  void append(std::string_view text);
  void finish();

  char* memory_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace weir
