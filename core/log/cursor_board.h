// CursorBoard: how far each target has settled the log of each durable bus, told by the Writers and
// read by whoever stores it (CursorKeeper) or shows it.
//
// A Writer passes every block of a bus, and most blocks hold nothing for most targets. So a target
// with nothing waiting does not write its position for each block: its cursor says "as far as my
// Writer has passed", and only while something waits does it hold a place of its own. What a block
// costs depends on the targets it names, not on how many there are.
//
//     Passed   one for each bus and Writer: everything below has been through the Writer's doors
//     Cursor   one for each bus and target: its own place, or the Passed of its Writer
//
// The order that makes read() right: a Writer gives a cursor its own place before it publishes a
// Passed beyond an event that waits for that target, and lets it follow again only when all below
// Passed has settled.
//
// Threads: open(), forget() and passed() by the control thread (a Writer may be told to call them
// while that thread waits); set(), follow() and Passed by the Writer; read() and Reader anywhere.
// Lifetime: cursors stay when a target goes, because it may come back, until it is forgotten.
// Positions never go back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_position.h"
#include "core/sync/snapshot.h"
#include "core/sync/watermark.h"

namespace weir {

class Passed {
 public:
  explicit Passed(LogPosition first) : next_(first.pack()) {}
  void set(LogPosition next) { next_.publish(next.pack()); }
  LogPosition read() const { return LogPosition::unpack(next_.read()); }

 private:
  Watermark next_;
};

class Cursor {
 public:
  Cursor(BusId bus, TargetId target, std::shared_ptr<const Passed> passed, LogPosition start)
      : bus_(bus), target_(target), passed_(std::move(passed)), place_(start.pack()) {}
  BusId bus() const { return bus_; }
  TargetId target() const { return target_; }

  // The Writer's. All below `settled` has settled.
  void set(LogPosition settled) { place_.publish(settled.pack()); }
  // Nothing waits: all that the Writer has passed has settled, and so will what it passes next.
  void follow() { place_.publish(kFollows); }
  LogPosition passed() const { return passed_->read(); }

  // Any thread.
  LogPosition read() const;

 private:
  static constexpr std::uint64_t kFollows = ~std::uint64_t{0};

  const BusId bus_;
  const TargetId target_;
  const std::shared_ptr<const Passed> passed_;
  Watermark place_;
};

class CursorBoard {
 public:
  // The progress of Writer `writer` with `bus`; made at `first` if it is new.
  std::shared_ptr<Passed> passed(BusId bus, std::size_t writer, LogPosition first);
  // The cursor of a target of that Writer, whose Passed is there; made at `start` if it is new,
  // else where it stands.
  std::shared_ptr<Cursor> open(BusId bus, TargetId target, std::size_t writer, LogPosition start);

  // The target begins anew when it is opened again. Its Writer has let its cursors go. False: it
  // has none.
  bool forget(TargetId target);

  using Cursors = std::vector<std::shared_ptr<Cursor>>;
  // All cursors, in the order in which they were made. One Reader for each reading thread.
  class Reader {
   public:
    explicit Reader(const CursorBoard& board) : reader_(board.cursors_) {}
    const Cursors& get() { return reader_.get(); }

   private:
    Snapshot<Cursors>::Reader reader_;
  };

 private:
  std::map<std::pair<BusId, std::size_t>, std::shared_ptr<Passed>> passed_;
  Cursors all_;  // what cursors_ publishes
  Snapshot<Cursors> cursors_{std::make_shared<const Cursors>()};
};

}  // namespace weir
