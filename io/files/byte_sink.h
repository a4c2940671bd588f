// Where a reader puts what it reads. One ByteSink per file (or standard input), made by the
// ByteSinkFactory when the reader opens it.
//
// Threads: all calls from the reader's thread. consume() may block: that is the back-pressure.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/block/block.h"

namespace weir {

class ByteSink {
 public:
  virtual ~ByteSink() = default;

  // The next bytes, decompressed, in large pieces; lines are cut anywhere. False ends the reading
  // (end() still follows).
  virtual bool consume(std::span<const char> bytes) = 0;
  // What the file is, for marks of what is taken from it: before the first bytes, and again while
  // more of its first bytes becomes known. Never for pipes and terminals.
  virtual void identify(const FileMark& /*file*/) {}
  // An earlier run took what `mark` covers. The file is given from its start all the same; before
  // the first bytes.
  virtual void resume(const FileMark& /*mark*/) {}
  // How many of the next bytes the sink would only pass over; at most `bytes_max`. Who asks leaves
  // them out.
  virtual std::uint64_t leave_out(std::uint64_t /*bytes_max*/) { return 0; }
  // Something about the file that people should know; no fault of what is given.
  virtual void notice(const std::string& /*text*/) {}
  // Nothing more to read right now (a followed file, a pipe): a good moment to pass on what is
  // there, but an unfinished last line must wait for its end.
  virtual void idle() {}
  // The bytes given so far are followed by damage or a read error; end() follows.
  virtual void fail(const Error& error) = 0;
  // No more bytes, exactly once and last: an unfinished last line ends here.
  virtual void end() = 0;
};

class ByteSinkFactory {
 public:
  virtual ~ByteSinkFactory() = default;
  // `label` is the path as found, or "standard input". Null: do not read it.
  virtual std::unique_ptr<ByteSink> open(const std::string& label) = 0;
};

}  // namespace weir
