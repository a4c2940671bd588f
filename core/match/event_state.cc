#include "core/match/event_state.h"

#include <algorithm>

namespace weir::engine {
namespace {

template <typename T>
void grow(std::vector<T>& list, std::size_t size) {
  if (list.size() < size) list.resize(size);
}

}  // namespace

void EventState::fit(const Tables& tables) {
  grow(tests_, tables.test_count);
  grow(paths_, tables.matchers.size());
  grow(exclusions_, tables.exclusion_count);
  grow(fired_stamp_, tables.conditions.size());
  grow(wildcards_.next, tables.wildcards.nodes);
  grow(wildcards_.waiting, tables.wildcards.pieces);
  grow(wildcards_.bits, tables.wildcards.words);
  grow(wildcards_.due, tables.wildcards.ring);
}

void EventState::start(const Tables& tables) {
  tables_ = &tables;
  other_ = nullptr;
  if (++event_ == 0) {
    // The stamps have gone round once; forget them all.
    std::ranges::fill(tests_, 0);
    std::ranges::fill(paths_, PathState{});
    std::ranges::fill(exclusions_, ExclusionState{});
    std::ranges::fill(fired_stamp_, 0);
    event_ = 1;
    ++round_;
  }
  any_bound_ = false;
  wildcards_.steps_left = static_cast<std::int64_t>(tables.wildcard_steps_max);
  fired_.clear();
  present_.clear();
  touched_.clear();
  occurrences_.clear();
  hits_.clear();
  array_ends_.clear();
  elements_.resize(1);  // kFree
}

void EventState::add_string(std::uint32_t path, std::uint32_t element, std::string_view text) {
  if (other_ != nullptr) [[unlikely]] {
    const std::uint32_t there = (*other_paths_)[path];
    if (there != kNone) other_->add_string(there, element, text);
    if (!reads(path)) return;
  }
  add(path, element);
  tables_->matchers[path].find_string(text, wildcards_, [this](std::uint32_t t) { hit(t); });
}

void EventState::add_number(std::uint32_t path, std::uint32_t element, std::string_view text) {
  if (other_ != nullptr) [[unlikely]] {
    const std::uint32_t there = (*other_paths_)[path];
    if (there != kNone) other_->add_number(there, element, text);
    if (!reads(path)) return;
  }
  add(path, element);
  find_number(path, text);
}

void EventState::find_number(std::uint32_t path, std::string_view text) {
  tables_->matchers[path].find_number(text, [this](std::uint32_t t) { hit(t); });
}

void EventState::add_literal(std::uint32_t path, std::uint32_t element, char first) {
  if (other_ != nullptr) [[unlikely]] {
    const std::uint32_t there = (*other_paths_)[path];
    if (there != kNone) other_->add_literal(there, element, first);
    if (!reads(path)) return;
  }
  add(path, element);
  const ValueMatcher& matcher = tables_->matchers[path];
  const std::uint32_t test = first == 't'   ? matcher.true_test()
                             : first == 'f' ? matcher.false_test()
                                            : matcher.null_test();
  if (test != kNone) hit(test);
}

}  // namespace weir::engine
