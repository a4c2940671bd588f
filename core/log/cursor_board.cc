#include "core/log/cursor_board.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir {

LogPosition Cursor::read() const {
  const std::uint64_t place = place_.read();
  if (place != kFollows) return LogPosition::unpack(place);
  const LogPosition passed = passed_->read();
  // Between the two looks the Writer may have passed events that wait for this target. Then, and
  // before it passed them, it has written the place where they begin.
  const std::uint64_t again = place_.read();
  return again == kFollows ? passed : LogPosition::unpack(again);
}

std::shared_ptr<Passed> CursorBoard::passed(BusId bus, std::size_t writer, LogPosition first) {
  std::shared_ptr<Passed>& passed = passed_[{bus, writer}];
  if (passed == nullptr) passed = std::make_shared<Passed>(first);
  return passed;
}

std::shared_ptr<Cursor> CursorBoard::open(BusId bus, TargetId target, std::size_t writer,
                                          LogPosition start) {
  const auto known = std::ranges::find_if(all_, [&](const std::shared_ptr<Cursor>& cursor) {
    return cursor->bus() == bus && cursor->target() == target;
  });
  if (known != all_.end()) return *known;
  const auto passed = passed_.find({bus, writer});
  WEIR_CHECK(passed != passed_.end());
  all_.push_back(std::make_shared<Cursor>(bus, target, passed->second, start));
  cursors_.publish(std::make_shared<const Cursors>(all_));
  return all_.back();
}

bool CursorBoard::forget(TargetId target) {
  const auto count = std::erase_if(
      all_, [&](const std::shared_ptr<Cursor>& cursor) { return cursor->target() == target; });
  if (count > 0) cursors_.publish(std::make_shared<const Cursors>(all_));
  return count > 0;
}

}  // namespace weir
