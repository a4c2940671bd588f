#include "core/ingest/stream_intake.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/give_back.h"

namespace weir {
namespace {

// A foreign protocol shows itself in its first few bytes.
constexpr std::size_t kForeignBytes = 16;

bool has_line_end(std::string_view bytes) {
  return bytes.find('\n') != std::string_view::npos;
}

}  // namespace

void StreamIntake::open(BlockFiller& filler, const IntakeContext& context, SourceId source,
                        std::string label) {
  WEIR_CHECK(phase_ == Phase::ended);
  filler_ = &filler;
  context_ = &context;
  stream_ = {};
  stream_.origin = new Origin;
  stream_.origin->source = source;
  stream_.origin->label = std::move(label);
  stream_.origin->refs.reset(1);
  stream_.bus = context.sources[source.value].bus;
  stream_.event_bytes_limit = context.sources[source.value].event_bytes_limit;
  complaint_.clear();
  phase_ = Phase::undecided;
  decided_at_end_ = false;
  skip_bytes_ = 0;
  skip_records_ = 0;
}

void StreamIntake::resume_at(const FileMark& mark) {
  WEIR_CHECK(phase_ == Phase::undecided && stream_.file != nullptr);
  stream_.origin->lines = mark.lines;
  stream_.file->offset = mark.offset;
  skip_bytes_ = mark.offset;
  if (mark.offset == 0) skip_records_ = mark.lines;
}

bool StreamIntake::received(Block* block, std::uint32_t bytes, const Now& now) {
  const std::string_view view(block->receive_area().data(), bytes);
  if (phase_ == Phase::undecided && head_.empty() && !decide(view, false)) {
    head_.assign(view);
    filler_->put_back(block);
    return true;
  }
  if (phase_ == Phase::lines && head_.empty()) {
    return filler_->received(stream_, block, bytes, now);
  }
  input_block_ = block;
  return take(view, now);
}

bool StreamIntake::append(std::string_view bytes, const Now& now) {
  return take(bytes, now);
}

bool StreamIntake::take(std::string_view bytes, const Now& now) {
  WEIR_CHECK(input_.empty());
  input_ = bytes;
  if (phase_ == Phase::undecided) {
    head_.append(bytes);
    give_back();
    if (!decide(head_, false)) return true;
    input_ = head_;
  }
  return resume(now);
}

bool StreamIntake::resume(const Now& now) {
  switch (phase_) {
    case Phase::lines:
      return take_lines(now);
    case Phase::records:
      return take_records(now);
    case Phase::foreign:
      give_back();
      return !BlockFiller::stuck(stream_) || filler_->resume(stream_, now);
    case Phase::undecided:
    case Phase::ended:
      return true;
  }
  return true;
}

bool StreamIntake::take_lines(const Now& now) {
  if (!filler_->resume(stream_, now)) return false;
  const std::size_t skipped = std::min<std::uint64_t>(skip_bytes_, input_.size());
  input_.remove_prefix(skipped);
  skip_bytes_ -= skipped;
  if (!input_.empty()) {
    input_.remove_prefix(filler_->append(stream_, input_, now));
    if (!input_.empty() || BlockFiller::stuck(stream_)) return false;
  }
  give_back();
  return true;
}

bool StreamIntake::take_records(const Now& now) {
  if (!input_.empty()) splitter_->feed(std::exchange(input_, {}));
  while (true) {
    if (!filler_->resume(stream_, now)) return false;
    if (skip_records_ > 0 && item_.kind != RecordSplitter::Kind::more) {
      --skip_records_;
    } else if (item_.kind == RecordSplitter::Kind::line) {
      if (!filler_->add_line(stream_, item_.line, now)) return false;
    } else if (item_.kind == RecordSplitter::Kind::refused) {
      const bool recorded = filler_->refuse(stream_, item_.reason, now);
      item_ = {};
      if (!recorded) return false;
    }
    item_ = splitter_->next();
    if (item_.kind == RecordSplitter::Kind::more) break;
  }
  give_back();
  return true;
}

// The bytes of the last read are all taken, or not wanted.
void StreamIntake::give_back() {
  input_ = {};
  if (input_block_ != nullptr) filler_->put_back(std::exchange(input_block_, nullptr));
  if (phase_ != Phase::undecided) weir::give_back(head_);
}

bool StreamIntake::end(bool reset, const Now& now) {
  if (phase_ == Phase::undecided) {
    decide(head_, true);
    input_ = head_;
  }
  if (!resume(now)) return false;
  if (phase_ == Phase::records && !decided_at_end_) {
    decided_at_end_ = true;
    item_ = splitter_->finish();
    if (item_.kind == RecordSplitter::Kind::refused && skip_records_ == 0) {
      item_.kind = RecordSplitter::Kind::more;
      if (!filler_->refuse(stream_, item_.reason, now)) return false;
    }
  }
  return phase_ == Phase::foreign || filler_->end(stream_, reset, now);
}

void StreamIntake::drop() {
  if (phase_ == Phase::ended) return;
  phase_ = Phase::ended;
  give_back();
  filler_->drop(stream_);
  splitter_.reset();
  item_ = {};
  release(std::exchange(stream_.origin, nullptr));
}

// Decides by the first bytes, if they suffice.
bool StreamIntake::decide(std::string_view first, bool complete) {
  const IntakeContext::Source& source = context_->sources[stream_.origin->source.value];
  switch (source.format) {
    case SourceFormat::ndjson:
      return decide_lines(first, complete);
    case SourceFormat::flow_log:
      return decide_flow_log(first, complete);
    case SourceFormat::cloudtrail:
      begin_records(RecordMode::json);
      return true;
    case SourceFormat::automatic:
      break;
  }
  const Detection detection = detect_format(first, complete);
  switch (detection.format) {
    case StreamFormat::undecided:
      return false;
    case StreamFormat::ndjson:
      phase_ = Phase::lines;
      return true;
    case StreamFormat::flow_log:
      return decide_flow_log(first, complete);
    case StreamFormat::records:
      begin_records(RecordMode::json);
      return true;
    case StreamFormat::wrapped_flow_log:
      stream_.origin->layout =
          source.layout != nullptr ? source.layout : context_->layouts->default_v2();
      begin_records(RecordMode::flow_log);
      return true;
    case StreamFormat::foreign:
      begin_foreign("this is " + std::string(detection.foreign) + ", not events");
      return true;
  }
  return true;
}

bool StreamIntake::decide_lines(std::string_view first, bool complete) {
  const std::size_t start = first.find_first_not_of(" \t\r\n");
  const bool object = start != std::string_view::npos && first[start] == '{';
  if (!object) {
    const std::string_view foreign = foreign_protocol(first);
    if (!foreign.empty()) {
      begin_foreign("this is " + std::string(foreign) + ", not JSON lines");
      return true;
    }
    if (!complete && first.size() < kForeignBytes && !has_line_end(first)) return false;
  }
  phase_ = Phase::lines;
  return true;
}

// A header line tells the layout; it stays in the text, where the Router passes over it.
bool StreamIntake::decide_flow_log(std::string_view first, bool complete) {
  const std::string_view foreign = foreign_protocol(first);
  if (!foreign.empty()) {
    begin_foreign("this is " + std::string(foreign) + ", not flow-log lines");
    return true;
  }
  const IntakeContext::Source& source = context_->sources[stream_.origin->source.value];
  stream_.origin->layout =
      source.layout != nullptr ? source.layout : context_->layouts->default_v2();
  // Lines inside JSON, as CloudWatch and Firehose deliver them.
  const std::size_t start = first.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && (first[start] == '{' || first[start] == '[')) {
    begin_records(RecordMode::flow_log);
    return true;
  }
  if (!complete && !has_line_end(first) && first.size() < kDetectBytesMax) return false;
  const std::string_view line = first.substr(0, first.find('\n'));
  if (FlowLogLayout::is_header(line)) {
    const auto layout = context_->layouts->intern_header(line);
    if (!layout) {
      begin_foreign(layout.error().message);
      return true;
    }
    stream_.origin->layout = *layout;
  }
  phase_ = Phase::lines;
  return true;
}

void StreamIntake::begin_records(RecordMode mode) {
  if (context_->sources[stream_.origin->source.value].acks) {
    begin_foreign("wrapped records have no lines to acknowledge: send an event a line");
    return;
  }
  splitter_ = std::make_unique<RecordSplitter>(stream_.event_bytes_limit, mode);
  item_ = {};
  phase_ = Phase::records;
}

void StreamIntake::begin_foreign(std::string complaint) {
  complaint_ = std::move(complaint);
  stream_.refusal_due = RefuseReason::foreign;
  phase_ = Phase::foreign;
}

}  // namespace weir
