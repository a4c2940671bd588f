#include "core/port/event_batch.h"

#include <array>
#include <limits>

#include "core/base/check.h"

namespace weir {
namespace {

std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t length = bytes_max;
  // Not inside a UTF-8 character.
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return text.substr(0, length);
}

}  // namespace

std::string_view to_string(Exhausted condition) {
  switch (condition) {
    case Exhausted::retries:
      return "MaximumRetryAttempts";
    case Exhausted::age:
      return "MaximumEventAgeInSeconds";
    case Exhausted::none:
      break;
  }
  return "";
}

void EventBatch::clear() {
  text_.clear();
  entries_.clear();
}

void EventBatch::add(const StoredEvent& event) {
  const std::array<std::string_view, kTexts> texts = {
      event.target,    event.from,       event.bus,
      event.event,     event.event_id,   event.rules,
      event.order_key, event.error_code, cut_text(event.error_message, kErrorBytesMax),
      event.letter};
  Entry& entry = entries_.emplace_back();
  entry.fixed = event;
  entry.fixed.target = entry.fixed.from = entry.fixed.bus = entry.fixed.event =
      entry.fixed.event_id = {};
  entry.fixed.rules = entry.fixed.order_key = entry.fixed.error_code = {};
  entry.fixed.error_message = entry.fixed.letter = {};
  entry.begin = text_.size();
  for (std::size_t i = 0; i < kTexts; ++i) {
    WEIR_CHECK(texts[i].size() <= std::numeric_limits<std::uint32_t>::max());
    entry.lengths[i] = static_cast<std::uint32_t>(texts[i].size());
    text_.append(texts[i]);
  }
}

StoredEvent EventBatch::at(std::size_t index) const {
  const Entry& entry = entries_[index];
  StoredEvent event = entry.fixed;
  const char* at = text_.data() + entry.begin;
  std::size_t i = 0;
  for (std::string_view* text :
       {&event.target, &event.from, &event.bus, &event.event, &event.event_id, &event.rules,
        &event.order_key, &event.error_code, &event.error_message, &event.letter}) {
    *text = {at, entry.lengths[i]};
    at += entry.lengths[i++];
  }
  return event;
}

}  // namespace weir
