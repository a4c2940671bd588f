#include "tools/log/log_line.h"

#include "core/wire/dead_letter.h"
#include "core/wire/json_text.h"

namespace weir {
namespace {

std::string_view source_at(const RecordView& record, std::uint32_t offset, SourceImage& image) {
  for (std::uint32_t i = 0; i < record.header.spans; ++i) {
    const auto span = RecordView::at<SpanImage>(record.spans, i);
    if (offset < span.begin || offset >= span.end) continue;
    if (span.source >= record.source_images.size()) break;
    return decode_source(record.source_images[span.source], image) ? image.name : "";
  }
  return "";
}

void append_targets(std::string& out, const RecordView& record, std::uint32_t set) {
  out += ",\"targets\":[";
  if (set < record.header.sets) {
    const auto begin = RecordView::at<std::uint32_t>(record.sets, set);
    const auto end = RecordView::at<std::uint32_t>(record.sets, set + 1);
    for (std::uint32_t i = begin; i < end && i < record.header.set_targets; ++i) {
      const auto name = RecordView::at<std::uint16_t>(record.set_targets, i);
      if (name >= record.target_names.size()) continue;
      if (out.back() != '[') out += ',';
      out.append("\"").append(json_escaped(record.target_names[name])).append("\"");
    }
  }
  out += ']';
}

}  // namespace

void append_log_event(std::string& out, const std::string& bus, const RecordView& record,
                      std::uint32_t index) {
  const auto event = RecordView::at<EventEntry>(record.events, index);
  SourceImage image;
  const std::string_view source = source_at(record, event.offset, image);
  const std::string_view data = record.text.substr(event.offset, event.length);
  out.append("{\"bus\":\"").append(json_escaped(bus));
  out.append("\",\"block\":").append(std::to_string(record.header.sequence));
  out.append(",\"event\":").append(std::to_string(index)).append(",\"received\":\"");
  out.append(format_time({Nanoseconds(record.header.received_ns)}));
  out.append("\",\"source\":\"").append(json_escaped(source)).append("\"");
  append_targets(out, record, event.set);
  if (data.find_first_not_of(" \t") != std::string_view::npos &&
      data[data.find_first_not_of(" \t")] == '{') {
    out.append(",\"data\":").append(data).append("}");
  } else {
    out.append(",\"data\":\"").append(json_escaped(data)).append("\"}");
  }
}

}  // namespace weir
