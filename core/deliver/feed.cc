#include "core/deliver/feed.h"

namespace weir {

std::uint16_t Feeds::index_of(const Feed& feed) const {
  std::uint16_t index = 0;
  while (&feeds_[index] != &feed) ++index;
  return index;
}

void Feeds::publish(Feed& feed) {
  if (frozen_) return;
  LogPosition settled = feed.settled;
  if (!feed.waits()) {
    const LogPosition passed = feed.cursor->passed();
    if (feed.live && !detached_ && passed >= feed.taken) {
      if (!std::exchange(feed.follows, true)) feed.cursor->follow();
      return;
    }
    settled = feed.taken_or_passed();
  } else if (feed.follows) {
    settled = std::max(settled, feed.cursor->passed());
  }
  feed.settled = settled;
  if (!std::exchange(feed.follows, false) && settled == feed.published) return;
  WEIR_CHECK(settled >= feed.published);
  feed.published = settled;
  feed.cursor->set(settled);
}

void Feeds::detach() {
  detached_ = true;
  publish();
}

void Feeds::freeze() {
  publish();
  frozen_ = true;
  for (Feed& feed : feeds_) {
    if (std::exchange(feed.follows, false)) feed.cursor->set(feed.cursor->passed());
  }
}

}  // namespace weir
