// Feed: a durable bus as one target sees it. Its events come from the live blocks that the Writer
// passes or, while the target lags, from the log; what has settled goes to the bus's cursor.
//
//     settled ...... taken ......            places in the log of the bus
//     | in the buffer |  still to be taken
//
// `taken` counts what stands at the door, not what the target wanted: an event that names others is
// taken as soon as it has passed. A live feed that no block has named for a while has a `taken`
// that lies behind; then the Writer's Passed is the truth (see taken_or_passed()).
//
// Threads: the Writer's only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/log/cursor_board.h"

namespace weir {

struct Feed {
  explicit Feed(std::shared_ptr<Cursor> its_cursor)
      : cursor(std::move(its_cursor)),
        bus(cursor->bus()),
        taken(cursor->read()),
        settled(taken),
        published(taken) {}

  LogPosition taken_or_passed() const { return live ? std::max(taken, cursor->passed()) : taken; }
  bool waits() const { return marks > 0 || in_batch; }

  std::shared_ptr<Cursor> cursor;
  BusId bus;
  LogPosition taken;
  LogPosition settled;      // while something waits: below it nothing does
  LogPosition published;    // what the cursor says, unless it follows
  std::uint32_t marks = 0;  // closed batches that hold its events
  bool in_batch = false;    // so does the open one
  bool live = false;        // takes from live blocks; else from the log
  bool hungry = false;      // lags, and its target has room
  bool follows = false;     // what the cursor says
};

// The feeds of one target. They stay where they are, because blocks in hand point to them.
class Feeds {
 public:
  // A feed begins lagging, at its cursor; the Writer sees when it is live.
  Feed& add(std::shared_ptr<Cursor> cursor) { return feeds_.emplace_back(std::move(cursor)); }
  Feed* find(BusId bus) {
    for (Feed& feed : feeds_) {
      if (feed.bus == bus) return &feed;
    }
    return nullptr;
  }
  bool empty() const { return feeds_.empty(); }
  std::size_t size() const { return feeds_.size(); }
  Feed& at(std::size_t index) { return feeds_[index]; }
  auto begin() { return feeds_.begin(); }
  auto end() { return feeds_.end(); }
  std::uint16_t index_of(const Feed& feed) const;

  // Brings the cursors up to date. Must be called after a round that took events and before the
  // Writer publishes that it has passed them.
  void publish() {
    for (Feed& feed : feeds_) publish(feed);
  }
  // From now on cursors hold places of their own: the target is retired, and what the Writer passes
  // later is not its affair.
  void detach();
  // All that waits is given back to the log: cursors stay at what has settled, for good.
  void freeze();

 private:
  void publish(Feed& feed);

  std::deque<Feed> feeds_;
  bool detached_ = false;
  bool frozen_ = false;
};

}  // namespace weir
