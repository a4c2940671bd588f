#include "io/files/stream_reader.h"

#include <cerrno>

#include "io/files/file_progress.h"

namespace weir {

Error damage_fault(const std::string& label, const std::string& damage, std::uint64_t offset) {
  return read_fault(label, damage + " at byte " + std::to_string(offset));
}

std::uint64_t leave_out(const Input& input, const Decoder& decoder, ByteSink& sink) {
  if (!input.regular() || !decoder.plain()) return 0;
  const std::uint64_t position = input.position();
  const std::uint64_t size = input.size();
  const std::uint64_t bytes = sink.leave_out(size > position ? size - position : 0);
  if (bytes > 0) input.pass_over(bytes);
  return bytes;
}

std::optional<Error> read_stream(const Input& input, ByteSink& sink, const StopLine& stop,
                                 std::vector<char>& buffer, std::span<const FileMark> marks) {
  FileProgress progress(input, sink, marks);
  Decoder decoder([&sink](std::span<const char> bytes) { return sink.consume(bytes); });
  std::optional<Error> error;
  DecodeOutcome outcome = DecodeOutcome::going_on;
  while (outcome == DecodeOutcome::going_on) {
    if (!input.ready()) sink.idle();
    const std::int64_t count = input.read(buffer, stop);
    if (count == -ECANCELED) break;
    if (count < 0) {
      error = read_fault(input.label(), static_cast<int>(-count));
      break;
    }
    if (count == 0) {
      outcome = decoder.finish();
      break;
    }
    const auto bytes = std::span(buffer).first(static_cast<std::size_t>(count));
    progress.read(bytes);
    outcome = decoder.feed(bytes);
    leave_out(input, decoder, sink);
  }
  if (outcome == DecodeOutcome::damaged) {
    error = damage_fault(input.label(), decoder.damage(), decoder.damage_offset());
  }
  if (error.has_value()) sink.fail(*error);
  sink.end();
  return error;
}

}  // namespace weir
