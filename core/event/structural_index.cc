#include "core/event/structural_index.h"

#include <simdjson.h>

#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "core/event/block_scan.h"
#include "core/rule/json_text.h"

namespace weir {

struct StructuralIndex::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;

void StructuralIndex::make_room(std::size_t text_size) {
  WEIR_CHECK(text_size > 0 && text_size < kNoPosition);
  count_ = 0;
  escapes_.clear();
  bad_escapes_.clear();
  // One token a byte, and a whole block stored behind the last.
  const std::size_t room = text_size + 64 + kSentinels;
  if (room <= room_) return;
  room_ = std::bit_ceil(room);
  bytes_ = std::make_unique_for_overwrite<char[]>(room_);
  positions_ = std::make_unique_for_overwrite<std::uint32_t[]>(room_);
}

bool StructuralIndex::finish(std::string_view text) {
  for (std::size_t i = count_; i < count_ + kSentinels; ++i) {
    bytes_[i] = '\0';
    positions_[i] = static_cast<std::uint32_t>(text.size() - 1);
  }
  escapes_.push_back(kNoPosition);
  bad_escapes_.push_back(kNoPosition);
  return true;
}

bool StructuralIndex::build(std::string_view text, LineEnds line_ends) {
#ifdef WEIR_BLOCK_SCAN
  WEIR_CHECK(!text.empty() && text.back() == '\n');
  make_room(text.size());
  BlockScan scan(*this, text, line_ends);
  if (!scan.run()) return false;
  if (!scan.all_ascii() && !simdjson::validate_utf8(text.data(), text.size())) return false;
  return finish(text);
#else
  return build_portably(text, line_ends);
#endif
}

bool StructuralIndex::build_portably(std::string_view text, LineEnds line_ends) {
  WEIR_CHECK(!text.empty() && text.back() == '\n');
  make_room(text.size());
  auto& stages = parser_->stages;
  if (!stages || stages->capacity() < text.size()) {
    const std::size_t capacity = std::bit_ceil(text.size() < 4096 ? 4096 : text.size());
    const auto failure = simdjson::get_active_implementation()->create_dom_parser_implementation(
        capacity, 1, stages);
    WEIR_CHECK(failure == simdjson::SUCCESS);
  }
  const auto failure = stages->stage1(reinterpret_cast<const std::uint8_t*>(text.data()),
                                      text.size(), simdjson::stage1_mode::regular);
  if (failure != simdjson::SUCCESS && failure != simdjson::EMPTY) return false;
  const bool lines = line_ends == LineEnds::tokens;
  std::size_t line_end = lines ? text.find('\n') : text.size();
  const auto add_line_ends = [&](std::size_t before) {
    for (; line_end < before; line_end = std::min(text.find('\n', line_end + 1), text.size())) {
      add(text, line_end);
    }
  };
  const std::uint32_t* found = stages->structural_indexes.get();
  for (std::size_t i = 0; i < stages->n_structural_indexes; ++i) {
    add_line_ends(found[i]);
    add(text, found[i]);
  }
  add_line_ends(text.size());
  list_escapes(text);
  return finish(text);
}

void StructuralIndex::add_escape(std::string_view text, std::size_t position) {
  const char* p = text.data() + position;
  bool good = false;
  switch (p[1]) {  // there is a line end at the latest
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      good = true;
      break;
    case 'u':
      good = text.size() - position > 6 && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0 &&
             hex_value(p[4]) >= 0 && hex_value(p[5]) >= 0;
      break;
    default:
      break;
  }
  escapes_.push_back(static_cast<std::uint32_t>(position));
  if (!good) bad_escapes_.push_back(static_cast<std::uint32_t>(position));
}

void StructuralIndex::list_escapes(std::string_view text) {
  for (std::size_t p = text.find('\\'); p < text.size(); p = text.find('\\', p + 2)) {
    add_escape(text, p);
  }
}

}  // namespace weir
