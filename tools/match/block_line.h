// BlockLine: blocks on their way from the reader through the matching threads to the output, which
// sees them in the order of the input. Bounded: the reader waits while the line is full.
//
// Threads: push() and close() from the reader's, take() and finish() from any number of matching
// ones, next() from the one that writes. All wait for each other as needed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "tools/match/text_block.h"

namespace weir {

class BlockLine {
 public:
  BlockLine(std::size_t blocks_max, std::size_t block_bytes)
      : blocks_max_(blocks_max), block_bytes_(block_bytes) {}

  // An empty block, used or new.
  std::unique_ptr<TextBlock> make();
  // False once the line is cancelled.
  bool push(std::unique_ptr<TextBlock> block);
  // No further blocks.
  void close();
  // Nobody will take what comes out: everyone is let go.
  void cancel();

  // The next block to match; nullptr when there will be none.
  TextBlock* take();
  void finish(TextBlock& block);

  // The next block in order, finished; nullptr after the last, or once cancelled.
  std::unique_ptr<TextBlock> next();
  // For use again.
  void give_back(std::unique_ptr<TextBlock> block);

 private:
  std::size_t blocks_max_;
  std::size_t block_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<TextBlock>> blocks_;  // in order, the oldest first
  std::deque<std::unique_ptr<TextBlock>> spare_;
  std::size_t taken_ = 0;  // how many of blocks_ are being matched or finished
  bool closed_ = false;
  bool cancelled_ = false;
};

}  // namespace weir
