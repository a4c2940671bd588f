#include "core/log/retention.h"

#include <cerrno>

#include "core/log/segment.h"

namespace weir {

LogRetention::LogRetention(Port& port, LogView& view, const BusSpec& spec, Token token_base,
                           SegmentList segments)
    : port_(port), view_(view), spec_(spec), base_(token_base), segments_(std::move(segments)) {
  for (const SegmentInfo& segment : segments_) bytes_ += segment.bytes;
  publish();
}

void LogRetention::publish() {
  view_.segments.publish(std::make_shared<const SegmentList>(segments_));
}

void LogRetention::add(const SegmentInfo& segment) {
  segments_.push_back(segment);
  bytes_ += segment.bytes;
  publish();
}

void LogRetention::set_last_bytes(std::uint64_t bytes) {
  bytes_ += bytes - segments_.back().bytes;
  segments_.back().bytes = bytes;
  publish();
}

void LogRetention::drop_last() {
  bytes_ -= segments_.back().bytes;
  segments_.pop_back();
  publish();
}

std::size_t LogRetention::poll(const SteadyClock& clock, const Now& now, std::uint64_t bytes_wanted,
                               Handle directory) {
  if (removing_ || segments_.size() < 2 || !directory.valid()) return 0;
  const bool full = over_limit(bytes_wanted);
  if (!full && now.monotonic < look_again_) return 0;
  look_again_ = now.monotonic + kLookEvery;
  const SegmentInfo& oldest = segments_[0];
  const SegmentInfo& second = segments_[1];
  const bool needed = floor_ < second.first_sequence;
  const Nanoseconds ended{second.created_ns};
  const bool old = clock.at(now.monotonic).since_epoch - ended >= spec_.retain.time;
  if (needed && !(full && spec_.on_full == OnFull::drop_oldest)) return 0;
  if (!full && !old) return 0;
  if (needed) {
    const std::uint64_t from = std::max(floor_, oldest.first_sequence);
    dropped_blocks_ += second.first_sequence - from;
    floor_ = second.first_sequence;
  }
  directory_ = directory;
  return remove_oldest();
}

std::size_t LogRetention::remove_oldest() {
  removing_ = true;
  // Readers lose sight of it before it goes.
  const SegmentInfo oldest = segments_.front();
  segments_.erase(segments_.begin());
  bytes_ -= oldest.bytes;
  publish();
  port_.remove(join_path(view_.directory, segment_name(oldest.first_sequence)), base_);
  return 1;
}

std::size_t LogRetention::complete(const Completion& completion, const Now& now,
                                   std::string& error) {
  if (completion.token == base_) {
    if (completion.result == 0 || completion.result == -ENOENT) {
      ++removed_;
      port_.sync_directory(directory_, base_ + 1);
      return 1;
    }
    error = "cannot remove an old segment: " + error_text(completion.result);
  } else if (completion.result != 0) {
    error = "cannot sync the directory after a removal: " + error_text(completion.result);
  }
  removing_ = false;
  look_again_ = now.monotonic;
  return 0;
}

}  // namespace weir
