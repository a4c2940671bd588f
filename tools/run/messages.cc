#include "tools/run/messages.h"

#include <fmt/format.h>

#include "io/ring/clock.h"

namespace weir {
namespace {

constexpr std::size_t kExcerptBytesMax = 80;

std::string held_back_note(std::uint64_t held_back) {
  return held_back == 0 ? "" : fmt::format(" ({} more like it were not shown)", held_back);
}

// The start of a refused line, fit for a terminal: control and non-ASCII bytes become dots.
std::string excerpt(std::string_view text) {
  std::string shown(text.substr(0, kExcerptBytesMax));
  for (char& c : shown) {
    if (c < 0x20 || c == 0x7f) c = '.';
  }
  if (text.size() > kExcerptBytesMax) shown += "...";
  return shown;
}

std::int64_t now_ns() {
  return read_clock().monotonic.since_start.count();
}

}  // namespace

Result<std::unique_ptr<Messages>> Messages::create(Console& console, const Catalog& catalog,
                                                   TargetName target_name) {
  std::unique_ptr<Messages> messages(new Messages(console, std::move(target_name)));
  for (const SourceSpec& source : catalog.sources) {
    SourceState state;
    state.name = source.name;
    if (!source.rejects.empty()) {
      auto rejects = RejectsFile::open(source.rejects);
      if (!rejects) return Error{"source " + source.name + ": " + rejects.error().message};
      state.rejects = std::move(rejects).value();
    }
    messages->sources_.push_back(std::move(state));
  }
  for (const BusSpec& bus : catalog.buses) messages->buses_.push_back(bus.name);
  return messages;
}

Messages::Messages(Console& console, TargetName target_name)
    : console_(console),
      target_name_(std::move(target_name)),
      compressor_(std::make_unique<Compressor>(
          [&console](const std::string& path, const Result<std::string>& result) {
            if (!result) {
              console.warn(fmt::format("cannot compress {}: {}", path, result.error().message));
            }
          })) {}

void Messages::problem(SourceId source, const std::string& what) {
  const std::lock_guard lock(mutex_);
  SourceState& state = sources_[source.value];
  std::uint64_t held_back = 0;
  if (!state.problems.allow(now_ns(), held_back)) return;
  console_.warn(fmt::format("source {}: {}{}", state.name, what, held_back_note(held_back)));
}

void Messages::file_problem(SourceId source, const std::string& what) {
  const std::lock_guard lock(mutex_);
  console_.warn(fmt::format("source {}: {}", sources_[source.value].name, what));
}

void Messages::refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
                       std::uint32_t error_offset, std::string_view text) {
  const std::lock_guard lock(mutex_);
  SourceState& state = sources_[origin.source.value];
  if (state.rejects != nullptr && !text.empty()) state.rejects->add(text);
  std::uint64_t held_back = 0;
  if (!state.refusals.allow(now_ns(), held_back)) return;
  std::string where = fmt::format("{}:{}", origin.label, line);
  if (!text.empty()) where += fmt::format(":{}", error_offset + 1);
  console_.warn(fmt::format("source {}: {}: refused, {}{}{}", state.name, where, to_string(reason),
                            text.empty() ? "" : ": " + excerpt(text), held_back_note(held_back)));
}

void Messages::message(Level level, TargetId target, std::string_view text) {
  const std::string line = fmt::format("target {}: {}", target_name_(target), text);
  if (level == Level::warning) {
    console_.warn(line);
  } else {
    console_.note(line);
  }
}

void Messages::file_finished(const FinishedFile& file) {
  if (file.compress != Compression::none) compressor_->add(file.path, file.compress);
}

void Messages::log_message(BusId bus, std::string_view text) {
  if (bus.value < buses_.size()) {
    console_.warn(fmt::format("bus {}: {}", buses_[bus.value], text));
  } else {
    console_.warn(text);
  }
}

void Messages::close() {
  compressor_.reset();  // finishes what is queued
  for (SourceState& state : sources_) {
    if (state.rejects != nullptr && state.rejects->lost() > 0) {
      console_.warn(fmt::format("source {}: {} refused lines could not be kept in the rejects file",
                                state.name, state.rejects->lost()));
    }
    state.rejects.reset();
  }
}

}  // namespace weir
