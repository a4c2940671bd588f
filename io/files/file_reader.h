// FileReader: a thread that reads files, a glob's matches or standard input into ByteSinks.
//
// Plain, gzip (many members) and zstd (many frames) are told apart by their first bytes. With
// `follow` it goes on at the end of each file, through rotation by rename and by truncation, and
// picks up new matches of a glob; without it the files are read once, in byte order of their names.
//
// Life: open() checks what can be checked (no match, a directory, no right to read) -> start() ->
// finished by itself, or stop() -> join(). The factory outlives it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/units.h"
#include "io/files/byte_sink.h"

namespace weir {

struct FileReaderOptions {
  std::string path;              // a path or a glob; "-" for standard input
  bool follow = false;           // the file need not exist yet
  Nanoseconds look_every{50ms};  // follow: how often to look for growth and rotation
  Nanoseconds old_grace{5s};     // follow: a rotated file is let go when quiet for so long
  // How far an earlier run took the files of this source. Those that are found are gone on with;
  // with `follow` also what was renamed within its folder in between.
  std::vector<FileMark> marks = {};
};

class FileReader {
 public:
  static Result<std::unique_ptr<FileReader>> open(FileReaderOptions options,
                                                  ByteSinkFactory& sinks);
  ~FileReader();  // stops and joins
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  void start();
  // Any thread. A consume() that blocks must be freed by its own means.
  void stop();
  void join();
  // Any thread: true once every file is read to its end (never with `follow`) or stop() was heeded.
  bool finished() const;
  // After join(): what went wrong, file by file. Each was also given to that file's sink.
  const std::vector<Error>& errors() const;

 private:
  class Core;
  explicit FileReader(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// The files a pattern names, in byte order. An error if there is none. A pattern without any of
// * ? [ names itself.
Result<std::vector<std::string>> expand_glob(const std::string& pattern);

}  // namespace weir
