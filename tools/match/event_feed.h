// EventFeed: reads the events of `weir match` on threads of its own and puts them into a BlockLine.
//
// Life: open() -> start() -> join(), after which problem() holds what went wrong, if anything. The
// line is closed whatever happens; events before a damage are there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "core/base/result.h"
#include "io/files/byte_sink.h"
#include "io/files/file_reader.h"
#include "tools/match/block_line.h"
#include "tools/match/text_block.h"

namespace weir {

class EventFeed {
 public:
  // `path` "-": standard input.
  static Result<std::unique_ptr<EventFeed>> open(const std::string& path, BlockLine& line,
                                                 std::size_t block_bytes);
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  void start();
  void join();
  const std::optional<Error>& problem() const { return problem_; }

 private:
  class Sink;
  class Sinks;
  EventFeed(BlockLine& line, std::size_t block_bytes);
  ~EventFeed();
  friend std::default_delete<EventFeed>;

  BlockLine& line_;
  BlockCarver carver_;
  std::unique_ptr<Sinks> sinks_;
  std::unique_ptr<FileReader> reader_;
  std::optional<Error> problem_;
  std::jthread closer_;
};

}  // namespace weir
