#include "core/deliver/sink.h"

#include <algorithm>

#include "core/deliver/discard_sink.h"
#include "core/deliver/file_sink.h"
#include "core/deliver/stream_sink.h"

namespace weir {

Nanoseconds Backoff::next(Random& random) {
  constexpr std::uint32_t kDoublingsMax = 9;  // 100 ms * 2^9 is beyond 30 s
  const Nanoseconds most = std::min(kFirst * (1U << std::min(failures_, kDoublingsMax)), kMost);
  ++failures_;
  const auto choices = static_cast<std::uint64_t>((most - kLeast).count()) + 1;
  return kLeast + Nanoseconds{static_cast<std::int64_t>(random.below(choices))};
}

void Reporter::tell(const Now& now, WriterHost::Level level, const std::string& text) {
  Line& line = lines_[static_cast<std::size_t>(level)];
  if (now.monotonic < line.quiet_until) {
    ++line.left_out;
    return;
  }
  line.quiet_until = now.monotonic + kPause;
  if (line.left_out == 0) {
    host_.message(level, target_, text);
  } else {
    host_.message(level, target_,
                  text + " (" + std::to_string(line.left_out) + " more like this left out)");
  }
  line.left_out = 0;
}

void Sink::note_error(const Now& now, const std::string& text) {
  troubled_ = true;
  counters_.last_error.publish(std::make_shared<const std::string>(text));
  reporter_.tell(now, WriterHost::Level::warning, spec_.name + ": " + text);
}

std::unique_ptr<Sink> make_sink(Sink::Setup setup) {
  switch (setup.spec.kind) {
    case TargetKind::tcp:
    case TargetKind::unix_socket:
      return std::make_unique<StreamSink>(std::move(setup));
    case TargetKind::file:
    case TargetKind::standard_output:
      return std::make_unique<FileSink>(std::move(setup));
    case TargetKind::discard:
    case TargetKind::url:  // made by who knows HTTP
    case TargetKind::bus:
      break;
  }
  return std::make_unique<DiscardSink>(std::move(setup));
}

}  // namespace weir
