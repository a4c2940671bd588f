// Follower: reads growing files to their present ends, again and again, through rotation.
//
// A file is known by what it is (FileId), not by name. Rotation by rename: the old file is read on
// until nothing has come for a while after its name went to a new file, which is followed from its
// start. Rotation by copy and truncate: a file shorter than what was read starts anew. (A file that
// is truncated and grows past the old length between two looks cannot be told from one that only
// grew; no reader can.)
//
// Life: look() from one thread, every so often; finish() at the end.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/units.h"
#include "io/files/byte_sink.h"
#include "io/files/decoder.h"
#include "io/files/file_progress.h"
#include "io/files/input.h"

namespace weir {

struct FollowOptions {
  std::string path;                  // or a glob
  Nanoseconds old_grace{5s};         // how long a rotated file must be quiet before it is let go
  std::vector<FileMark> marks = {};  // how far an earlier run took them
};

class Follower {
 public:
  Follower(FollowOptions options, ByteSinkFactory& sinks, const StopLine& stop);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Reads all there is now; returns how many bytes.
  std::uint64_t look(MonotonicTime now);
  // Ends all sinks.
  void finish();
  std::vector<Error> take_errors() { return std::exchange(errors_, {}); }

 private:
  struct Followed;

  void find_files(MonotonicTime now);
  void find_renamed(MonotonicTime now);
  void open_file(const std::string& path, FileId id, MonotonicTime now);
  void begin(Followed& file, std::span<const FileMark> marks) const;
  std::uint64_t read_on(Followed& file, MonotonicTime now);
  void start_over(Followed& file);
  void fail(Followed& file, Error error);
  static void end(Followed& file);
  bool let_go(const Followed& file, MonotonicTime now) const;

  FollowOptions options_;
  ByteSinkFactory& sinks_;
  const StopLine& stop_;
  std::vector<char> buffer_;
  std::uint64_t looks_ = 0;
  std::map<FileId, std::unique_ptr<Followed>> files_;
  std::map<std::string, FileId> names_;  // of the last look
  std::vector<Error> errors_;
};

}  // namespace weir
