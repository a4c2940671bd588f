// FileProgress: an open file beside its sink. It tells the sink what the file is, so that what is
// taken from it can be marked, and where to go on if a mark of an earlier run is this file's.
//
// A mark is a file's if inode and birth are the same and its first bytes still have the same hash:
// inodes are used again, and a file may be written anew in place. Threads: the reader's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/block/block.h"
#include "io/files/byte_sink.h"
#include "io/files/input.h"

namespace weir {

class FileProgress {
 public:
  // How many bytes at the start of a file tell it from others.
  static constexpr std::size_t kHeadBytes = 1024;

  // Looks for the file among `marks`; before anything is read. Pipes and terminals have no place
  // to go on from.
  FileProgress(const Input& input, ByteSink& sink, std::span<const FileMark> marks);
  // The next bytes as they lie in the file; before the sink is given what they hold.
  void read(std::span<const char> raw);

 private:
  void resume(const Input& input, const FileMark& mark);

  ByteSink& sink_;
  bool regular_;
  FileMark mark_;
  std::string head_;
};

// The mark of this file, or null.
const FileMark* mark_of(std::span<const FileMark> marks, const FileId& id);

}  // namespace weir
