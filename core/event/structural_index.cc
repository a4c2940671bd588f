#include "core/event/structural_index.h"

#include <simdjson.h>

#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "core/rule/json_text.h"

namespace weir {

struct StructuralIndex::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;

bool StructuralIndex::build(std::string_view text) {
  WEIR_CHECK(!text.empty() && text.back() == '\n');
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
  // A sentinel that no grammar accepts, so that a walk needs no bounds check.
  std::uint32_t* behind = stages->structural_indexes.get() + stages->n_structural_indexes;
  last_position_ = static_cast<std::uint32_t>(text.size() - 1);
  behind[0] = behind[1] = behind[2] = last_position_;
  tokens_ = stages->structural_indexes.get();
  list_escapes(text);
  return true;
}

void StructuralIndex::list_escapes(std::string_view text) {
  escapes_.clear();
  bad_escapes_.clear();
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* p = begin;
  for (;;) {
    p = static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
    if (p == nullptr) break;
    escapes_.push_back(static_cast<std::uint32_t>(p - begin));
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
        good = end - p > 6 && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0 &&
               hex_value(p[4]) >= 0 && hex_value(p[5]) >= 0;
        break;
      default:
        break;
    }
    if (!good) bad_escapes_.push_back(escapes_.back());
    p += 2;
    if (p >= end) break;
  }
  escapes_.push_back(kNoPosition);
  bad_escapes_.push_back(kNoPosition);
}

}  // namespace weir
